// Nothing that a client saw end is lost: through kill -9, a database that is away, and a full disk.
// TOLLGATE_KILLS and TOLLGATE_AWAY_SECONDS make it longer; TOLLGATE_RATE is requests per second.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';
import { until } from './lib/admin.mjs';
import { Postgres, why_missing as no_postgres } from './lib/postgres.mjs';
import { patience } from './lib/patience.mjs';
import { PricedProvider } from './lib/priced_provider.mjs';
import { Tollgate, deployment, master_key } from './lib/tollgate.mjs';

const kills = Number(process.env.TOLLGATE_KILLS ?? 5);
const away_seconds = Number(process.env.TOLLGATE_AWAY_SECONDS ?? 6);
const rate = Number(process.env.TOLLGATE_RATE ?? 300);
const prices = { input_cost_per_token: 1e-6, output_cost_per_token: 1e-5 };
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Sends requests at a rate, streamed and not, until stopped; remembers which were seen to end. */
class Load {
  constructor(gateway) {
    this.gateway = gateway;
    this.seen = [];
    this.refused = [];
    this.open = 0;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 200 });
    this.sent = 0;
    const begun = Date.now();
    this.timer = setInterval(() => {
      const due = Math.floor(((Date.now() - begun) / 1000) * rate);
      for (; this.sent < due; this.sent += 1) if (this.open < 180) this.#one(this.sent % 2 === 0);
    }, 5);
  }

  #one(stream) {
    this.open += 1;
    const done = () => { this.open -= 1; };
    const request = http.request(`${this.gateway.url}/v1/chat/completions`, { method: 'POST',
      agent: this.agent, headers: { authorization: `Bearer ${master_key}`,
        'content-type': 'application/json' } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (piece) => { body += piece; });
      response.on('error', () => {});
      response.on('end', () => {
        const whole = response.complete && (!stream || body.includes('data: [DONE]'));
        if (!whole) return;
        const id = response.headers['x-request-id'];
        if (response.statusCode === 200) this.seen.push(id);
        else this.refused.push({ status: response.statusCode, body });
      });
      response.on('close', done);
    });
    request.on('error', () => { if (!request.res) done(); });
    request.end(JSON.stringify({ model: 'priced', stream, max_tokens: 100,
      messages: [{ role: 'user', content: 'count' }] }));
  }

  async stop() {
    if (this.stopped) return;
    this.stopped = true;
    clearInterval(this.timer);
    await until(() => this.open === 0, 'open requests ended', 20_000).catch(() => {});
    this.agent.destroy();
  }
}

/** The ids of all request rows, by how often each is there. */
async function rows_of(gateway) {
  const response = await gateway.fetch('/api/v1/llm/usage/export?format=jsonl');
  assert.equal(response.status, 200, `export: ${response.status}`);
  const ids = new Map();
  for (const line of (await response.text()).split('\n')) {
    if (line === '') continue;
    const { request_id: id } = JSON.parse(line);
    ids.set(id, (ids.get(id) ?? 0) + 1);
  }
  return ids;
}

async function shipped(gateway) {
  await until(async () => {
    const text = await (await fetch(gateway.metrics_url)).text();
    return Number(/^tollgate_journal_lag_seconds (\S+)$/m.exec(text)?.[1]) === 0;
  }, 'everything is in the database', 60_000);
}

/** Each answer seen has one row; what is there beyond them is at most `in_flight`. */
function check_rows(ids, seen, in_flight) {
  const missing = seen.filter((id) => !ids.has(id));
  assert.deepEqual(missing.slice(0, 5), [], `${missing.length} of ${seen.length} have no row`);
  assert.equal(new Set(seen).size, seen.length);
  const twice = [...ids].filter(([, count]) => count !== 1);
  assert.deepEqual(twice.slice(0, 5), [], `${twice.length} rows are there twice`);
  const beyond = ids.size - seen.length;
  assert.ok(beyond <= in_flight, `${beyond} rows beyond ${seen.length}, ${in_flight} in flight`);
}

