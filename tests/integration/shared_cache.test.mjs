// Answers that instances share through Redis: one asks the provider, all of them repeat.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { patience } from './lib/patience.mjs';
import { PricedProvider } from './lib/priced_provider.mjs';
import { Postgres, why_missing as no_postgres } from './lib/postgres.mjs';
import { Redis, why_missing as no_redis } from './lib/redis.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

const prices = { input_cost_per_token: 1e-6, output_cost_per_token: 1e-5 };
const installation = 'made-up-installation-key-of-these-tests-0123456789';
const told = () => new Promise((resolve) => { setTimeout(resolve, 60); });
const said = (content, more = {}) => ({ messages: [{ role: 'user', content }], ...more });

describe('shared answers', { skip: no_postgres ?? no_redis ?? false }, () => {
  let postgres;
  let redis;
  let provider;
  let gateways = [];
  const config = (cache = {}) => ({ cache: { enabled: true, ttl: '60s', max_entry_bytes: '64k',
    ...cache }, model_list: [deployment('priced', 'hosted_vllm', 'm', `${provider.url}/v1`,
    prices)], stores: { database: postgres.url, redis: redis.url } });
  const start = (cache) => Tollgate.start(config(cache),
    { env: { TOLLGATE_INSTALLATION_KEY: installation } });
  before(async () => {
    [postgres, redis, provider] = await Promise.all([Postgres.start(), Redis.start(),
      PricedProvider.start()]);
    gateways = await Promise.all([0, 1].map(() => start()));
  });
  after(async () => {
    for (const gateway of gateways) await gateway.stop();
    await provider?.stop();
    await redis?.stop();
    await postgres?.stop();
  });

  const query = (...parts) => execFileSync('redis-cli', ['-p', String(redis.port), '--raw',
    ...parts], { encoding: 'utf8' }).trim();
  async function ask(gateway, json, { key, cache } = {}) {
    const response = await gateway.fetch('/v1/chat/completions', { key, json: { model: 'priced',
      max_tokens: 100, ...json }, headers: cache ? { 'x-tollgate-cache': cache } : {} });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return { text, cache: response.headers.get('x-tollgate-cache'), headers: response.headers };
  }
  async function calls(run) {
    const before_it = provider.calls;
    await run();
    return provider.calls - before_it;
  }
  async function tenant(name, more = {}) {
    const { body } = await admin(gateways[0], 'POST', '/api/v1/tenants', { status: 201,
      json: { name, key: {}, ...more } });
    for (const gateway of gateways) {
      await until(async () => (await gateway.fetch('/v1/models', { key: body.key.key })).status
        === 200, 'the key became valid', 3000);
    }
    return { id: body.id, key: body.key.key };
  }

  for (const stream of [false, true]) {
    test(`what one has asked the other repeats${stream ? ', as a stream' : ''}`, async () => {
      const asked = await calls(async () => {
        const first = await ask(gateways[0], said(`shared ${stream}`, { stream }));
        assert.equal(first.cache, 'miss');
        await told();
        const again = await ask(gateways[1], said(`shared ${stream}`, { stream }));
        assert.equal(again.cache, 'hit');
        assert.equal(again.text, first.text);
        assert.equal(again.headers.get('x-tollgate-attempts'), '0');
        assert.equal(again.headers.get('x-tollgate-model'), 'hosted_vllm/m');
        // From its own memory now.
        const found = query('DBSIZE');
        assert.equal((await ask(gateways[1], said(`shared ${stream}`, { stream }))).cache, 'hit');
        assert.equal(query('DBSIZE'), found);
      });
      assert.equal(asked, 1);
    });
  }

  test('an instance that starts later has them too, and records what a hit saved', async () => {
    const who = await tenant('later');
    await ask(gateways[0], said('before it began'), { key: who.key });
    await told();
    const later = await start();
    try {
      assert.equal((await ask(later, said('before it began'), { key: who.key })).cache, 'hit');
      const row = await until(async () => (await admin(later, 'GET',
        `/api/v1/requests?tenant=${who.id}`)).body.data.find(({ cache }) => cache === 'hit'),
      'the record came');
      assert.equal(row.cost, 0);
      assert.equal(row.list_cost, 0.002);
      assert.equal(row.tokens.input, 1000);
    } finally {
      await later.stop();
    }
  });

  test('tenants do not share, and the tenant stands in the key', async () => {
    const [one, other] = [await tenant('one'), await tenant('other')];
    const asked = await calls(async () => {
      await ask(gateways[0], said('of a tenant'), { key: one.key });
      await told();
      assert.equal((await ask(gateways[1], said('of a tenant'), { key: other.key })).cache, 'miss');
      assert.equal((await ask(gateways[1], said('of a tenant'), { key: one.key })).cache, 'hit');
    });
    assert.equal(asked, 2);
    await told();
    for (const { id } of [one, other]) {
      const keys = query('KEYS', `tollgate:answer:${id}:*`).split('\n');
      assert.equal(keys.length, 1, keys.join());
      assert.match(keys[0], /:[0-9a-f]{32}$/);
      const life = Number(query('PTTL', keys[0]));
      assert.ok(life > 30_000 && life <= 60_000, `${life} ms`);
    }
  });

  test('an answer of one tenant under the key of another is not given', async () => {
    const [one, other] = [await tenant('copied'), await tenant('copier')];
    await ask(gateways[0], said('copied'), { key: one.key });
    await ask(gateways[0], said('copied'), { key: other.key });
    await told();
    const [from] = query('KEYS', `tollgate:answer:${one.id}:*`).split('\n');
    const [to] = query('KEYS', `tollgate:answer:${other.id}:*`).split('\n');
    query('COPY', from, to, 'REPLACE');
    assert.equal((await ask(gateways[1], said('copied'), { key: other.key })).cache, 'miss');
  });

  test('no-store and too long: nothing in Redis; no-cache: replaced on all of them', async () => {
    const who = await tenant('wishes');
    await ask(gateways[0], said('not kept'), { key: who.key, cache: 'no-store' });
    await told();
    assert.equal(query('KEYS', `tollgate:answer:${who.id}:*`), '');
    provider.usage = { prompt_tokens: 1000, completion_tokens: 100 };
    await ask(gateways[0], said('anew'), { key: who.key });
    await told();
    assert.equal((await ask(gateways[1], said('anew'), { key: who.key })).cache, 'hit');
    provider.usage = { prompt_tokens: 2000, completion_tokens: 100 };
    const anew = await ask(gateways[0], said('anew'), { key: who.key, cache: 'no-cache' });
    provider.usage = { prompt_tokens: 1000, completion_tokens: 100 };
    await until(async () => (await ask(gateways[1], said('anew'), { key: who.key })).text
      === anew.text, 'the other has the new one', 2000);
  });

  test('ttl ends an answer on all of them', async () => {
    await ask(gateways[0], said('short'), { cache: 'ttl=1' });
    await told();
    assert.equal((await ask(gateways[1], said('short'))).cache, 'hit');
    await new Promise((resolve) => { setTimeout(resolve, 1100); });
    for (const gateway of [gateways[1], gateways[0]]) {
      assert.equal((await ask(gateway, said('short'), { cache: 'no-store' })).cache, 'miss');
    }
  });

  test('another configuration begins anew; shared: false keeps to itself', async () => {
    await ask(gateways[0], said('configured'));
    await told();
    const other = await start({ ttl: '61s' });
    const alone = await start({ shared: false });
    try {
      assert.equal((await ask(other, said('configured'), { cache: 'no-store' })).cache, 'miss');
      const size = query('DBSIZE');
      assert.equal((await ask(alone, said('configured'))).cache, 'miss');
      assert.equal((await ask(alone, said('configured'))).cache, 'hit');
      await told();
      assert.ok(Number(query('DBSIZE')) <= Number(size));
    } finally {
      await other.stop();
      await alone.stop();
    }
  });

  test('Redis gone and back: answers come from memory meanwhile, at once', async () => {
    await ask(gateways[0], said('in memory'));
    await told();
    await redis.pause();
    const asked = await calls(async () => {
      assert.equal((await ask(gateways[0], said('in memory'))).cache, 'hit');
      for (let i = 0; i < 4; i += 1) {
        const begun = Date.now();
        assert.equal((await ask(gateways[1], said(`alone ${i}`))).cache, 'miss');
        assert.ok(Date.now() - begun < 1500 * patience, `${Date.now() - begun} ms`);
        assert.equal((await ask(gateways[1], said(`alone ${i}`))).cache, 'hit');
      }
    });
    assert.equal(asked, 4);
    await redis.resume();
    for (const gateway of gateways) {
      await until(async () => !/shared state/.test(
        await (await gateway.fetch('/health/readiness')).text()), 'Redis is back', 15_000);
    }
    await until(async () => {
      const text = `after it ${Math.random()}`;
      await ask(gateways[0], said(text));
      await told();
      return (await ask(gateways[1], said(text))).cache === 'hit';
    }, 'answers are shared again', 10_000);
  });
});
