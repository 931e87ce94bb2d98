// Tenants, keys, limits, budgets and money as their users see them: over HTTP, against a provider
// whose costs can be computed by hand.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { PricedProvider } from './lib/priced_provider.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

// 1,000 input tokens at 1 USD per million and 100 output tokens at 10: 0.002 USD a request.
const prices = { input_cost_per_token: 1e-6, output_cost_per_token: 1e-5 };
const cost_of_one = 0.002;

const config = (url, more = {}) => ({
  model_list: [deployment('priced', 'hosted_vllm', 'm', `${url}/v1`, prices),
    deployment('claude-sonnet-4-5', 'hosted_vllm', 'm', `${url}/v1`, prices),
    deployment('free', 'hosted_vllm', 'unknown-price', `${url}/v1`)],
  ...more });

const ask = (gateway, key, { path = '/v1/chat/completions', model = 'priced', stream = false,
  max_tokens = 100, headers, content = 'count' } = {}) => gateway.fetch(path, { key, headers,
  json: { model, stream, max_tokens, messages: [{ role: 'user', content }] } });

async function ask_json(gateway, key, options) {
  const response = await ask(gateway, key, options);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text,
    body: text.startsWith('{') ? JSON.parse(text) : undefined };
}

describe('governance', () => {
  let provider;
  let gateway;
  before(async () => {
    provider = await PricedProvider.start();
    gateway = await Tollgate.start(config(provider.url));
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
  });

  let names = 0;
  /** A tenant with a key, ready to be used. */
  async function tenant({ budget, key = {}, ...more } = {}) {
    names += 1;
    const { body } = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
      json: { name: `tenant-${names}`, key, ...(budget ? { budget } : {}), ...more } });
    await until(async () => (await gateway.fetch('/v1/models', { key: body.key.key })).status
      === 200, 'the key became valid', 2000);
    return { id: body.id, name: body.name, key: body.key.key, key_id: body.key.id,
      budget_id: body.budget?.id };
  }

  const requests_of = async (id) => (await admin(gateway, 'GET',
    `/api/v1/requests?tenant=${id}`, { status: 200 })).body.data;

  test('a tenant is ready in one call, and its first request passes and is recorded', async () => {
    const who = await tenant();
    assert.match(who.key, /^sk-tg-[0-9A-Za-z]{49}$/);
    const answer = await ask_json(gateway, who.key);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(Number(answer.headers.get('x-tollgate-cost')), cost_of_one);
    const rows = await until(async () => {
      const found = await requests_of(who.id);
      return found.length > 0 && found;
    }, 'the usage row came');
    assert.equal(rows.length, 1);
    assert.equal(rows[0].id ?? rows[0].request_id, answer.headers.get('x-request-id'));
    assert.equal(Number(rows[0].cost), cost_of_one);
  });

  test('the same cost stands in header, log, record and report, streamed too', async () => {
    const who = await tenant();
    await ask_json(gateway, who.key);
    const streamed = await ask_json(gateway, who.key, { stream: true });
    assert.match(streamed.text, /\[DONE\]/);
    const rows = await until(async () => {
      const found = await requests_of(who.id);
      return found.length === 2 && found;
    }, 'two usage rows came');
    for (const row of rows) assert.equal(Number(row.cost), cost_of_one);
    const logged = gateway.access_log.filter((line) => line.tenant === who.id);
    assert.deepEqual(logged.map((line) => Number(line.cost_usd)), [cost_of_one, cost_of_one]);
    const { body } = await admin(gateway, 'GET', `/api/v1/llm/usage?days=1&tenant=${who.id}`);
    assert.equal(body.total_requests, 2, JSON.stringify(body));
    assert.equal(Number(body.total_cost), 2 * cost_of_one);
  });

  test('a revoked key is refused within a second', async () => {
    const who = await tenant();
    assert.equal((await ask_json(gateway, who.key)).status, 200);
    await admin(gateway, 'DELETE', `/api/v1/keys/${who.key_id}`, { status: 200 });
    const refused = await until(async () => {
      const answer = await ask_json(gateway, who.key);
      return answer.status === 401 && answer;
    }, 'the key was refused', 1000);
    assert.match(refused.body.error.message, /revoked/);
  });

  test('a rotated key works beside its successor for the grace period', async () => {
    const who = await tenant();
    const { body } = await admin(gateway, 'POST', `/api/v1/keys/${who.key_id}/rotate`,
      { json: { grace: '1h' } });
    const fresh = body.key ?? body.secret;
    assert.ok(fresh && fresh !== who.key, JSON.stringify(body));
    await until(async () => (await ask_json(gateway, fresh)).status === 200, 'the new key worked',
      2000);
    assert.equal((await ask_json(gateway, who.key)).status, 200, 'the old one still works');
  });

  test('requests per minute stop exactly at the limit, naming it', async () => {
    const who = await tenant({ limits: { requests_per_minute: 5 } });
    const answers = [];
    for (let i = 0; i < 8; i += 1) answers.push(await ask_json(gateway, who.key));
    assert.deepEqual(answers.map((answer) => answer.status),
      [200, 200, 200, 200, 200, 429, 429, 429]);
    const last = answers[7];
    assert.equal(last.body.error.code, 'rate_limit_exceeded');
    assert.match(last.body.error.message, /5 requests per minute|requests per minute/);
    assert.ok(Number(last.headers.get('retry-after')) >= 1);
    assert.equal(answers[0].headers.get('x-ratelimit-limit-requests'), '5');
    assert.equal(answers[0].headers.get('x-ratelimit-remaining-requests'), '4');
  });

  test('concurrency slots are free again after every kind of end', async () => {
    const who = await tenant({ limits: { concurrent_requests: 3 } });
    let release;
    provider.gate = new Promise((resolve) => { release = resolve; });
    const running = [1, 2, 3].map(() => ask(gateway, who.key));
    await until(() => provider.open >= 3, 'three requests reached the provider');
    const refused = await ask_json(gateway, who.key);
    assert.equal(refused.status, 429, refused.text);
    const leaving = new AbortController();
    const left = ask(gateway, who.key, {}).catch(() => {});
    leaving.abort();
    release();
    provider.gate = undefined;
    for (const response of await Promise.all(running)) {
      assert.equal(response.status, 200);
      await response.arrayBuffer();
    }
    await left;
    provider.status = 500;
    for (let i = 0; i < 4; i += 1) await ask_json(gateway, who.key);
    provider.status = 200;
    for (let i = 0; i < 10; i += 1) {
      const controller = new AbortController();
      const gone = gateway.fetch('/v1/chat/completions', { key: who.key, signal: controller.signal,
        json: { model: 'priced', max_tokens: 5, messages: [{ role: 'user', content: 'x' }] } })
        .then((response) => response.arrayBuffer()).catch(() => {});
      controller.abort();
      await gone;
    }
    const together = await until(async () => {
      const all = await Promise.all([1, 2, 3].map(() => ask_json(gateway, who.key)));
      return all.every((answer) => answer.status === 200);
    }, 'all three slots were free', 5000);
    assert.ok(together);
  });

  test('500 concurrent requests on a budget worth 10: none beyond it', async () => {
    // The worst case of one: 1.12 x the estimate of its input, and 100 output tokens.
    const who = await tenant({ budget: { limit: 10 * cost_of_one, period: 'monthly' } });
    // As long as the provider says it was, so that what is held is what it will cost at most.
    const content = 'count the words of this ordinary sentence '.repeat(170);
    const before = provider.calls;
    const answers = await Promise.all(Array.from({ length: 500 }, () =>
      ask_json(gateway, who.key, { content })));
    const served = answers.filter((answer) => answer.status === 200).length;
    const stopped = answers.filter((answer) => answer.status === 402);
    assert.equal(served + stopped.length, 500,
      JSON.stringify([...new Set(answers.map((answer) => answer.text))].slice(0, 3)));
    assert.ok(served >= 1 && provider.calls - before === served);
    const { body } = await admin(gateway, 'GET', `/api/v1/budgets/${who.budget_id}`,
      { status: 200 });
    const state = body.state ?? body;
    assert.ok(Number(state.spent) <= 10 * cost_of_one + 1e-9, JSON.stringify(body));
    assert.equal(Number(state.held), 0, 'nothing is held when nobody runs');
    assert.equal(stopped[0].body.error.type, 'insufficient_credits');
    assert.match(stopped[0].body.error.message, /budget/i);
  });

  test('a spent budget is Claude Code\'s 429 that ends its retries', async () => {
    const who = await tenant({ budget: { limit: cost_of_one / 10, period: 'daily' } });
    const answer = await ask_json(gateway, who.key, { path: '/v1/messages' });
    assert.equal(answer.status, 429, answer.text);
    assert.equal(answer.body.error.type, 'billing_error');
    assert.equal(answer.headers.get('x-should-retry'), 'false');
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
    assert.equal(answer.headers.get('anthropic-ratelimit-unified-status'), null);
    const counted = await gateway.fetch('/v1/messages/count_tokens', { key: who.key,
      json: { model: 'priced', messages: [{ role: 'user', content: 'count' }] } });
    assert.equal(counted.status, 200, 'counting is never blocked by a budget');
  });

  test('a caller with a cap is told of it as Claude Code reads it', async () => {
    const who = await tenant({ budget: { limit: 1, period: 'monthly' } });
    await ask_json(gateway, who.key, { path: '/v1/messages' });
    const answer = await ask_json(gateway, who.key, { path: '/v1/messages' });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers.get('anthropic-ratelimit-unified-status'), 'allowed');
    assert.equal(answer.headers.get('anthropic-ratelimit-unified-representative-claim'),
      'seven_day');
    assert.ok(Number(answer.headers.get('anthropic-ratelimit-unified-7d-utilization')) > 0);
  });

  test('credits are used up and topped up', async () => {
    const who = await tenant();
    const { body: user } = await admin(gateway, 'POST', '/api/v1/users', { status: 201,
      json: { tenant: who.id, name: 'ada' } });
    const { body: key } = await admin(gateway, 'POST', `/api/v1/tenants/${who.id}/keys`,
      { status: 201, json: { user: user.id, name: 'adas' } });
    await admin(gateway, 'POST', '/api/v1/llm/credits', { json: { user_id: user.id,
      amount: 0.005, note: 'welcome' } });
    await until(async () => (await ask_json(gateway, key.key)).status === 200, 'credits count',
      3000);
    const stopped = await until(async () => {
      const answer = await ask_json(gateway, key.key);
      return answer.status === 402 && answer;
    }, 'the credits were spent');
    assert.match(stopped.body.error.message, /credit/i);
    await admin(gateway, 'POST', '/api/v1/llm/credits', { json: { user_id: user.id,
      amount: 1, note: 'more' } });
    await until(async () => (await ask_json(gateway, key.key)).status === 200,
      'topped up', 3000);
  });

  test('models of a key are those it may use', async () => {
    const who = await tenant({ key: { allowed_models: ['claude-*'] } });
    assert.equal((await ask_json(gateway, who.key)).status, 403);
    assert.equal((await ask_json(gateway, who.key, { model: 'claude-sonnet-4-5' })).status, 200);
  });

  test('a key bound to an address or to routes counts no tokens elsewhere', async () => {
    const count = async (key) => ask_json(gateway, key, { path: '/v1/messages/count_tokens' });
    const free = await tenant();
    assert.equal((await count(free.key)).status, 200);
    const of = async (json) => {
      const { body } = await admin(gateway, 'POST', '/api/v1/keys', { status: 201,
        json: { tenant: free.id, ...json } });
      await until(async () => (await ask(gateway, body.key)).status !== 401, 'it is known', 2000);
      return body.key;
    };
    for (const bound of [{ allowed_addresses: ['192.0.2.0/24'] },
      { allowed_routes: ['/v1/chat/completions'] }]) {
      const refused = await count(await of(bound));
      assert.equal(refused.status, 403, refused.text);
      assert.match(refused.text, /this key may not/);
    }
  });

  test('a key bound to other addresses or routes lists no models either', async () => {
    const far = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
      json: { name: 'far-away', key: { allowed_addresses: ['203.0.113.0/24'] } } });
    const narrow = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
      json: { name: 'narrow', key: { allowed_routes: ['/v1/chat/completions'] } } });
    for (const { body } of [far, narrow]) {
      const key = body.key.key;
      await until(async () => (await gateway.fetch('/v1/models', { key })).status === 403,
        'models are not listed', 2000);
      assert.equal((await gateway.fetch(`/v1beta/models?key=${key}`, { key: null })).status, 403);
    }
  });

  test('one tenant sees nothing of another', async () => {
    const one = await tenant({ key: { role: 'tenant_admin' } });
    const two = await tenant();
    await ask_json(gateway, two.key);
    for (const path of [`/api/v1/tenants/${two.id}`, `/api/v1/keys/${two.key_id}`]) {
      const answer = await admin(gateway, 'GET', path, { key: one.key });
      assert.ok([403, 404].includes(answer.status), `${path}: ${answer.status}`);
    }
    const { body } = await admin(gateway, 'GET', '/api/v1/keys', { key: one.key, status: 200 });
    assert.ok(body.data.every((key) => key.tenant === one.id), JSON.stringify(body));
  });

  test('a model without a price is allowed and marked', async () => {
    const who = await tenant();
    const answer = await ask_json(gateway, who.key, { model: 'free' });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('x-tollgate-cost'), null);
    const metrics = await (await fetch(gateway.metrics_url)).text();
    assert.match(metrics, /tollgate_unpriced_requests_total [1-9]/);
  });
});