describe('what clients saw end is recorded', () => {
  let provider;
  // What the present test has started; ended also when it fails.
  let started = [];
  before(async () => { provider = await PricedProvider.start({ delay_ms: 10 }); });
  afterEach(async () => {
    for (const one of started.reverse()) await one.stop();
    started = [];
  });
  after(async () => { await provider?.stop(); });
  async function start(what) {
    const one = await what;
    started.push(one);
    return one;
  }
  const config = (stores, server) => ({ logging: { access: false }, ...(server ? { server } : {}),
    model_list: [deployment('priced', 'hosted_vllm', 'm', `${provider.url}/v1`, prices)],
    ...(stores ? { stores } : {}) });

  test(`kill -9 at random, ${kills} times under load`,
    { timeout: (kills * 8000 + 120_000) * patience }, async (t) => {
      const gateway = await start(Tollgate.start(config()));
      const load = await start(new Load(gateway));
      let in_flight = 0;
      for (let i = 0; i < kills; i += 1) {
        await pause(200 + Math.random() * 1500);
        gateway.signal('SIGKILL');
        in_flight += load.open;
        await gateway.exited;
        gateway.ended = undefined;
        gateway.spawn({}, []);
        await gateway.wait_ready();
      }
      await pause(500);
      await load.stop();
      await shipped(gateway);
      const ids = await rows_of(gateway);
      check_rows(ids, load.seen, in_flight);
      assert.deepEqual(load.refused.slice(0, 3), []);
      assert.ok(load.seen.length > kills * 20 / patience, `${load.seen.length} answers`);
      t.diagnostic(`${load.seen.length} answers seen, ${ids.size} rows, ${kills} kills, ` +
        `${in_flight} in flight at them`);
    });

  test(`PostgreSQL away for ${away_seconds} s under load`, { skip: no_postgres ?? false,
    timeout: (away_seconds * 1000 + 120_000) * patience }, async (t) => {
    const postgres = await start(Postgres.start());
    const gateway = await start(Tollgate.start(config({ database: postgres.url })));
    const load = await start(new Load(gateway));
    await pause(1000);
    await postgres.pause();
    const before = load.seen.length;
    await pause(away_seconds * 1000);
    const during = load.seen.length - before;
    assert.ok(during > away_seconds * rate * 0.3 / patience,
      `${during} answers while it was away`);
    assert.match(await (await gateway.fetch('/health/readiness')).text(), /database/);
    await postgres.resume();
    await pause(1000);
    await load.stop();
    await shipped(gateway);
    const ids = await rows_of(gateway);
    check_rows(ids, load.seen, 0);
    assert.deepEqual(load.refused.slice(0, 3), []);
    t.diagnostic(`${load.seen.length} answers seen, ${during} of them while it was away`);
  });

  test('a full journal refuses new requests clearly and loses nothing', {
    skip: no_postgres ?? false, timeout: 120_000 * patience }, async () => {
    const postgres = await start(Postgres.start());
    const gateway = await start(Tollgate.start(config({ database: postgres.url,
      journal: { max: '4MiB', segment: '1MiB' } }, { workers: 2 })));
    const load = await start(new Load(gateway));
    await pause(500);
    await postgres.pause();
    await until(() => load.refused.length > 0, 'requests are refused', 60_000);
    const said = JSON.parse(load.refused[0].body);
    assert.equal(load.refused[0].status, 503);
    assert.match(said.error.message, /usage records cannot be kept.*stores\.journal/);
    await postgres.resume();
    const refused = load.refused.length;
    await until(async () => (await gateway.fetch('/v1/chat/completions', { json: {
      model: 'priced', messages: [{ role: 'user', content: 'again' }] } })).status === 200,
    'requests are answered again', 30_000);
    await load.stop();
    await shipped(gateway);
    const ids = await rows_of(gateway);
    // The ones of the wait above are not the load's.
    check_rows(ids, load.seen, 5);
    assert.ok(load.refused.length >= refused);
  });
});
