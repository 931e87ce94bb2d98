// What a tenant sets under /api/v1/llm/routing/rules holds for its requests and for nobody else's.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { Scripted } from './lib/scripted.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

const chat = (model) => ({ json: { id: 'c', object: 'chat.completion', created: 1, model,
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: model } }],
  usage: { prompt_tokens: 12, completion_tokens: 4, total_tokens: 16 } } });
const priced = (usd) => ({ input_cost_per_token: usd, output_cost_per_token: usd });
const rules = '/api/v1/llm/routing/rules';

describe('routing settings of tenants', () => {
  let dear, cheap, spare, gateway;
  const keys = {};
  const ids = {};
  before(async () => {
    [dear, cheap, spare] = await Promise.all([1, 2, 3].map(() =>
      Scripted.start(({ json }) => chat(json.model))));
    gateway = await Tollgate.start({ model_list: [
      deployment('pool', 'hosted_vllm', 'dear', `${dear.url}/v1`, priced(0.00001)),
      deployment('pool', 'hosted_vllm', 'cheap', `${cheap.url}/v1`, priced(0.000001)),
      deployment('spare', 'deepseek', 'spare', `${spare.url}/v1`, priced(0.000005))],
    routing: { strategy: 'priority' } });
    for (const name of ['acme', 'globex']) {
      const tenant = await admin(gateway, 'POST', '/api/v1/tenants',
        { status: 201, json: { name } });
      ids[name] = tenant.body.id;
      const { body } = await admin(gateway, 'POST', '/api/v1/keys',
        { status: 201, json: { tenant: tenant.body.id, name: `${name}-key` } });
      keys[name] = body.key;
    }
  });
  beforeEach(() => {
    for (const one of [dear, cheap, spare]) one.reset(({ json }) => chat(json.model));
  });
  after(async () => {
    await gateway?.stop();
    for (const one of [dear, cheap, spare]) await one?.stop();
  });

  const ask = async (tenant, model) => {
    const response = await gateway.fetch('/v1/chat/completions', { key: keys[tenant],
      json: { model, messages: [{ role: 'user', content: 'hello' }] } });
    const body = await response.json();
    return { status: response.status, body,
      model: response.headers.get('x-tollgate-model')?.split('/').at(-1) };
  };
  const set = async (json, tenant) => {
    const query = tenant ? `?tenant=${ids[tenant]}` : '';
    const now = await admin(gateway, 'GET', `${rules}${query}`, { status: 200 });
    const etag = now.headers.get('etag');
    return admin(gateway, 'PUT', `${rules}${query}`, { json,
      headers: etag ? { 'if-match': etag } : {} });
  };

  test('its strategy orders its requests', async () => {
    assert.equal((await ask('acme', 'pool')).model, 'dear');
    const done = await set({ strategy: 'cost' }, 'acme');
    assert.ok(done.status < 300, JSON.stringify(done.body));
    await until(async () => (await ask('acme', 'pool')).model === 'cheap', 'the cheap one');
    assert.equal((await ask('globex', 'pool')).model, 'dear', 'of nobody else');
  });

  test('its aliases are its own', async () => {
    await set({ strategy: 'cost', model_aliases: { mine: 'spare' } }, 'acme');
    await until(async () => (await ask('acme', 'mine')).model === 'spare', 'the alias');
    assert.equal((await ask('globex', 'mine')).status, 404);
  });

  test('an alias over a served name opens no other model', async () => {
    const { body } = await admin(gateway, 'POST', '/api/v1/keys', { status: 201,
      json: { tenant: ids.acme, allowed_models: ['pool'] } });
    keys.bound = body.key;
    await until(async () => (await ask('bound', 'pool')).status === 200, 'the key');
    await set({ strategy: 'cost', model_aliases: { pool: 'spare' } }, 'acme');
    await until(async () => (await ask('bound', 'pool')).status === 403, 'the refusal');
    assert.equal((await ask('acme', 'pool')).model, 'spare', 'who may use it goes there');
    await set({ strategy: 'cost' , model_aliases: {} }, 'acme');
    await until(async () => (await ask('bound', 'pool')).status === 200, 'the end of the alias');
  });

  test('its providers of last resort follow when all else has failed', async () => {
    await set({ strategy: 'cost', fallback_providers: ['deepseek'] }, 'acme');
    for (const one of [dear, cheap]) one.reset(() => ({ status: 500, json: { error: {} } }));
    await until(async () => (await ask('acme', 'pool')).model === 'spare', 'the fallback');
    assert.equal((await ask('globex', 'pool')).status, 500);
  });

  test('its count of retries bounds its attempts', async () => {
    await set({ strategy: 'cost', fallback_providers: ['deepseek'],
      config: { max_retries: 0 } }, 'acme');
    for (const one of [dear, cheap]) one.reset(() => ({ status: 500, json: { error: {} } }));
    await until(async () => (await ask('acme', 'pool')).status === 500, 'a single attempt');
  });

  test('the platform\'s hold for whoever has set nothing', async () => {
    await set({ strategy: 'balanced', fallback_providers: ['deepseek'] });
    for (const one of [dear, cheap]) one.reset(() => ({ status: 500, json: { error: {} } }));
    await until(async () => (await ask('globex', 'pool')).model === 'spare', 'the fallback');
  });

  test('a provider that is not there is refused by name', async () => {
    const { status, body } = await set({ fallback_providers: ['nobody'] }, 'acme');
    assert.equal(status, 400, JSON.stringify(body));
    assert.match(JSON.stringify(body), /nobody/);
  });
});
