// Copies of requests charge no budget and no credit: not while the gateway runs, and not when it
// reckons from the usage records after a restart. Reports have them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { Postgres, why_missing } from './lib/postgres.mjs';
import { Scripted } from './lib/scripted.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

const price = { input_cost_per_token: 0.000001, output_cost_per_token: 0.00001 };
const chat = ({ json }) => ({ json: { id: 'c', object: 'chat.completion', created: 1,
  model: json.model, choices: [{ index: 0, finish_reason: 'stop',
    message: { role: 'assistant', content: json.model } }],
  usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 } } });
const requests = 6;
const each = 1000 * 0.000001 + 100 * 0.00001;

for (const store of ['sqlite', 'postgres']) {
  describe(`copies and budgets, ${store}`, { skip: store === 'postgres' && why_missing }, () => {
    let provider, postgres, gateway, key, user, tenant, budget;
    before(async () => {
      provider = await Scripted.start(chat);
      if (store === 'postgres') postgres = await Postgres.start();
      gateway = await Tollgate.start({ stores: { database: postgres?.url ?? 'sqlite' },
        model_list: [deployment('main', 'hosted_vllm', 'main-model', `${provider.url}/v1`, price),
          deployment('copy', 'hosted_vllm', 'copy-model', `${provider.url}/v1`, price)],
        routing: { rules: [{ name: 'all', match: { model: 'main' },
          use: { model: 'main', shadow: { model: 'copy', share: 1 } } }] } });
      const made = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
        json: { name: 'acme' } });
      tenant = made.body.id;
      user = (await admin(gateway, 'POST', '/api/v1/users', { status: 201,
        json: { tenant, name: 'ann' } })).body.id;
      key = (await admin(gateway, 'POST', '/api/v1/keys', { status: 201,
        json: { tenant, user } })).body.key;
      budget = (await admin(gateway, 'POST', '/api/v1/budgets', { status: 201,
        json: { tenant, kind: 'tenant', subject: tenant, period: 'monthly', limit: 10 } })).body.id;
      await admin(gateway, 'POST', '/api/v1/llm/credits', {
        json: { user_id: user, amount: 5, note: 'start' } });
    });
    after(async () => {
      await gateway?.stop();
      await postgres?.stop();
      await provider?.stop();
    });
    const spent = async () => {
      const { body } = await admin(gateway, 'GET', `/api/v1/budgets/${budget}`, { status: 200 });
      return Number(body.state.spent);
    };
    const near = (found, wanted, what) => assert.ok(Math.abs(found - wanted) < 1e-9,
      `${what}: ${found} instead of ${wanted}`);
    const rows = async () => (await admin(gateway, 'GET', '/api/v1/requests?limit=100',
      { status: 200 })).body.data;

    test('the budget has what the client was answered with', async () => {
      for (let i = 0; i < requests; i += 1) {
        const response = await gateway.fetch('/v1/chat/completions', { key,
          json: { model: 'main', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] } });
        assert.equal(response.status, 200, await response.text());
      }
      const all = await until(async () => {
        const found = await rows();
        return found.length === 2 * requests && found;
      }, 'the records');
      const copies = all.filter(({ strategy }) => strategy === 'shadow');
      assert.equal(copies.length, requests);
      for (const copy of copies) near(Number(copy.cost), each, 'the cost of a copy');
      near(await spent(), requests * each, 'spent');
    });

    test('and has the same after a restart', async () => {
      gateway.signal('SIGTERM');
      await gateway.exited;
      gateway.ended = undefined;
      gateway.spawn({}, []);
      await gateway.wait_ready();
      near(await spent(), requests * each, 'spent');
    });

    test('credits are those of the answers; reports have the copies', async () => {
      const { body } = await admin(gateway, 'GET', `/api/v1/llm/credits?user_id=${user}`,
        { status: 200 });
      near(Number(body.credits_remaining), 5 - requests * each, JSON.stringify(body));
      const usage = await admin(gateway, 'GET',
        `/api/v1/reports/usage?group_by=model&tenant=${tenant}`, { status: 200 });
      assert.match(JSON.stringify(usage.body), /copy-model/);
    });
  });
}
