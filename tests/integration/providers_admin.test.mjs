// Providers, models and users' own keys made over the interface: in force at once, on every
// instance, tried with real calls, and their secrets nowhere to be read.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { Postgres, why_missing as no_postgres } from './lib/postgres.mjs';
import { Tollgate } from './lib/tollgate.mjs';

const good = 'sk-planted-good-0123456789abcdef';
const second = 'sk-planted-second-0123456789abcdef';
const bad = 'sk-planted-refused-0123456789abcdef';

/** An OpenAI that knows two keys and quotes the one that it refuses, as some do. */
class Provider {
  static async start() {
    const provider = new Provider();
    Object.assign(provider, { bodies: [], models: [
      { id: 'qwen/coder', context_length: 1000,
        pricing: { prompt: '0.000001', completion: '0.000002' } },
      { id: 'plain', context_length: 500 }] });
    provider.server = http.createServer((request, response) => provider.#serve(request, response));
    await new Promise((resolve) => { provider.server.listen(0, '127.0.0.1', resolve); });
    provider.url = `http://127.0.0.1:${provider.server.address().port}/v1`;
    return provider;
  }

  async #serve(request, response) {
    let body = '';
    for await (const piece of request) body += piece;
    const answer = (status, json) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(json));
    };
    const key = (request.headers.authorization ?? '').replace('Bearer ', '');
    if (key !== good && key !== second) {
      answer(401, { error: { message: `Incorrect API key provided: ${key}`,
        type: 'invalid_request_error', code: 'invalid_api_key' } });
    } else if (request.url.startsWith('/v1/models')) {
      answer(200, { data: this.models });
    } else {
      const asked = JSON.parse(body);
      this.bodies.push(asked);
      answer(200, { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: asked.model,
        usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
        choices: [{ index: 0, finish_reason: 'stop',
          message: { role: 'assistant', content: 'hello' } }] });
    }
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => { this.server.close(resolve); });
  }
}

