// Where a request goes: rules, power levels, strategies, users' wishes, own keys, circuits and the
// explanation of it all, as its client and its admin see them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { PricedProvider } from './lib/priced_provider.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

const priced = (name, model, url, usd_per_million, more = {}) =>
  deployment(name, 'hosted_vllm', model, `${url}/v1`, {
    input_cost_per_token: usd_per_million / 1e6, output_cost_per_token: usd_per_million / 1e6,
    ...more });

const routing = {
  backoff_first: '10ms',
  power_levels: { eco: { ceiling: 0.002, preferred: [] } },
  rules: [
    { name: 'refactor', match: { prompt: 'refactor*' }, use: { model: 'cheap' } },
    { name: 'long', match: { tokens: '>20000' }, use: { models: ['large', 'cheap'] } },
    { name: 'tools-by-cost', match: { has_tools: true, model: 'any-of-them' },
      use: { models: ['dear', 'cheap', 'large'], strategy: 'cost' } },
    { name: 'vip', match: { header: { 'x-team': 'vip' } }, use: { model: 'dear' } },
    { name: 'tagged', match: { tag: 'nightly*' }, use: { model: 'large' } },
    { name: 'people', match: { team: 'night-shift' }, use: { model: 'dear' } },
    { name: 'short', match: { header: { 'x-short': '*' } }, use: { model: 'large' },
      max_output_tokens: 7 },
    { name: 'by-name-only', match: { model: 'nobody-asks-for-this' }, use: { model: 'large' } },
  ],
};

