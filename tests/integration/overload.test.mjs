// More requests than places: who waits, for how long, and who is refused.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { PricedProvider } from './lib/priced_provider.mjs';
import { RawClient, message_body, request_text } from './lib/raw_client.mjs';
import { Tollgate, deployment, master_key } from './lib/tollgate.mjs';

const config = (url, limits, more = {}) => ({
  model_list: [deployment('model', 'hosted_vllm', 'm', `${url}/v1`)],
  server: { workers: 2, limits, ...more } });

/** Asks once; what came of it and how long it took. */
async function ask(gateway, key, { path = '/v1/chat/completions', signal } = {}) {
  const started = performance.now();
  const response = await gateway.fetch(path, { key, signal,
    json: { model: 'model', max_tokens: 10, messages: [{ role: 'user', content: 'hello' }] } });
  const body = await response.json();
  return { status: response.status, body, retry_after: response.headers.get('retry-after'),
    ms: performance.now() - started };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const with_status = (answers, status) => answers.filter((answer) => answer.status === status);

/** The value of one series. */
async function metric(gateway, name) {
  // Metrics may be served a moment after the first requests are.
  const text = await fetch(gateway.metrics_url).then((response) => response.text(), () => '');
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}
const running = (gateway) => metric(gateway, 'tollgate_requests_in_flight');
const waiting = (gateway) => metric(gateway, 'tollgate_admission_waiting');
const refused = async (gateway, reason) => metric(gateway,
  `tollgate_admission_refused_total{reason="${reason}"}`);

/** Lets the provider answer when told to. */
function close_gate(provider) {
  let open;
  provider.gate = new Promise((resolve) => { open = resolve; });
  return () => { provider.gate = undefined; open(); };
}

/** A tenant's key, ready to be used. */
async function tenant(gateway, name) {
  const { body } = await admin(gateway, 'POST', '/api/v1/tenants',
    { status: 201, json: { name, key: {} } });
  const { key } = body.key;
  await until(async () => (await gateway.fetch('/v1/models', { key })).status === 200,
    'the key became valid', 2000);
  return key;
}

function use_gateway(limits, more) {
  const stack = {};
  before(async () => {
    stack.provider = await PricedProvider.start();
    stack.gateway = await Tollgate.start(config(stack.provider.url, limits, more));
    stack.first = await tenant(stack.gateway, 'first');
    stack.second = await tenant(stack.gateway, 'second');
  });
  afterEach(async () => {
    await until(async () => await running(stack.gateway) === 0, 'all places were given back');
    assert.equal(await waiting(stack.gateway), 0);
    stack.provider.most_open = 0;
  });
  after(async () => {
    await stack.gateway?.stop();
    await stack.provider?.stop();
  });
  return stack;
}

describe('a flood of one tenant', () => {
  const places = 20;
  const service_ms = 200;
  const stack = use_gateway({ in_flight: places, queue_timeout: 30 });

  test('delays itself, and another tenant by about one turn', async () => {
    const { gateway, provider, first, second } = stack;
    provider.delay_ms = service_ms;
    const flood = Promise.all(Array.from({ length: 300 }, () => ask(gateway, first)));
    let flooding = true;
    flood.finally(() => { flooding = false; });
    await until(async () => await waiting(gateway) >= 200, 'the flood is there');
    const others = [];
    while (flooding && others.length < 5) {
      const called = provider.calls;
      const answer = await ask(gateway, second);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      others.push({ ...answer, overtaken_by: provider.calls - called - 1 });
    }
    const answers = await flood;
    provider.delay_ms = 0;
    assert.equal(with_status(answers, 200).length, 300, 'everybody is answered in the end');
    assert.equal(others.length, 5, 'the other tenant asked while the flood lasted');
    assert.ok(provider.most_open <= places, `${provider.most_open} at a time`);
    // While it waits and is served, each place changes hands a time or two.
    for (const answer of others) {
      assert.ok(answer.overtaken_by <= 3 * places, `${answer.overtaken_by} came first`);
    }
    const typical = median(others.map(({ ms }) => ms));
    const flooded = median(answers.map(({ ms }) => ms));
    assert.ok(typical < flooded / 2, `${typical} ms beside the flood's ${flooded} ms`);
    // A turn of waiting and one of service, with room for a busy machine.
    assert.ok(typical < 4 * service_ms, `${typical} ms for ${service_ms} ms of service`);
  });
});

describe('queues', () => {
  const stack = use_gateway({ in_flight: 4, queue_per_tenant: 8, queue_timeout: 30 });

  test('a tenant whose queue is full is told 429, and another one waits', async () => {
    const { gateway, provider, first, second } = stack;
    const open = close_gate(provider);
    const flood = Promise.all(Array.from({ length: 40 }, () => ask(gateway, first)));
    await until(async () => await refused(gateway, 'tenant_queue') === 28, 'the rest was refused');
    assert.equal(await running(gateway), 4);
    assert.equal(await waiting(gateway), 8);
    const anthropic = await ask(gateway, first, { path: '/v1/messages' });
    assert.equal(anthropic.status, 429);
    assert.equal(anthropic.body.error.type, 'rate_limit_error');
    const other = ask(gateway, second);
    await until(async () => await waiting(gateway) === 9, 'the other one waits');
    open();
    const answers = await flood;
    assert.equal(with_status(answers, 200).length, 12);
    for (const answer of with_status(answers, 429)) {
      assert.equal(answer.body.error.type, 'rate_limit_error');
      assert.match(answer.body.error.message, /server\.limits\.queue_per_tenant/);
      assert.ok(Number(answer.retry_after) >= 1, `retry-after: ${answer.retry_after}`);
    }
    assert.equal((await other).status, 200);
    assert.equal(provider.most_open, 4);
  });

  test('who leaves while waiting frees the turn at once and never reaches a provider', async () => {
    const { gateway, provider, first, second } = stack;
    const open = close_gate(provider);
    const called = provider.calls;
    const holding = Array.from({ length: 4 }, () => ask(gateway, first));
    await until(async () => await running(gateway) === 4, 'all places are taken');
    const leaving = new AbortController();
    const gone = Array.from({ length: 6 }, () => assert.rejects(
      ask(gateway, first, { signal: leaving.signal }), { name: 'AbortError' }));
    const staying = ask(gateway, second);
    await until(async () => await waiting(gateway) === 7, 'they wait');
    leaving.abort();
    await Promise.all(gone);
    await until(async () => await waiting(gateway) === 1, 'only one still waits', 2000);
    open();
    assert.equal((await staying).status, 200);
    assert.equal(with_status(await Promise.all(holding), 200).length, 4);
    assert.equal(provider.calls, called + holding.length + 1);
    await until(() => gateway.access_log.filter((line) => line.status === 499).length === 6,
      'those who left are in the log');
  });

  test('a request waits before its body is read, and its body may come later', async () => {
    const { gateway, provider, first } = stack;
    const open = close_gate(provider);
    const holding = Array.from({ length: 4 }, () => ask(gateway, first));
    await until(async () => await running(gateway) === 4, 'all places are taken');
    const client = await RawClient.connect(gateway.port);
    const whole = request_text('POST', '/v1/messages',
      { body: message_body('hello', { model: 'model' }), key: master_key });
    client.send(whole.slice(0, -40));
    await until(async () => await waiting(gateway) === 1, 'it waits');
    open();
    await Promise.all(holding);
    await until(async () => await running(gateway) === 1, 'it has a place');
    client.send(whole.slice(-40));
    const response = await client.response();
    assert.equal(response.status, 200, response.body);
    client.end();
  });

  test('the access line tells how long a request waited', async () => {
    const { gateway, provider, first } = stack;
    const open = close_gate(provider);
    const all = Array.from({ length: 5 }, () => ask(gateway, first));
    await until(async () => await waiting(gateway) === 1, 'one waits');
    const lines = gateway.access_log.length;
    open();
    await Promise.all(all);
    await until(() => gateway.access_log.length === lines + 5, 'five lines');
    const waits = gateway.access_log.slice(lines).map((line) => line.queued_ms);
    assert.equal(waits.filter((ms) => ms > 0).length, 1, JSON.stringify(waits));
  });
});

describe('the whole queue', () => {
  const stack = use_gateway({ in_flight: 1, queue: 4, queue_timeout: 30 });

  test('few cannot fill it; when it is full everybody is told 503, or 529', async () => {
    const { gateway, provider, first, second } = stack;
    const third = await tenant(gateway, 'third');
    const open = close_gate(provider);
    const waits = [ask(gateway, first)];
    await until(async () => await running(gateway) === 1, 'the place is taken');
    waits.push(ask(gateway, first), ask(gateway, first));
    await until(async () => await waiting(gateway) === 2, 'two wait');
    assert.equal((await ask(gateway, first)).status, 429, 'the other half is for others');
    for (const [key, count] of [[second, 3], [third, 4]]) {
      waits.push(ask(gateway, key));
      await until(async () => await waiting(gateway) === count, `${count} wait`);
    }
    const openai = await ask(gateway, first);
    const anthropic = await ask(gateway, first, { path: '/v1/messages' });
    open();
    assert.equal(openai.status, 503);
    assert.equal(openai.body.error.type, 'server_error');
    assert.equal(anthropic.status, 529);
    assert.equal(anthropic.body.error.type, 'overloaded_error');
    for (const answer of [openai, anthropic]) {
      assert.match(answer.body.error.message, /server\.limits\.queue/);
      assert.ok(Number(answer.retry_after) >= 1, `retry-after: ${answer.retry_after}`);
    }
    assert.equal(with_status(await Promise.all(waits), 200).length, 5);
  });
});

describe('time', () => {
  const stack = use_gateway({ in_flight: 1, queue_timeout: 0.5 });

  test('who finds no place in time is told 503', async () => {
    const { gateway, provider, first, second } = stack;
    const open = close_gate(provider);
    const holding = ask(gateway, first);
    await until(async () => await running(gateway) === 1, 'the place is taken');
    const late = await ask(gateway, second);
    const too = await ask(gateway, second, { path: '/v1/messages' });
    open();
    assert.equal(late.status, 503);
    assert.equal(too.status, 529);
    assert.ok(late.ms >= 500, `after ${late.ms} ms`);
    assert.match(late.body.error.message, /within 0\.5 s \(server\.limits\.queue_timeout\)/);
    assert.equal(late.retry_after, '1');
    assert.equal((await holding).status, 200);
    assert.equal(await refused(gateway, 'timeout'), 2);
  });
});

describe('shutdown', () => {
  async function stopped_while_waiting(drain, act) {
    const provider = await PricedProvider.start();
    const gateway = await Tollgate.start(config(provider.url,
      { in_flight: 2, queue_timeout: 30 }, { drain }));
    try {
      const open = close_gate(provider);
      const all = Array.from({ length: 8 }, () => ask(gateway, master_key)
        .catch((error) => ({ status: 0, error: `${error.message} ${error.cause?.message}` })));
      await until(async () => await waiting(gateway) === 6, 'six wait');
      gateway.signal('SIGTERM');
      await gateway.logged(/"stopping"/);
      const answers = await act(all, open);
      open();
      return answers;
    } finally {
      await gateway.stop();
      await provider.stop();
    }
  }

  test('those who wait are answered as places come free', async () => {
    const answers = await stopped_while_waiting({ plain_timeout: 20 }, async (all, open) => {
      open();
      return Promise.all(all);
    });
    assert.equal(with_status(answers, 200).length, 8, JSON.stringify(answers));
  });

  test('those who get no place before the drain ends are told so', async () => {
    const answers = await stopped_while_waiting({ plain_timeout: 0.5 }, (all) => Promise.all(all));
    assert.equal(with_status(answers, 503).length, 8, JSON.stringify(answers));
    for (const answer of answers) {
      assert.match(answer.body.error.message, /the gateway is shutting down/);
      assert.ok(Number(answer.retry_after) >= 1);
    }
  });
});
