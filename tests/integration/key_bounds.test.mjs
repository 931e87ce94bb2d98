// What a key is bound by from the moment of the answer that made or ended it: it works at once and
// is refused at once, in its regions, and when it counts tokens.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { admin } from './lib/admin.mjs';
import { PricedProvider } from './lib/priced_provider.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

const rounds = 20;

describe('keys', () => {
  let provider;
  let gateway;
  let tenant;
  before(async () => {
    provider = await PricedProvider.start();
    gateway = await Tollgate.start({ model_list: [
      deployment('far', 'hosted_vllm', 'm', `${provider.url}/v1`),
      deployment('counted', 'hosted_vllm', 'm', `${provider.url}/v1`)] });
    const made = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
      json: { name: 'acme' } });
    tenant = made.body.id;
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
  });

  const key_with = async (terms = {}) => (await admin(gateway, 'POST', '/api/v1/keys',
    { status: 201, json: { tenant, ...terms } })).body;

  const ask = (key, model = 'far') => gateway.fetch('/v1/chat/completions', { key,
    json: { model, max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] } });

  const count = (key, model = 'counted') => gateway.fetch('/v1/messages/count_tokens', { key,
    headers: { 'anthropic-version': '2023-06-01' },
    json: { model, messages: [{ role: 'user', content: 'hello' }] } });

  test('a key works in the next request after its creation, and not after its end', async () => {
    for (let i = 0; i < rounds; i += 1) {
      const { id, key } = await key_with();
      const first = await ask(key);
      assert.equal(first.status, 200, `round ${i}: ${await first.text()}`);
      await admin(gateway, 'POST', `/api/v1/keys/${id}/block`, { status: 200 });
      assert.equal((await ask(key)).status, 401, `round ${i}: blocked`);
      await admin(gateway, 'POST', `/api/v1/keys/${id}/unblock`, { status: 200 });
      const { body } = await admin(gateway, 'POST', `/api/v1/keys/${id}/rotate`, { status: 200,
        json: {} });
      assert.equal((await ask(body.key)).status, 200, `round ${i}: rotated`);
      await admin(gateway, 'DELETE', `/api/v1/keys/${id}`, { status: 200 });
      const last = await ask(body.key);
      assert.equal(last.status, 401, `round ${i}: revoked, ${await last.text()}`);
    }
  });

  test('who does not want to wait says so', async () => {
    const { body } = await admin(gateway, 'POST', '/api/v1/keys', { status: 201,
      json: { tenant }, headers: { prefer: 'respond-async' } });
    for (let i = 0; (await ask(body.key)).status !== 200; i += 1) {
      assert.ok(i < 200, 'the key became valid');
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  });

  test('a key of a region is refused where the model is in another', async () => {
    const { key } = await key_with({ allowed_regions: ['eu', 'us-east-1'] });
    const refused = await ask(key);
    const { error } = await refused.json();
    assert.equal(refused.status, 403, JSON.stringify(error));
    assert.match(error.message, /the regions eu, us-east-1.*region local/);
    assert.equal((await count(key)).status, 403);
    const here = await key_with({ allowed_regions: ['eu', 'local'] });
    assert.equal((await ask(here.key)).status, 200);
    assert.equal((await count(here.key)).status, 200);
  });

  test('a key of a provider counts tokens there alone', async () => {
    const { key } = await key_with({ allowed_providers: ['anthropic'] });
    const refused = await count(key);
    const { error } = await refused.json();
    assert.equal(refused.status, 403, JSON.stringify(error));
    assert.match(error.message, /the providers anthropic.*provider hosted_vllm/);
  });

  test('the list of models has what the key reaches', async () => {
    const listed = async (terms) => {
      const { key } = await key_with(terms);
      const { data } = await (await gateway.fetch('/v1/models', { key })).json();
      return data.map(({ id }) => id);
    };
    assert.ok((await listed({})).includes('far'));
    assert.ok((await listed({ allowed_providers: ['hosted_vllm'] })).includes('far'));
    assert.ok(!(await listed({ allowed_providers: ['anthropic'] })).includes('far'));
  });

  test('tokens are counted for the names that routing alone knows', async () => {
    const { key } = await key_with();
    for (const model of ['auto', 'claude-eco']) {
      const response = await count(key, model);
      assert.equal(response.status, 200, await response.clone().text());
      assert.ok((await response.json()).input_tokens > 0);
    }
  });

  test('counting tokens counts as a request, and uses no tokens', async () => {
    const { key } = await key_with({ limits: { requests_per_minute: 3, tokens_per_minute: 1 } });
    for (let i = 0; i < 3; i += 1) {
      const counted = await count(key);
      assert.equal(counted.status, 200, await counted.text());
    }
    const refused = await count(key);
    const { error } = await refused.json();
    assert.equal(refused.status, 429, JSON.stringify(error));
    assert.match(error.message, /3 requests per minute/);
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
  });
});
