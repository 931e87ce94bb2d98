// Rules, aliases, fallbacks, circuits and users' own keys hold for /v1/embeddings as for other
// requests; what is about conversations passes embeddings by.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { Scripted } from './lib/scripted.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

const vectors = ({ json }) => ({ json: { object: 'list', model: json.model,
  usage: { prompt_tokens: 7, total_tokens: 7 },
  data: [json.input].flat().map((_, index) => ({ object: 'embedding', index,
    embedding: [0.25, 0.5] })) } });
// Who is asked whether a user's key is good, answers that too.
const vectors_or_words = (call) => (call.json?.input === undefined ? { json: { id: 'c',
  object: 'chat.completion', created: 1, model: 'm',
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }, choices: [{ index: 0,
    finish_reason: 'stop', message: { role: 'assistant', content: 'hello' } }] } }
  : vectors(call));
const refused = (status) => () => ({ status,
  json: { error: { message: 'told to fail', type: 'x' } } });
const embedder = (name, model, url, price = 0.000001) => ({
  ...deployment(name, 'hosted_vllm', model, `${url}/v1`, { input_cost_per_token: price,
    output_cost_per_token: 0 }), model_info: { mode: 'embedding' } });

describe('embeddings are routed', () => {
  let small, large, talker, mistral, gateway, acme;
  before(async () => {
    [small, large, talker] = await Promise.all([1, 2, 3].map(() => Scripted.start(vectors)));
    mistral = await Scripted.start(vectors_or_words);
    gateway = await Tollgate.start({
      model_list: [embedder('small', 'm-small', small.url),
        embedder('large', 'm-large', large.url, 0.00001),
        embedder('pool', 'm-pool-dear', large.url, 0.00001),
        embedder('pool', 'm-pool-cheap', small.url),
        deployment('talker', 'openai', 'gpt-4.1', `${talker.url}/v1`),
        // A name that leads to both kinds.
        deployment('mixed', 'openai', 'gpt-4.1', `${talker.url}/v1`),
        embedder('mixed', 'm-small', small.url),
        embedder('primary', 'm-large', large.url)],
      tiers: {},
      router_settings: { model_group_alias: { renamed: 'small' },
        fallbacks: [{ primary: ['small'] }] },
      routing: { task_table: true, power_level_scope: 'any', rules: [
        { name: 'batches', match: { header: { 'x-kind': 'batch*' } }, use: { models: ['large'] } },
        { name: 'long', match: { model: 'small', tokens: '> 2000' }, use: { model: 'large' } },
        { name: 'tagged', match: { tag: 'spread' },
          use: { model: 'large', fallback_on: { rate_limited: ['small'] } } },
        { name: 'cheapest', match: { model: 'pool' }, use: { strategy: 'cost' },
          max_attempts: 2 },
        { name: 'everything', use: { models: ['talker'],
          shadow: { model: 'talker', share: 1 } } }] } },
    { env: { MISTRAL_API_BASE: `${mistral.url}/v1` } });
    const tenant = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
      json: { name: 'acme' } });
    const { body } = await admin(gateway, 'POST', '/api/v1/keys', { status: 201,
      json: { tenant: tenant.body.id, name: 'acme-key' } });
    acme = { id: tenant.body.id, key: body.key };
  });
  beforeEach(() => { for (const one of [small, large, talker]) one.reset(vectors); });
  after(async () => {
    await gateway?.stop();
    for (const one of [small, large, talker, mistral]) await one?.stop();
  });

  const embed = async (model, { headers = {}, input = 'some words', key, ...more } = {}) => {
    const response = await gateway.fetch('/v1/embeddings', { key, headers,
      json: { model, input, ...more } });
    const body = await response.json();
    return { status: response.status, body,
      model: response.headers.get('x-tollgate-model')?.split('/').at(-1),
      route: response.headers.get('x-tollgate-route'),
      attempts: response.headers.get('x-tollgate-attempts'),
      fallback: response.headers.get('x-tollgate-fallback'),
      id: response.headers.get('x-request-id') };
  };
  const explained = async (json, status = 200) =>
    (await admin(gateway, 'POST', '/api/v1/llm/routing/explain', { status, json })).body;

  test('a rule over a header, and one over the size, say where they go', async () => {
    assert.equal((await embed('small')).model, 'm-small');
    const batch = await embed('small', { headers: { 'x-kind': 'batch-7' } });
    assert.equal(batch.model, 'm-large');
    assert.equal(batch.route, 'batches/round_robin');
    assert.equal(batch.body.model, 'small', 'the name that was asked for');
    assert.equal((await embed('small', { input: 'many words '.repeat(3000) })).model, 'm-large');
    const { request, routing } = await until(async () => {
      const { body } = await admin(gateway, 'GET', `/api/v1/requests/${batch.id}`);
      return body.request && body;
    }, 'the record');
    assert.equal(request.rule, 'batches');
    assert.equal(routing.order[0].name, 'hosted_vllm/m-large');
  });

  test('a rule for everything that leads to a chat model passes them by', async () => {
    const answer = await embed('small');
    assert.equal(answer.status, 200);
    assert.equal(talker.calls.length, 0, 'no shadow either');
    const { rules } = await explained({ model: 'small', input: ['a', 'b'] });
    assert.match(rules.at(-1).failed, /known to make embeddings/);
  });

  test('a strategy orders the deployments of a name', async () => {
    for (let i = 0; i < 4; i += 1) assert.equal((await embed('pool')).model, 'm-pool-cheap');
  });

  test('failures of a class follow their own chain, others the fallbacks', async () => {
    large.reset(refused(500));
    const primary = await embed('primary');
    assert.deepEqual([primary.status, primary.model, primary.attempts], [200, 'm-small', '2']);
    large.reset(refused(429));
    const limited = await embed('small', { headers: { 'x-tollgate-tags': 'spread' } });
    assert.deepEqual([limited.status, limited.model, limited.fallback],
      [200, 'm-small', 'rate_limited']);
  });

  test('a circuit that is open is passed over', async () => {
    large.reset(refused(500));
    await until(async () => (await embed('primary')).attempts === '1', 'the circuit opened');
    const calls = large.calls.length;
    assert.equal((await embed('primary')).model, 'm-small');
    assert.equal(large.calls.length, calls, 'nobody asks the broken one');
  });

  test('who cannot embed is left out with a reason', async () => {
    for (let i = 0; i < 3; i += 1) {
      const answer = await embed('mixed');
      assert.deepEqual([answer.model, answer.attempts], ['m-small', '1']);
    }
    const { excluded } = await explained({ model: 'mixed', input: [[1, 2, 3]] });
    assert.equal(excluded[0].name, 'openai/gpt-4.1');
    assert.match(excluded[0].excluded, /makes no embeddings/);
    const nobody = await embed('talker');
    assert.equal(nobody.status, 400);
    assert.match(nobody.body.error.message, /answers conversations and makes no embeddings/);
    assert.equal((await embed('auto')).status, 404);
  });

  test('aliases of the file and of a tenant, and what else a tenant sets', async () => {
    assert.equal((await embed('renamed')).model, 'm-small');
    const done = await admin(gateway, 'PUT', `/api/v1/llm/routing/rules?tenant=${acme.id}`, {
      json: { strategy: 'cost', model_aliases: { house: 'pool' } } });
    assert.ok(done.status < 300, JSON.stringify(done.body));
    await until(async () => (await embed('house', { key: acme.key })).model === 'm-pool-cheap',
      'the alias');
    assert.equal((await embed('house')).status, 404, 'of nobody else');
  });

  test('a power level is ours: it chooses, and the provider never reads it', async () => {
    const answer = await embed('pool', { power_level: 'eco' });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.equal(answer.model, 'm-pool-cheap');
    assert.equal(small.calls.at(-1).json.power_level, undefined);
    const wrong = await embed('pool', { power_level: 'cheap' });
    assert.equal(wrong.status, 400);
    assert.match(wrong.body.error.message, /eco, balanced or precision/);
  });

  test('a user with a provider key of his own pays with that', async () => {
    const user = await admin(gateway, 'POST', '/api/v1/users', { status: 201,
      json: { tenant: acme.id, name: 'ann' } });
    const { body } = await admin(gateway, 'POST', '/api/v1/keys', { status: 201,
      json: { tenant: acme.id, user: user.body.id } });
    const own = 'made-up-mistral-key-1234567890';
    await admin(gateway, 'POST', '/api/v1/llm/users/me/byok', { key: body.key, status: 201,
      json: { provider_type: 'mistral', api_key: own } });
    const answer = await until(async () => {
      const tried = await embed('mistral/mistral-embed', { key: body.key });
      return tried.status === 200 && tried;
    }, 'the key is in force');
    assert.equal(answer.model, 'mistral-embed');
    assert.equal(mistral.calls.at(-1).headers.authorization, `Bearer ${own}`);
    const { request } = await until(async () => {
      const { body: found } = await admin(gateway, 'GET', `/api/v1/requests/${answer.id}`);
      return found.request && found;
    }, 'the record');
    assert.equal(request.byok, true);
    assert.ok((await embed('mistral/mistral-embed', { key: acme.key })).status >= 400);
  });

  test('explain tells a body of embeddings from one of Responses', async () => {
    const alone = await explained({ model: 'pool', input: 'one text' });
    assert.equal(alone.order[0].name, 'hosted_vllm/m-pool-cheap');
    assert.equal(alone.output_tokens, 0);
    const spoken = await explained({ model: 'talker', input: 'one text' });
    assert.equal(spoken.order[0].name, 'openai/gpt-4.1');
    assert.ok(spoken.output_tokens > 0);
  });
});