describe('providers of the database', () => {
  let provider;
  let gateway;
  before(async () => {
    provider = await Provider.start();
    gateway = await Tollgate.start({ model_list: [] },
      { env: { OPENAI_BASE_URL: provider.url, OPENAI_API_KEY: bad,
        MISTRAL_API_BASE: provider.url } });
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
  });

  const ask = async (model, key) => {
    const response = await gateway.fetch('/v1/chat/completions', { key,
      json: { model, max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] } });
    return { status: response.status, text: await response.text() };
  };
  const call = (method, what, more) => admin(gateway, method, `/api/v1/llm${what}`, more);

  test('a provider and its model are served at once, and not after their end', async () => {
    const made = await call('POST', '/providers', { status: 201, json: { name: 'Mine',
      type: 'hosted_vllm', api_key: good, api_base_url: provider.url } });
    assert.equal(made.body.api_key, 'sk-...****');
    assert.equal((await ask('m')).status, 404);
    const model = await call('POST', '/models', { status: 201,
      json: { provider_id: made.body.id, name: 'm', cost_per_1m_input_tokens: 1 } });
    const answered = await ask('m');
    assert.equal(answered.status, 200, answered.text);
    assert.equal((await ask('mine/whatever')).status, 200);
    await call('PATCH', `/models/${model.body.id}`, { status: 200, json: { enabled: false } });
    assert.equal((await ask('m')).status, 404);
    await call('PATCH', `/models/${model.body.id}`, { status: 200, json: { enabled: true } });
    await call('PATCH', `/providers/${made.body.id}`, { status: 200, json: { api_key: second } });
    assert.equal((await ask('m')).status, 200);
    // A reload of the file forgets nothing of the database.
    await admin(gateway, 'POST', '/api/v1/config/reload', { status: 200 });
    assert.equal((await ask('m')).status, 200);
    await call('DELETE', `/providers/${made.body.id}`, { status: 200 });
    assert.equal((await ask('m')).status, 404);
  });

  test('a test makes one call of at most 5 tokens and says what the provider says', async () => {
    const { body } = await call('POST', '/providers', { status: 201, json: { name: 'tried',
      type: 'hosted_vllm', api_key: good, api_base_url: provider.url } });
    provider.bodies.length = 0;
    const works = await call('POST', '/test', { status: 200,
      json: { provider_id: body.id, model: 'x' } });
    assert.equal(works.body.status, 'success', JSON.stringify(works.body));
    assert.equal(provider.bodies.length, 1);
    const { max_tokens, max_completion_tokens, model } = provider.bodies[0];
    assert.ok((max_tokens ?? max_completion_tokens) <= 5);
    assert.equal(model, 'x');
    await call('PATCH', '/providers/tried', { status: 200, json: { api_key: bad } });
    const refused = await call('POST', '/test', { status: 200,
      json: { provider_id: body.id, model: 'x' } });
    assert.equal(refused.body.status, 'error');
    assert.match(refused.body.message, /Incorrect API key provided/);
    const seen = await call('GET', '/providers/tried', { status: 200 });
    assert.equal(seen.body.health_status, 'unhealthy');
    await call('PATCH', '/providers/tried', { status: 200, json: { api_key: good } });
    const synced = await call('POST', '/models/sync', { status: 200,
      json: { provider_id: 'tried', enable: true } });
    assert.deepEqual(synced.body.added, ['plain', 'qwen/coder']);
    assert.equal((await ask('plain')).status, 200);
    assert.equal((await ask('tried/qwen/coder')).status, 200);
    const listed = await call('GET', '/models?sort_by=cost', { status: 200 });
    assert.equal(listed.body[0].cost_per_1m_input, 1);
  });

  test("a tenant's own provider is nobody else's", async () => {
    const keys = [];
    for (const name of ['acme', 'globex']) {
      const tenant = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
        json: { name, key: { name: 'first' } } });
      keys.push(tenant.body.key.key);
    }
    await call('POST', '/providers', { status: 201, json: { name: 'own', tenant: 'acme',
      type: 'hosted_vllm', api_key: good, api_base_url: provider.url } });
    const { body } = await call('GET', '/providers?tenant=acme', { status: 200 });
    await call('POST', '/models', { status: 201,
      json: { provider_id: body[0].id, name: 'secret-model' } });
    const own = `${body[0].slug}/secret-model`;
    const mine = await ask(own, keys[0]);
    assert.equal(mine.status, 200, mine.text);
    const others = await ask(own, keys[1]);
    assert.equal(others.status, 404, others.text);
    assert.equal((await ask(`${body[0].slug}/x`, keys[1])).status, 404);
    assert.equal((await ask(own)).status, 404);
    const unknown = await ask(`${own}s`, keys[1]);
    assert.ok(!unknown.text.includes(`\`${own}\``), unknown.text);
    const names = async (key) => (await (await gateway.fetch('/v1/models', { key })).json()).data
      .map((model) => model.id);
    assert.ok((await names(keys[0])).includes(own));
    assert.ok(!(await names(keys[1])).includes(own));
  });

  test("a user's key is tried, kept encrypted, and rotated while it is served", async () => {
    const tenant = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
      json: { name: 'people' } });
    const user = await admin(gateway, 'POST', '/api/v1/users', { status: 201,
      json: { tenant: tenant.body.id, name: 'Ann' } });
    const key = (await admin(gateway, 'POST', '/api/v1/keys', { status: 201,
      json: { tenant: tenant.body.id, user: user.body.id } })).body.key;
    const refused = await call('POST', '/users/me/byok', { key, status: 422,
      json: { provider_type: 'openai', api_key: bad } });
    assert.match(refused.body.error.message, /Incorrect API key provided/);
    const kept = await call('POST', '/users/me/byok', { key, status: 201,
      json: { provider_type: 'openai', api_key: good } });
    assert.equal(kept.body.message, 'the key works');
    assert.ok((provider.bodies.at(-1).max_tokens
      ?? provider.bodies.at(-1).max_completion_tokens) <= 5);
    const rotated = await admin(gateway, 'POST', '/api/v1/secrets/rotate', { status: 200,
      json: { new_key: true } });
    assert.equal(rotated.body.failed, 0);
    assert.ok(rotated.body.rewrapped >= 1);
    const list = await call('GET', '/users/me/byok', { key, status: 200 });
    assert.equal(list.body.byok_providers.openai.api_key, 'sk-...****');
    assert.equal((await ask('plain')).status, 200, 'providers are opened with the new key');
    // The platform's key is refused there: the user's own is what the request goes with.
    const own = await ask('openai/gpt-4o-mini', key);
    assert.equal(own.status, 200, own.text);
    await call('PATCH', '/users/me/byok/openai', { key, status: 200, json: { enabled: false } });
    assert.notEqual((await ask('openai/gpt-4o-mini', key)).status, 200);
  });

  test('a user reaches a provider where the platform has no key with his own alone', async () => {
    const tenant = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
      json: { name: 'bringers' } });
    const user = await admin(gateway, 'POST', '/api/v1/users', { status: 201,
      json: { tenant: tenant.body.id, name: 'Bo' } });
    const key = (await admin(gateway, 'POST', '/api/v1/keys', { status: 201,
      json: { tenant: tenant.body.id, user: user.body.id } })).body.key;
    assert.equal((await ask('mistral/mistral-small-latest', key)).status, 404);
    await call('POST', '/users/me/byok', { key, status: 201,
      json: { provider_type: 'mistral', api_key: second } });
    const own = await ask('mistral/mistral-small-latest', key);
    assert.equal(own.status, 200, own.text);
    assert.notEqual((await ask('mistral/mistral-small-latest')).status, 200);
    // A key that is refused is its user's trouble, not the deployment's.
    await call('PUT', '/users/me/byok/mistral?validate=false', { key, status: 200,
      json: { api_key: bad } });
    assert.notEqual((await ask('mistral/mistral-small-latest', key)).status, 200);
    const metrics = await (await fetch(gateway.metrics_url)).text();
    assert.doesNotMatch(metrics, /tollgate_circuit_open\{[^}]*mistral[^}]*\} 1/);
    assert.doesNotMatch(metrics, /llm_provider_health\{provider="mistral"\} 0/);
  });

  test('no secret is in an answer, the log, the metrics, the audit or the database', async () => {
    const said = [];
    const masked = ['/providers', '/models', '/providers/tried'];
    for (const what of masked) said.push(JSON.stringify((await call('GET', what)).body));
    for (const what of ['/api/v1/audit?limit=500', '/api/v1/config', '/health']) {
      said.push(JSON.stringify((await admin(gateway, 'GET', what)).body));
    }
    said.push(await (await fetch(gateway.metrics_url)).text());
    assert.ok(gateway.log.includes('encryption_key_made'));
    said.push(gateway.log);
    const data = path.join(gateway.folder, 'data');
    for (const name of await readdir(data, { recursive: true })) {
      said.push(await readFile(path.join(data, name), 'latin1').catch(() => ''));
    }
    for (const text of said) assert.ok(!text.includes('sk-planted'), text.slice(0, 300));
    const { stdout } = gateway;
    assert.ok(!stdout.includes('sk-planted'));
  });

  test('without a key that a row still needs the gateway does not start', async () => {
    const again = async (env) => {
      gateway.child.kill('SIGTERM');
      await gateway.exited;
      gateway.ended = undefined;
      gateway.spawn({ OPENAI_BASE_URL: provider.url, ...env }, []);
    };
    await again({ BYOK_ENCRYPTION_KEY: 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=' });
    assert.equal((await gateway.exited).code, 1);
    assert.match(gateway.log, /not among the encryption keys/);
    await again({});
    await gateway.wait_ready();
    assert.equal((await ask('plain')).status, 200);
  });
});