describe('what files say of tenants', () => {
  let provider;
  let gateway;
  before(async () => {
    provider = await PricedProvider.start();
    gateway = await Tollgate.start(config(provider.url), { files: { 'tenants/acme.yaml': {
      tenant: { id: 'acme', name: 'Acme', api_key: 'sk-acme-made-up-0123456789' },
      budget: { daily_limit: 0.01, currency: 'USD' },
      rate_limits: { requests_per_minute: 30 } } } });
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
  });

  test('the tenant is there with its budget, and read-only', async () => {
    const { body } = await admin(gateway, 'GET', '/api/v1/tenants/acme', { status: 200 });
    assert.match(body.origin, /^file:/);
    const changed = await admin(gateway, 'PATCH', '/api/v1/tenants/acme',
      { json: { tier: 'trial' } });
    assert.equal(changed.status, 409, JSON.stringify(changed.body));
    assert.match(changed.body.error.message, /acme\.yaml/);
    let status = 200;
    for (let i = 0; i < 8 && status === 200; i += 1) {
      ({ status } = await ask_json(gateway, 'sk-acme-made-up-0123456789'));
    }
    assert.equal(status, 402);
  });

  test('what was spent is known after kill -9', async () => {
    const before = (await admin(gateway, 'GET', '/api/v1/budgets?tenant=acme')).body.data[0];
    gateway.signal('SIGKILL');
    await gateway.exited;
    gateway.ended = undefined;
    gateway.spawn({}, []);
    await gateway.wait_ready();
    const { status } = await ask_json(gateway, 'sk-acme-made-up-0123456789');
    assert.equal(status, 402, 'the budget is still spent');
    const again = (await admin(gateway, 'GET', '/api/v1/budgets?tenant=acme')).body.data[0];
    assert.equal(again.spent, before.spent);
  });
});
