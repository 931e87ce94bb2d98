// What instances that share nothing but Redis agree on: where conversations are, and which
// deployments are left alone. Each has a database of its own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { CachingProvider } from './lib/caching_provider.mjs';
import { patience } from './lib/patience.mjs';
import { PricedProvider } from './lib/priced_provider.mjs';
import { Redis, why_missing } from './lib/redis.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

const words = (count) => 'some words of a long prompt. '.repeat(count);
// What is told in the background has arrived by then.
const told = () => new Promise((resolve) => { setTimeout(resolve, 60); });

/** Answers Responses with reasoning that is encrypted, and no word of a cache. */
class ReasoningProvider {
  static async start() {
    const provider = new ReasoningProvider();
    provider.calls = 0;
    provider.server = http.createServer(async (request, response) => {
      let body = '';
      for await (const piece of request) body += piece;
      provider.calls += 1;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: `resp_${provider.calls}`, object: 'response',
        created_at: 1, status: 'completed', model: JSON.parse(body).model, output: [
          { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAA-made-up' },
          { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed',
            content: [{ type: 'output_text', text: 'thought', annotations: [] }] }],
        usage: { input_tokens: 20, output_tokens: 5, total_tokens: 25,
          input_tokens_details: { cached_tokens: 0 },
          output_tokens_details: { reasoning_tokens: 2 } } }));
    });
    await new Promise((resolve) => { provider.server.listen(0, '127.0.0.1', resolve); });
    provider.url = `http://127.0.0.1:${provider.server.address().port}`;
    return provider;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => { this.server.close(resolve); });
  }
}