describe('two instances', { skip: no_postgres ?? false }, () => {
  let postgres;
  let provider;
  let gateways = [];
  before(async () => {
    [postgres, provider] = await Promise.all([Postgres.start(), Provider.start()]);
    gateways = await Promise.all([0, 1].map(() => Tollgate.start({ model_list: [],
      stores: { database: postgres.url } }, { env: {
      TOLLGATE_INSTALLATION_KEY: 'made-up-installation-key-of-these-tests-0123456789',
      BYOK_ENCRYPTION_KEY: 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=' } })));
  });
  after(async () => {
    for (const gateway of gateways) await gateway.stop();
    await provider?.stop();
    await postgres?.stop();
  });

  test('what is made on one is served by the other within a second, and its end too', async () => {
    const status_of = async (gateway) => (await gateway.fetch('/v1/chat/completions', {
      json: { model: 'm', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] } })).status;
    for (let round = 0; round < 3; round += 1) {
      await admin(gateways[0], 'POST', '/api/v1/llm/providers', { status: 201, json: {
        name: 'shared', type: 'hosted_vllm', api_key: good, api_base_url: provider.url } });
      await admin(gateways[0], 'POST', '/api/v1/llm/models', { status: 201,
        json: { provider_id: 'shared', name: 'm' } });
      await until(async () => await status_of(gateways[1]) === 200, 'the model came', 1000);
      await admin(gateways[1], 'DELETE', '/api/v1/llm/providers/shared', { status: 200 });
      await until(async () => await status_of(gateways[0]) === 404, 'the model went', 1000);
    }
  });
});
