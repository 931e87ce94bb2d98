// The audit has a row for uses of users' own provider keys, as many as configuration wants, on both
// stores; the keys are in none of them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { patience } from './lib/patience.mjs';
import { Postgres, why_missing } from './lib/postgres.mjs';
import { Scripted } from './lib/scripted.mjs';
import { Tollgate } from './lib/tollgate.mjs';

const own = 'sk-own-9d1f6a2c8b7e';
const model = 'mistral/mistral-small-latest';
const chat = ({ json }) => ({ json: { id: 'c', object: 'chat.completion', created: 1,
  model: json?.model, choices: [{ index: 0, finish_reason: 'stop',
    message: { role: 'assistant', content: 'hello' } }],
  usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 } } });

for (const store of ['sqlite', 'postgres']) {
  describe(`own keys audited, ${store}`, { skip: store === 'postgres' && why_missing }, () => {
    let provider, postgres, gateway, config;
    const ann = {};
    before(async () => {
      provider = await Scripted.start(chat);
      if (store === 'postgres') postgres = await Postgres.start();
      config = { stores: { database: postgres?.url ?? 'sqlite' },
        audit: { byok_key_accessed: 1 } };
      gateway = await Tollgate.start(config, { env: { MISTRAL_API_BASE: `${provider.url}/v1` } });
      const tenant = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
        json: { name: 'acme' } });
      ann.tenant = tenant.body.id;
      const user = await admin(gateway, 'POST', '/api/v1/users', { status: 201,
        json: { tenant: ann.tenant, name: 'ann' } });
      ann.id = user.body.id;
      const made = await admin(gateway, 'POST', '/api/v1/keys', { status: 201,
        json: { tenant: ann.tenant, user: ann.id, name: 'laptop' } });
      ann.key = made.body.key;
      ann.key_id = made.body.id;
      await admin(gateway, 'POST', '/api/v1/llm/users/me/byok', { key: ann.key, status: 201,
        json: { provider_type: 'mistral', api_key: own } });
    });
    after(async () => {
      await gateway?.stop();
      await postgres?.stop();
      await provider?.stop();
    });

    const ask = async () => {
      const response = await gateway.fetch('/v1/chat/completions', { key: ann.key,
        json: { model, messages: [{ role: 'user', content: 'hi' }] } });
      assert.equal(response.status, 200, await response.text());
      return response.headers.get('x-request-id');
    };
    const rows = async () => {
      const { body } = await admin(gateway, 'GET',
        '/api/v1/audit?action=byok_key_accessed&limit=500', { status: 200 });
      return body.data;
    };
    const share = async (wanted) => {
      const reloads = () => gateway.log.split('"event":"reloaded"').length;
      const earlier = reloads();
      await gateway.write_config({ ...config, audit: { byok_key_accessed: wanted } });
      gateway.signal('SIGHUP');
      await until(() => reloads() > earlier, 'the reload');
    };

    test('every use is a row that says who, where and for which request', async () => {
      const requests = [await ask(), await ask(), await ask()];
      const found = await until(async () => {
        const all = await rows();
        return all.length >= 3 && all;
      }, 'the rows');
      assert.equal(found.length, 3, JSON.stringify(found));
      assert.deepEqual(found.map((row) => row.details.request_id).sort(), requests.sort());
      for (const row of found) {
        assert.equal(row.tenant, ann.tenant);
        assert.equal(row.actor, ann.key_id);
        assert.equal(row.resource, `byok/${ann.id}/mistral`);
        assert.equal(row.outcome, 'success');
        assert.equal(row.details.provider, 'mistral');
        assert.equal(row.details.user, ann.id);
        assert.equal(row.details.api_key, 'sk-...****');
        assert.equal(row.details.model, model);
        assert.equal(row.details.key_name, 'laptop');
        assert.ok(row.details.provider_key.length > 0);
      }
      const everything = await admin(gateway, 'GET', '/api/v1/audit?limit=500', { status: 200 });
      assert.ok(JSON.stringify(everything.body).includes('byok_key_added'));
      assert.ok(!JSON.stringify(everything.body).includes(own), 'the key is in no row');
      assert.equal(provider.calls.at(-1).headers.authorization, `Bearer ${own}`);
    });

    test('a share of 0 is none', async () => {
      await share(0);
      const earlier = (await rows()).length;
      for (let i = 0; i < 5; i += 1) await ask();
      await new Promise((resolve) => { setTimeout(resolve, 300); });
      assert.equal((await rows()).length, earlier);
    });

    test('with a small share the first use in an hour is there, and few others', async () => {
      await share(0.01);
      const earlier = (await rows()).length;
      const first = await ask();
      const found = await until(async () => {
        const all = await rows();
        return all.length > earlier && all;
      }, 'the first use');
      assert.equal(found[0].details.request_id, first);
      for (let i = 0; i < 60; i += 1) await ask();
      await new Promise((resolve) => { setTimeout(resolve, 300); });
      // 60 draws at 0.01, and an hour that may begin in between: more than 8 happen once in 1e8.
      assert.ok((await rows()).length - earlier <= 9);
    });

    if (store === 'sqlite') return;  // a file does not go away
    test('requests go on while the database is away, and the rows follow', async () => {
      await share(1);
      const earlier = (await rows()).length;
      await postgres.pause();
      const begun = Date.now();
      const last = await ask();
      const took = Date.now() - begun;
      await postgres.resume();
      assert.ok(took < 2000 * patience, `${took} ms`);
      await until(async () => (await rows()).some((row) => row.details.request_id === last),
        'the row', 30000);
      assert.equal((await rows()).length, earlier + 1);
    });
  });
}