describe('routing', () => {
  let provider;
  let failing;
  let gateway;
  before(async () => {
    provider = await PricedProvider.start();
    failing = await PricedProvider.start();
    gateway = await Tollgate.start({
      model_list: [
        priced('cheap', 'cheap-model', provider.url, 1),
        priced('dear', 'dear-model', provider.url, 50),
        priced('large', 'large-model', provider.url, 5),
        priced('any-of-them', 'usual-model', provider.url, 10),
        priced('shaky', 'shaky-model', failing.url, 1),
        priced('shaky', 'steady-model', provider.url, 1),
        priced('homes', 'home-1', provider.url, 3, { cache_read_input_token_cost: 3e-7 }),
        priced('homes', 'home-2', provider.url, 3, { cache_read_input_token_cost: 3e-7 }),
        priced('twice', 'coder', provider.url, 4), priced('pair', 'coder', failing.url, 1),
      ],
      routing,
    });
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
    await failing?.stop();
  });

  const ask = async (model, { content = 'hi', headers = {}, key, ...more } = {}) => {
    const response = await gateway.fetch('/v1/chat/completions', { headers, key,
      json: { model, max_tokens: 10, messages: [{ role: 'user', content }], ...more } });
    const text = await response.text();
    return { status: response.status, text, route: response.headers.get('x-tollgate-route'),
      model: response.headers.get('x-tollgate-model') };
  };
  const explain = async (body) => (await admin(gateway, 'POST', '/api/v1/llm/routing/explain',
    { status: 200, json: body })).body;

  test('the first rule that fits decides, and the answer says which', async () => {
    assert.deepEqual([(await ask('any-of-them', { content: 'Refactor this' })).model,
      (await ask('any-of-them')).model], ['hosted_vllm/cheap-model', 'hosted_vllm/usual-model']);
    const long = await ask('any-of-them', { content: 'word '.repeat(30000) });
    assert.equal(long.model, 'hosted_vllm/large-model');
    assert.match(long.route, /^long\//);
    const vip = await ask('any-of-them', { headers: { 'x-team': 'vip' } });
    assert.equal(vip.model, 'hosted_vllm/dear-model');
  });

  test('a strategy of a rule orders its models', async () => {
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
    const answer = await ask('any-of-them', { tools });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.model, 'hosted_vllm/cheap-model');
    assert.equal(answer.route, 'tools-by-cost/cost');
  });

  test('a rule can be asked for by its name; an unknown name says which there are', async () => {
    const named = await ask('cheap', { headers: { 'x-tollgate-route': 'by-name-only' } });
    assert.equal(named.model, 'hosted_vllm/large-model');
    const unknown = await ask('cheap', { headers: { 'x-tollgate-route': 'nope' } });
    assert.equal(unknown.status, 400);
    assert.match(unknown.text, /by-name-only/);
  });

  test('tags of a request and names of teams meet rules', async () => {
    const tagged = await ask('any-of-them', { headers: { 'x-tollgate-tags': 'a, nightly-build' } });
    assert.equal(tagged.model, 'hosted_vllm/large-model');
    const { body: tenant } = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
      json: { name: 'named' } });
    const { body: team } = await admin(gateway, 'POST', '/api/v1/teams', { status: 201,
      json: { tenant: tenant.id, name: 'night-shift' } });
    const { body: key } = await admin(gateway, 'POST', '/api/v1/keys', { status: 201,
      json: { tenant: tenant.id, team: team.id } });
    assert.equal((await ask('cheap', { key: key.key })).model, 'hosted_vllm/dear-model');
  });

  test('a rule that is asked for by name opens no model to a key', async () => {
    const { body: tenant } = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
      json: { name: 'bounded' } });
    const { body: key } = await admin(gateway, 'POST', '/api/v1/keys', { status: 201,
      json: { tenant: tenant.id, allowed_models: ['cheap'] } });
    assert.equal((await ask('cheap', { key: key.key })).status, 200);
    const led = await ask('cheap', { key: key.key, headers: { 'x-tollgate-route': 'vip' } });
    assert.equal(led.status, 403, led.text);
    assert.match(led.text, /dear/);
    // Where the rule applies by itself it is the admin's decision.
    assert.equal((await ask('cheap', { key: key.key, headers: { 'x-team': 'vip' } })).model,
      'hosted_vllm/dear-model');
  });

  test('a rule bounds the output of its requests', async () => {
    let sent = '';
    provider.seen = (body) => { sent = body; };
    const answer = await ask('any-of-them', { headers: { 'x-short': '1' }, max_tokens: 500 });
    provider.seen = undefined;
    assert.equal(answer.model, 'hosted_vllm/large-model');
    assert.equal(JSON.parse(sent).max_tokens, 7);
  });

  test('a power level lets all deployments of the model compete', async () => {
    const eco = await ask('twice', { headers: { 'x-power-level': 'eco' } });
    assert.equal(eco.status, 200, eco.text);
    assert.equal(eco.route, 'default/balanced');
    const bad = await ask('twice', { headers: { 'x-power-level': 'turbo' } });
    assert.equal(bad.status, 400);
    assert.match(bad.text, /eco, balanced or precision/);
    const auto = await ask('claude-eco');
    assert.equal(auto.status, 200, auto.text);
    assert.match(auto.model, /cheap-model|shaky-model|steady-model|coder/);
  });

  test('a deployment that keeps failing is left alone, and comes back', async () => {
    failing.status = 500;
    const before_calls = failing.calls;
    for (let i = 0; i < 30; i += 1) {
      const answer = await ask('shaky');
      assert.equal(answer.status, 200, answer.text);
    }
    const tried = failing.calls - before_calls;
    assert.ok(tried >= 5 && tried <= 8, `${tried} attempts went to the failing one`);
    const metrics = await (await fetch(gateway.metrics_url ?? `${gateway.url}/metrics`)).text()
      .catch(() => '');
    if (metrics) assert.match(metrics, /tollgate_circuit_open\{[^}]*shaky-model[^}]*\} 1/);
    failing.status = 200;
    await until(async () => (await ask('shaky')).model === 'hosted_vllm/shaky-model',
      'the circuit closed again', 15000);
  });

  test('explain says what would happen and why, and sends nothing', async () => {
    const calls = provider.calls;
    const told = await explain({ model: 'any-of-them', prompt: 'refactor the parser' });
    assert.equal(told.rule, 'refactor');
    assert.equal(told.order[0].name, 'hosted_vllm/cheap-model');
    assert.equal(told.order[0].circuit, 'closed');
    const other = await explain({ model: 'any-of-them', messages: [
      { role: 'user', content: 'What is the capital of France?' }] });
    assert.equal(other.rule, undefined);
    assert.ok(other.rules.some((one) => one.rule === 'refactor' && /prompt/.test(one.failed)));
    assert.ok(other.order[0].cost > 0 && other.order[0].score !== undefined);
    assert.equal(provider.calls, calls);
  });

  test('a conversation stays where its prompt is cached, others take turns', async () => {
    provider.usage = { prompt_tokens: 4000, completion_tokens: 10,
      prompt_tokens_details: { cached_tokens: 3000 } };
    const turns = async (session) => {
      const seen = new Set();
      for (let i = 0; i < 6; i += 1) {
        const answer = await ask('homes', { content: `turn ${i} of ${session}`,
          headers: { 'x-claude-code-session-id': session } });
        assert.equal(answer.status, 200, answer.text);
        seen.add(answer.model);
      }
      return seen;
    };
    assert.equal((await turns('11111111-2222-4333-8444-555555555555')).size, 1);
    assert.equal((await turns('11111111-2222-4333-8444-666666666666')).size, 1);
    const others = new Set();
    for (let i = 0; i < 4; i += 1) {
      others.add((await ask('homes', { content: `a new question ${i}` })).model);
    }
    assert.equal(others.size, 2);
    provider.usage = { prompt_tokens: 1000, completion_tokens: 100 };
  });

  test('what a user sets for all requests holds', async () => {
    const { body: tenant } = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
      json: { name: 'wishes' } });
    const { body: user } = await admin(gateway, 'POST', '/api/v1/users', { status: 201,
      json: { tenant: tenant.id, name: 'ada' } });
    const { body: key } = await admin(gateway, 'POST', '/api/v1/keys', { status: 201,
      json: { tenant: tenant.id, user: user.id } });
    assert.equal((await ask('dear', { key: key.key })).status, 200);
    await admin(gateway, 'PUT', `/api/v1/llm/users/${user.id}/settings`, { status: 200,
      json: { power_level: 'balanced', preferences: { max_cost_per_request: 0.0001 } } });
    const refused = await ask('dear', { key: key.key, max_tokens: 1000 });
    assert.equal(refused.status, 403, refused.text);
    assert.match(refused.text, /dear-model/);
    const told = await explain({ model: 'dear', prompt: 'hi', user_id: user.id });
    assert.equal(told.power_level, 'balanced');
    assert.equal(told.power_level_source, 'user');
    assert.ok(told.excluded.length > 0 || told.order.length > 0);
  });
});