describe('instances that share Redis alone', { skip: why_missing ?? false }, () => {
  let redis;
  let cached = [];
  let thinking = [];
  let sound;
  let shaky;
  let gateways = [];
  before(async () => {
    redis = await Redis.start();
    cached = await Promise.all([0, 1].map(() => CachingProvider.start()));
    thinking = await Promise.all([0, 1].map(() => ReasoningProvider.start()));
    [sound, shaky] = await Promise.all([0, 1].map(() => PricedProvider.start()));
    const shared = { model_list: [
      ...cached.map((one, i) => deployment('chat', 'anthropic', `model-${i}`, one.url)),
      ...thinking.map((one, i) => deployment('thinker', 'openai', `thinker-${i}`,
        `${one.url}/v1`)),
      deployment('work', 'hosted_vllm', 'broken', `${shaky.url}/v1`),
      deployment('work', 'hosted_vllm', 'sound', `${sound.url}/v1`)],
    stores: { redis: redis.url } };
    gateways = await Promise.all([0, 1, 2].map(() => Tollgate.start(shared)));
  });
  after(async () => {
    for (const gateway of gateways) await gateway.stop();
    for (const one of [...cached, ...thinking, sound, shaky]) await one?.stop();
    await redis?.stop();
  });

  const keys = (pattern) => execFileSync('redis-cli', ['-p', String(redis.port), '--raw', 'KEYS',
    pattern], { encoding: 'utf8' }).split('\n').filter(Boolean);
  async function turn(gateway, { session, first = 'hello', turns = 1, key } = {}) {
    const messages = [{ role: 'user', content: first }];
    for (let i = 1; i < turns; i += 1) {
      messages.push({ role: 'assistant', content: 'an answer' },
        { role: 'user', content: `turn ${i}` });
    }
    const begun = Date.now();
    const response = await gateway.fetch('/v1/messages', { key, json: { model: 'chat',
      max_tokens: 50, system: words(80), messages },
    headers: session ? { 'x-claude-code-session-id': session } : {} });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return { where: response.headers.get('x-tollgate-model'), ms: Date.now() - begun };
  }
  const lookups = async (gateway, kind, result) => {
    const text = await (await fetch(gateway.metrics_url)).text();
    const found = text.match(new RegExp(
      `^tollgate_shared_lookups_total\\{kind="${kind}",result="${result}"\\} (\\d+)`, 'm'));
    return Number(found?.[1] ?? 0);
  };

  test('a session stays with its deployment whatever instance its turns land on', async () => {
    const places = new Set();
    for (let session = 0; session < 6; session += 1) {
      const where = [];
      // Five, so that an instance has not always seen an even number before a session begins there.
      for (let i = 0; i < 5; i += 1) {
        where.push((await turn(gateways[(session + i) % 3],
          { session: `session-${session}`, turns: i + 1 })).where);
        await told();
      }
      assert.equal(new Set(where).size, 1, `session ${session}: ${where}`);
      places.add(where[0]);
    }
    assert.equal(places.size, 2, 'new sessions take turns between the deployments');
  });

  test('so does a conversation that is known by its first words alone', async () => {
    for (let conversation = 0; conversation < 4; conversation += 1) {
      const where = [];
      for (let i = 0; i < 4; i += 1) {
        where.push((await turn(gateways[i % 3],
          { first: `${words(3)} ${conversation}`, turns: i + 1 })).where);
        await told();
      }
      assert.equal(new Set(where).size, 1, `conversation ${conversation}: ${where}`);
    }
  });

  test('Redis holds hashes: no session, no words, and the tenant in the key', async () => {
    await turn(gateways[0], { session: 'session-to-look-for', first: 'secret-first-words' });
    await told();
    const found = keys('tollgate:conversation:*');
    assert.ok(found.length >= 1);
    for (const key of found) assert.match(key, /^tollgate:conversation:[^:]*:[0-9a-f]{32}$/);
    for (const key of found) {
      const value = execFileSync('redis-cli', ['-p', String(redis.port), 'GET', key],
        { encoding: 'utf8' });
      assert.doesNotMatch(value, /session-to-look-for|secret-first-words|sk-provider/);
      const life = Number(execFileSync('redis-cli', ['-p', String(redis.port), 'PTTL', key]));
      assert.ok(life > 3_500_000 && life <= 3_600_000, `${life} ms`);
    }
  });

  test('conversations of tenants never meet, however their sessions are called', async () => {
    const made = [];
    for (const name of ['one', 'two']) {
      const { body } = await admin(gateways[0], 'POST', '/api/v1/tenants', { status: 201,
        json: { name: `tenant-${name}`, key: {} } });
      await until(async () => (await gateways[0].fetch('/v1/models', { key: body.key.key }))
        .status === 200, 'the key became valid', 3000);
      made.push({ id: body.id, key: body.key.key });
    }
    for (const { key } of made) await turn(gateways[0], { session: 'the same', key });
    await told();
    for (const { id } of made) assert.equal(keys(`tollgate:conversation:${id}:*`).length, 1);
  });

  test('one that has moved on an instance has moved on all of them', async () => {
    const session = 'moving';
    const before_it = (await turn(gateways[0], { session })).where;
    await told();
    assert.equal((await turn(gateways[1], { session, turns: 2 })).where, before_it);
    await told();
    // Its deployment is refused on the second instance: by a provider that is asked for.
    const other = before_it.endsWith('-0') ? 1 : 0;
    const place = cached[1 - other];
    const { url } = place;
    await place.stop();
    const after_it = (await turn(gateways[1], { session, turns: 3 })).where;
    assert.equal(after_it, `anthropic/model-${other}`);
    await until(async () => (await turn(gateways[0], { session, turns: 4 })).where === after_it
      && (await turn(gateways[2], { session, turns: 5 })).where === after_it,
    'all know that it has moved', 2000);
    await new Promise((resolve) => {
      place.server.listen(Number(new URL(url).port), '127.0.0.1', resolve);
    });
  });

  test('encrypted reasoning goes back to where it came from', async () => {
    const ask = async (gateway, input, more = {}) => {
      const response = await gateway.fetch('/v1/responses', { json: { model: 'thinker',
        store: false, include: ['reasoning.encrypted_content'], instructions: 'think', input,
        ...more } });
      assert.equal(response.status, 200, await response.clone().text());
      const body = await response.json();
      return { where: response.headers.get('x-tollgate-model'), output: body.output };
    };
    for (let conversation = 0; conversation < 4; conversation += 1) {
      let input = [{ role: 'user', content: `riddle ${conversation}` }];
      const where = [];
      for (let i = 0; i < 4; i += 1) {
        const answer = await ask(gateways[i % 3], input);
        where.push(answer.where);
        input = [...input, ...answer.output, { role: 'user', content: 'go on' }];
        await told();
      }
      assert.equal(new Set(where).size, 1, `conversation ${conversation}: ${where}`);
    }
  });

  test('a circuit that opens on one instance is open on the others within a second', async () => {
    const ask = async (gateway) => {
      const response = await gateway.fetch('/v1/chat/completions', { json: { model: 'work',
        max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] } });
      assert.equal(response.status, 200, await response.text());
    };
    shaky.status = 500;
    const opened = async (gateway) => /^tollgate_circuit_open\{.*model="broken"\} 1$/m.test(
      await (await fetch(gateway.metrics_url)).text());
    await until(async () => {
      await ask(gateways[0]);
      return opened(gateways[0]);
    }, 'the circuit opened');
    const known = Date.now();
    for (const gateway of gateways) {
      await until(() => opened(gateway), 'the others know', 1000);
    }
    assert.ok(Date.now() - known < 1000 * patience);
    const before_it = shaky.calls;
    for (const gateway of gateways) for (let i = 0; i < 3; i += 1) await ask(gateway);
    assert.ok(shaky.calls - before_it <= 2, `${shaky.calls - before_it} calls`);
    shaky.status = 200;
    // The first whose cool-down has passed finds out, the others believe it.
    await until(async () => {
      await ask(gateways[1]);
      return !await opened(gateways[1]);
    }, 'the circuit closed', 15_000);
    for (const gateway of gateways) {
      await until(async () => !await opened(gateway), 'the others know', 1000);
    }
  });

  test('Redis gone: each goes on by itself, says so, and shares again later', async () => {
    const session = 'through an outage';
    const where = (await turn(gateways[0], { session })).where;
    await told();
    const lost = () => gateways[1].log.split('"redis_lost"').length - 1;
    const lost_before = lost();
    await redis.pause();
    for (let i = 0; i < 4; i += 1) {
      // Here it is known; elsewhere a request goes as the strategy says, without waiting long.
      assert.equal((await turn(gateways[0], { session, turns: i + 2 })).where, where);
      assert.ok((await turn(gateways[1], { session: `other ${i}` })).ms < 1500 * patience);
    }
    await until(async () => await lookups(gateways[1], 'conversation', 'lost') > 0,
      'the metric tells of it', 5000);
    await until(async () => /^tollgate_shared_state_up 0$/m.test(
      await (await fetch(gateways[1].metrics_url)).text()), 'so does that of the limits');
    await until(() => lost() > lost_before, 'the log tells of it', 5000);
    assert.equal(lost() - lost_before, 1, 'said once');
    await redis.resume();
    for (const gateway of gateways) {
      await until(async () => !/shared state/.test(
        await (await gateway.fetch('/health/readiness')).text()), 'Redis is back', 15_000);
    }
    // Told again within seconds, also where nothing has changed.
    let turns = 6;
    await until(async () => {
      turns += 1;
      assert.equal((await turn(gateways[0], { session, turns })).where, where);
      return keys('tollgate:conversation:*').length > 0;
    }, 'the conversation is told again', 15_000);
    await told();
    assert.equal((await turn(gateways[2], { session, turns: turns + 1 })).where, where);
  });
});
