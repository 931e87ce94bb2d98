// Aliases of a key or a team over a name that is served: they open no model that the key may not
// use, and what it may use stays reachable; lists of models say what a request would get.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { admin } from './lib/admin.mjs';
import { Scripted } from './lib/scripted.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

const chat = ({ json }) => ({ json: { id: 'c', object: 'chat.completion', created: 1,
  model: json.model, choices: [{ index: 0, finish_reason: 'stop',
    message: { role: 'assistant', content: json.model } }],
  usage: { prompt_tokens: 12, completion_tokens: 4, total_tokens: 16 } } });

describe('aliases of keys and teams', () => {
  let provider, gateway, tenant;
  before(async () => {
    provider = await Scripted.start(chat);
    const served = (name) => deployment(name, 'hosted_vllm', `${name}-model`, `${provider.url}/v1`);
    gateway = await Tollgate.start({ model_list: [served('pool'), served('spare'), served('dear')],
      router_settings: { model_group_alias: { global: 'spare' } } });
    const made = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
      json: { name: 'acme' } });
    tenant = made.body.id;
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
  });

  const key_with = async (terms) => (await admin(gateway, 'POST', '/api/v1/keys',
    { status: 201, json: { tenant, ...terms } })).body.key;
  const ask = async (key, model) => {
    const response = await gateway.fetch('/v1/chat/completions', { key,
      json: { model, messages: [{ role: 'user', content: 'hello' }] } });
    await response.text();
    return response.status === 200
      ? response.headers.get('x-tollgate-model').split('/').at(-1) : response.status;
  };
  const listed = async (key) => {
    const { body } = await admin(gateway, 'GET', '/v1/models', { key, status: 200 });
    return body.data.map(({ id }) => id).filter((id) => id !== 'global').sort();
  };

  test('a key\'s alias to a model that it may not use is refused and not listed', async () => {
    const key = await key_with({ allowed_models: ['pool'], aliases: { pool: 'dear' } });
    assert.equal(await ask(key, 'pool'), 403);
    assert.deepEqual(await listed(key), []);
    assert.equal((await admin(gateway, 'GET', '/v1/models/pool', { key })).status, 404);
  });

  test('an alias to a model that it may use leads there, whatever it covers', async () => {
    const key = await key_with({ allowed_models: ['spare'], aliases: { pool: 'spare' } });
    assert.equal(await ask(key, 'pool'), 'spare-model');
    assert.equal(await ask(key, 'spare'), 'spare-model');
    assert.equal(await ask(key, 'dear'), 403);
    assert.deepEqual(await listed(key), ['pool', 'spare']);
    await admin(gateway, 'GET', '/v1/models/pool', { key, status: 200 });
  });

  test('a key without a list may use all, by its own names too', async () => {
    const key = await key_with({ aliases: { pool: 'dear', mine: 'spare' } });
    assert.equal(await ask(key, 'pool'), 'dear-model');
    assert.equal(await ask(key, 'mine'), 'spare-model');
    assert.deepEqual(await listed(key), ['dear', 'pool', 'spare']);
    await admin(gateway, 'GET', '/v1/models/mine', { key, status: 200 });
  });

  test('a name of the key\'s own that its list has is a name like others', async () => {
    const key = await key_with({ allowed_models: ['mine'], aliases: { mine: 'spare' } });
    assert.equal(await ask(key, 'mine'), 'spare-model');
    assert.equal(await ask(key, 'spare'), 403);
  });

  test('aliases of a team are held the same way', async () => {
    const team = await admin(gateway, 'POST', '/api/v1/teams', { status: 201,
      json: { tenant, name: 'red', aliases: { pool: 'dear' } } });
    const bound = await key_with({ team: team.body.id, allowed_models: ['pool', 'spare'] });
    assert.equal(await ask(bound, 'pool'), 403);
    assert.equal(await ask(bound, 'spare'), 'spare-model');
    assert.deepEqual(await listed(bound), ['spare']);
    const free = await key_with({ team: team.body.id, allowed_models: ['dear'] });
    assert.equal(await ask(free, 'pool'), 'dear-model');
    // The key's own goes before the team's.
    const own = await key_with({ team: team.body.id, allowed_models: ['spare'],
      aliases: { pool: 'spare' } });
    assert.equal(await ask(own, 'pool'), 'spare-model');
  });

  test('LiteLLM\'s calls set them, and the same holds', async () => {
    const { body } = await admin(gateway, 'POST', '/key/generate', { status: 200,
      json: { models: ['pool'], aliases: { pool: 'dear' } } });
    assert.equal(await ask(body.key, 'pool'), 403);
    const team = await admin(gateway, 'POST', '/team/new', { status: 200,
      json: { team_alias: 'blue', models: ['spare'], model_aliases: { pool: 'spare' } } });
    const member = await admin(gateway, 'POST', '/key/generate', { status: 200,
      json: { team_id: team.body.team_id } });
    assert.equal(await ask(member.body.key, 'pool'), 'spare-model');
    assert.equal(await ask(member.body.key, 'dear'), 403);
  });

  test('of aliases behind one another the end counts', async () => {
    const bound = await key_with({ allowed_models: ['pool'], aliases: { pool: 'global' } });
    assert.equal(await ask(bound, 'pool'), 403);
    const free = await key_with({ allowed_models: ['spare'], aliases: { pool: 'global' } });
    assert.equal(await ask(free, 'pool'), 'spare-model');
    const rules = '/api/v1/llm/routing/rules';
    await admin(gateway, 'PUT', `${rules}?tenant=${tenant}`, {
      json: { model_aliases: { middle: 'dear' } } });
    const chained = await key_with({ allowed_models: ['pool'], aliases: { pool: 'middle' } });
    assert.equal(await ask(chained, 'pool'), 403);
    const wide = await key_with({ allowed_models: ['dear'], aliases: { pool: 'middle' } });
    assert.equal(await ask(wide, 'pool'), 'dear-model');
  });

  test('what explains a decision says the same', async () => {
    const key = await key_with({ allowed_models: ['pool'], aliases: { pool: 'dear' } });
    const answer = await admin(gateway, 'POST', '/api/v1/llm/routing/explain', { key,
      json: { model: 'pool', prompt: 'hi' } });
    assert.equal(answer.status, 403, JSON.stringify(answer.body));
  });
});
