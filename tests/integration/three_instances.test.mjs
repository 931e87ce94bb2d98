// Three instances that share PostgreSQL and Redis are one gateway: budgets, limits, revoked keys,
// and what becomes of an instance that dies.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { patience } from './lib/patience.mjs';
import { Postgres, why_missing as no_postgres } from './lib/postgres.mjs';
import { PricedProvider } from './lib/priced_provider.mjs';
import { Redis, why_missing as no_redis } from './lib/redis.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

// 1,000 input tokens at 1 USD per million and 100 output tokens at 10: 0.002 USD a request.
const prices = { input_cost_per_token: 1e-6, output_cost_per_token: 1e-5 };
const installation = 'made-up-installation-key-of-these-tests-0123456789';

describe('three instances', { skip: no_postgres ?? no_redis ?? false }, () => {
  let postgres;
  let redis;
  let provider;
  let failing;
  let gateways = [];
  before(async () => {
    [postgres, redis, provider, failing] = await Promise.all([Postgres.start(), Redis.start(),
      PricedProvider.start(), PricedProvider.start()]);
    // All at once: one of them migrates, the others wait for it.
    gateways = await Promise.all([0, 1, 2].map(() => Tollgate.start({
      model_list: [deployment('priced', 'hosted_vllm', 'm', `${provider.url}/v1`, prices),
        deployment('shaky', 'hosted_vllm', 'broken', `${failing.url}/v1`, prices),
        deployment('shaky', 'hosted_vllm', 'sound', `${provider.url}/v1`, prices)],
      stores: { database: postgres.url, redis: redis.url } },
    { env: { TOLLGATE_INSTALLATION_KEY: installation } })));
  });
  after(async () => {
    for (const gateway of gateways) await gateway.stop();
    await provider?.stop();
    await failing?.stop();
    await redis?.stop();
    await postgres?.stop();
  });

  const accepted = async (gateway, key) =>
    (await gateway.fetch('/v1/models', { key })).status === 200;
  let names = 0;
  /** A tenant, made on the first instance and known to all. */
  async function tenant({ key = {}, ...more } = {}) {
    names += 1;
    const { body } = await admin(gateways[0], 'POST', '/api/v1/tenants', { status: 201,
      json: { name: `shared-${names}`, key, ...more } });
    const begun = Date.now();
    for (const gateway of gateways) {
      await until(() => accepted(gateway, body.key.key), 'the key became valid', 3000);
    }
    return { id: body.id, key: body.key.key, key_id: body.key.id, budget_id: body.budget?.id,
      known_after_ms: Date.now() - begun };
  }
  async function ask(gateway, key, { max_tokens = 100, content = 'count', signal } = {}) {
    const response = await gateway.fetch('/v1/chat/completions', { key, signal, json: {
      model: 'priced', max_tokens, messages: [{ role: 'user', content }] } });
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  test('500 concurrent requests over three on a budget worth 10: none beyond it', async () => {
    // Priced as long as they are: 4,000 characters of words are at most 1,000 tokens.
    const content = 'word '.repeat(800);
    const who = await tenant({ budget: { limit: 0.02 } });
    provider.delay_ms = 60;
    const answers = await Promise.all(Array.from({ length: 500 }, (_, i) =>
      ask(gateways[i % 3], who.key, { content })));
    provider.delay_ms = 0;
    const count = (status) => answers.filter((answer) => answer.status === status).length;
    assert.ok(count(200) >= 1 && count(200) <= 10, `${count(200)} answered`);
    assert.equal(count(200) + count(402), 500,
      JSON.stringify(answers.find(({ status }) => status !== 200 && status !== 402)));
    // What is left is usable, one after the other, on any instance.
    let answered = count(200);
    for (let i = 0; i < 12; i += 1) {
      if ((await ask(gateways[i % 3], who.key, { content })).status === 200) answered += 1;
    }
    assert.ok(answered >= 8 && answered <= 10, `${answered} in all`);
    for (const gateway of gateways) {
      const shown = async () => (await admin(gateway, 'GET',
        `/api/v1/budgets/${who.budget_id}`)).body.state;
      await until(async () => Math.abs((await shown()).spent - answered * 0.002) < 1e-9,
        `${answered} requests are what was spent`, 3000);
      assert.equal((await shown()).held, 0);
    }
  });

  test('requests per minute hold within 1 % over three instances', async () => {
    const who = await tenant({ key: { limits: { requests_per_minute: 300 } } });
    const answers = await Promise.all(Array.from({ length: 600 }, (_, i) =>
      ask(gateways[i % 3], who.key)));
    const answered = answers.filter(({ status }) => status === 200).length;
    assert.ok(answered <= 300 && answered >= 297, `${answered} of 600 answered`);
    assert.equal(answers.filter(({ status }) => status === 429).length, 600 - answered);
  });

  test('a key revoked on one is refused on the others within a second', async () => {
    const who = await tenant();
    await admin(gateways[1], 'DELETE', `/api/v1/keys/${who.key_id}`, { status: 200 });
    const revoked = Date.now();
    for (const gateway of gateways) {
      await until(async () => !await accepted(gateway, who.key), 'the key was refused', 1000);
    }
    assert.ok(Date.now() - revoked < 1000 * patience, `${Date.now() - revoked} ms`);
  });

  test('a circuit that opens on one is open on the others within a second', async () => {
    const who = await tenant();
    const shaky = (gateway) => gateway.fetch('/v1/chat/completions', { key: who.key, json: {
      model: 'shaky', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] } });
    failing.status = 500;
    for (let i = 0; i < 12; i += 1) assert.equal((await shaky(gateways[0])).status, 200);
    const known = failing.calls;
    assert.ok(known >= 5, `${known} attempts`);
    await until(async () => {
      for (const gateway of gateways.slice(1)) {
        const before_calls = failing.calls;
        for (let i = 0; i < 4; i += 1) await shaky(gateway);
        if (failing.calls > before_calls + 1) return false;
      }
      return true;
    }, 'the others leave it alone', 1500);
    failing.status = 200;
  });

  test('a lost notice is mended within 30 s', async () => {
    const who = await tenant();
    // As another instance writes, but with nobody told: the counter moves, no NOTIFY.
    postgres.query(`UPDATE api_keys SET revoked = 1 WHERE id = '${who.key_id}'`);
    postgres.query('UPDATE changes SET version = version + 1');
    const begun = Date.now();
    for (const gateway of gateways) {
      await until(async () => !await accepted(gateway, who.key), 'the key was refused', 31_000);
    }
    assert.ok(Date.now() - begun < 31_000 * patience);
  });

  test('Redis gone: limits fall to a share of each, readiness and a metric say so', async () => {
    const who = await tenant({ key: { limits: { requests_per_minute: 90 } } });
    await redis.pause();
    await until(async () => /shared state/.test(
      await (await gateways[0].fetch('/health/readiness')).text()), 'readiness says so', 10_000);
    const metrics = await (await fetch(gateways[0].metrics_url)).text();
    assert.match(metrics, /^tollgate_shared_state_up 0$/m);
    const answers = await Promise.all(Array.from({ length: 180 }, (_, i) =>
      ask(gateways[i % 3], who.key)));
    const answered = answers.filter(({ status }) => status === 200).length;
    assert.ok(answered > 0 && answered <= 90, `${answered} answered without Redis`);
    await redis.resume();
    for (const gateway of gateways) {
      await until(async () => !/shared state/.test(
        await (await gateway.fetch('/health/readiness')).text()), 'Redis is back', 15_000);
    }
    assert.equal((await ask(gateways[0], (await tenant()).key)).status, 200);
  });

  test('kill -9 of one with requests open: its holds and slots are released', async () => {
    const who = await tenant({ budget: { limit: 0.02 },
      key: { limits: { concurrent_requests: 8 } } });
    let open;
    provider.gate = new Promise((resolve) => { open = resolve; });
    const content = 'word '.repeat(800);
    const hung = Array.from({ length: 8 }, () => ask(gateways[2], who.key, { content })
      .catch(() => undefined));
    const budget = async () => (await admin(gateways[0], 'GET',
      `/api/v1/budgets/${who.budget_id}`)).body.state;
    await until(async () => (await budget()).held > 0.01, 'holds are seen elsewhere', 5000);
    assert.notEqual((await ask(gateways[0], who.key, { content })).status, 200);
    gateways[2].signal('SIGKILL');
    await gateways[2].exited;
    open();
    provider.gate = undefined;
    await Promise.all(hung);
    await until(async () => (await budget()).held === 0, 'the dead one\'s holds are gone', 60_000);
    for (let i = 0; i < 4; i += 1) {
      assert.equal((await ask(gateways[i % 2], who.key, { content })).status, 200);
    }
    gateways[2].ended = undefined;
    gateways[2].spawn({ TOLLGATE_INSTALLATION_KEY: installation }, []);
    await gateways[2].wait_ready();
    assert.equal((await ask(gateways[2], who.key, { content })).status, 200);
  });
});
