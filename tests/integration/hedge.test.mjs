// Hedging: a candidate that is slower than it usually is meets a second one; who has content first
// answers, the other one is stopped at once and billed.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, beforeEach, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { patience } from './lib/patience.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const price = { input_cost_per_token: 0.000001, output_cost_per_token: 0.00001 };
const chunk = (delta, finish = null, more = {}) => `data: ${JSON.stringify({ id: 'c', created: 1,
  model: 'm', object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason: finish }], ...more })}\n\n`;

/** Answers with its name, after `wait` ms. */
class Paced {
  static async start(name) {
    const paced = new Paced();
    Object.assign(paced, { name, calls: 0, left: 0, cut: 0, plan: [], usual: 0 });
    paced.server = http.createServer((request, response) => {
      paced.serve(request, response).catch(() => {
        paced.cut += 1;
        response.destroy();
      });
    });
    await new Promise((resolve) => { paced.server.listen(0, '127.0.0.1', resolve); });
    paced.url = `http://127.0.0.1:${paced.server.address().port}/v1`;
    return paced;
  }

  async serve(request, response) {
    const { unread } = this.plan[this.calls] ?? {};
    if (unread) await unread;
    for await (const piece of request) void piece;
    const { wait = this.usual, fail } = this.plan[this.calls] ?? {};
    this.calls += 1;
    response.on('close', () => { if (!response.writableFinished) this.left += 1; });
    if (wait) await pause(wait);
    if (fail) {
      response.writeHead(500, { 'content-type': 'application/json' });
      return response.end('{"error":{"message":"broken"}}');
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunk({ role: 'assistant', content: '' }));
    for (let i = 0; i < 5; i += 1) response.write(chunk({ content: `${this.name}${i} ` }));
    response.write(chunk({}, 'stop'));
    response.write(`data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1,
      model: 'm', choices: [], usage: { prompt_tokens: 9, completion_tokens: 5,
        total_tokens: 14 } })}\n\n`);
    return response.end('data: [DONE]\n\n');
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => { this.server.close(resolve); });
  }
}

describe('hedging', () => {
  let a, b, c, gateway;
  before(async () => {
    [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => Paced.start(name)));
    gateway = await Tollgate.start({
      model_list: [a, b, c].map(({ name, url }) =>
        deployment(`model-${name}`, 'hosted_vllm', `m-${name}`, url, price)),
      routing: { rules: [
        { name: 'hedged', match: { model: 'hedged' },
          use: { models: ['model-a', 'model-b', 'model-c'] }, hedge: true },
        { name: 'plain', match: { model: 'plain' }, use: { models: ['model-a', 'model-b'] } }],
      circuit: { failures_in_a_row: 100000, requests_min: 100000 } } });
    // How long the first one usually takes has to be known.
    for (let i = 0; i < 40; i += 1) await ask('plain');
  });
  beforeEach(() => {
    for (const one of [a, b, c]) {
      Object.assign(one, { calls: 0, left: 0, cut: 0, plan: [], usual: 0 });
    }
  });
  after(async () => {
    await gateway?.stop();
    for (const one of [a, b, c]) await one?.stop();
  });

  const ask = async (model, more = {}, content = 'count') => {
    const response = await gateway.fetch('/v1/messages', { ...more,
      headers: { 'anthropic-version': '2023-06-01' }, json: { model, max_tokens: 50, stream: true,
        messages: [{ role: 'user', content }] } });
    const body = await response.text();
    assert.equal(response.status, 200, body);
    const text = [...body.matchAll(/"text_delta","text":"([^"]*)"/g)].map((m) => m[1]).join('');
    assert.equal(body.match(/event: message_start/g).length, 1);
    assert.equal(body.match(/event: message_stop/g)?.length, 1, body);
    return { text, headers: response.headers };
  };
  const said = (name) => Array.from({ length: 5 }, (_, i) => `${name}${i} `).join('');

  const record = ({ headers }) => until(async () => {
    const { body } = await admin(gateway, 'GET',
      `/api/v1/requests/${headers.get('x-request-id')}`);
    return body.request && body;
  }, 'the record');

  test('a quick first one is alone', async () => {
    const answer = await ask('hedged');
    assert.equal(answer.text, said('a'));
    assert.equal(b.calls, 0);
  });

  test('a slow one is overtaken, stopped and billed', async () => {
    a.plan = [{ wait: 5000 * patience }];
    const begun = performance.now();
    const answer = await ask('hedged');
    assert.ok(performance.now() - begun < 3000 * patience, 'nobody waits for the slow one');
    assert.equal(answer.text, said('b'));
    assert.equal(answer.headers.get('x-tollgate-model'), 'hosted_vllm/m-b');
    assert.equal(answer.headers.get('x-tollgate-fallback'), 'slow');
    const { request, attempts } = await record(answer);
    assert.equal(request.model, 'm-b');
    assert.equal(request.attempts, 2);
    const [slow, quick] = attempts;
    assert.equal(slow.error_class, 'overtaken');
    assert.ok(slow.tokens.input > 0 && slow.estimated);
    assert.equal(quick.tokens.output, 5);
    assert.equal(request.tokens.input, slow.tokens.input + 9);
    await until(() => a.left === 1, 'the slow provider is left', 6000);
    const circuits = await (await fetch(
      `http://127.0.0.1:${gateway.metrics_port}/metrics`)).text();
    assert.match(circuits, /tollgate_hedges_total\{winner="second"\} 1/);
  });

  test('the first one may still win', async () => {
    a.plan = [{ wait: 250 }];
    b.plan = [{ wait: 5000 }];
    const answer = await ask('hedged');
    assert.equal(answer.text, said('a'));
    const { request, attempts } = await record(answer);
    assert.equal(request.model, 'm-a');
    assert.equal(attempts.length, 2);
    assert.equal(attempts.find(({ model }) => model === 'm-b').error_class, 'overtaken');
    await until(() => b.left === 1, 'the second provider is left', 6000);
  });

  test('the first one fails while the second one works', async () => {
    a.plan = [{ wait: 250, fail: true }];
    b.plan = [{ wait: 500 }];
    const answer = await ask('hedged');
    assert.equal(answer.text, said('b'));
    const { attempts } = await record(answer);
    assert.deepEqual(attempts.map(({ error_class }) => error_class), ['provider_fault', '']);
    assert.equal(c.calls, 0);
  });

  test('the second one fails: the first one answers', async () => {
    a.plan = [{ wait: 400 }];
    b.plan = [{ fail: true }];
    const answer = await ask('hedged');
    assert.equal(answer.text, said('a'));
    const { attempts } = await record(answer);
    assert.deepEqual(attempts.map(({ error_class }) => error_class).sort(), ['', 'provider_fault']);
  });

  test('both fail: the third one answers', async () => {
    a.plan = [{ wait: 250, fail: true }];
    b.plan = [{ wait: 200, fail: true }];
    const answer = await ask('hedged');
    assert.equal(answer.text, said('c'));
    const { attempts } = await record(answer);
    assert.deepEqual(attempts.map(({ error_class }) => error_class),
      ['provider_fault', 'provider_fault', '']);
  });

  test('a client that leaves stops both', async () => {
    a.plan = [{ wait: 5000 }];
    b.plan = [{ wait: 5000 }];
    const leaving = new AbortController();
    const asked = ask('hedged', { signal: leaving.signal });
    await until(() => b.calls === 1, 'the second one is asked');
    leaving.abort();
    await assert.rejects(asked);
    await until(() => a.left === 1 && b.left === 1, 'both are left', 6000);
  });

  test('only where a rule asks for it', async () => {
    a.plan = [{ wait: 300 }];
    assert.equal((await ask('plain')).text, said('a'));
    assert.equal(b.calls, 0);
  });

  test('a budget is charged for both and holds nothing afterwards', async () => {
    const { body } = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
      json: { name: 'paying', key: {}, budget: { limit: 1, period: 'monthly' } } });
    const { key } = body.key;
    await until(async () => (await gateway.fetch('/v1/models', { key })).status === 200, 'the key');
    a.usual = 1500;
    b.usual = 20;
    let cost = 0;
    for (let i = 0; i < 6; i += 1) {
      cost += Number((await record(await ask('hedged', { key }))).request.cost);
    }
    assert.ok(b.calls > 0 && cost > 0);
    const { body: budget } = await admin(gateway, 'GET', `/api/v1/budgets/${body.budget.id}`,
      { status: 200 });
    const { state } = budget;
    assert.equal(Number(state.held), 0, JSON.stringify(budget));
    assert.ok(Math.abs(Number(state.spent) - cost) < 1e-9, `${state.spent} of ${cost}`);
  });

  test('before anything was measured the configured latency stands in', async () => {
    const fresh = await Tollgate.start({
      model_list: [a, b].map(({ name, url }) => ({ ...deployment(`model-${name}`, 'hosted_vllm',
        `m-${name}`, url, price), model_info: { avg_latency_ms: 50 } })),
      routing: { hedge: true, rules: [{ name: 'hedged', match: { model: 'hedged' },
        use: { models: ['model-a', 'model-b'] } }] } });
    a.usual = 5000;
    try {
      const response = await fresh.fetch('/v1/chat/completions', { json: { model: 'hedged',
        stream: true, messages: [{ role: 'user', content: 'count' }] } });
      assert.equal(response.headers.get('x-tollgate-model'), 'hosted_vllm/m-b');
      await response.text();
    } finally {
      await fresh.stop();
    }
  });

  test('a thousand close races end in whole answers', async () => {
    const delays = [0, 1, 2, 3, 5, 8, 13, 21, 34];
    const at = (i) => delays[i % delays.length];
    a.plan = Array.from({ length: 1200 }, (_, i) => ({ wait: at(i * 7), fail: i % 31 === 0 }));
    b.plan = Array.from({ length: 1200 }, (_, i) => ({ wait: at(i * 5), fail: i % 29 === 0 }));
    let begun = 0;
    await Promise.all(Array.from({ length: 16 }, async () => {
      while (begun < 1000) {
        begun += 1;
        const { text } = await ask('hedged');
        assert.ok(['a', 'b', 'c'].some((name) => text === said(name)), text);
      }
    }));
    assert.ok(b.calls > 10, `${b.calls} of the second`);
  });

  // More than sockets take in: its send stands still while the other one answers, and the client's
  // body, of which it is made, goes.
  test('a long request that the slower one has not read is left where it is', async () => {
    let read;
    a.plan = [{ unread: new Promise((resolve) => { read = resolve; }) }];
    const answer = await ask('hedged', {}, 'count '.repeat(4_000_000));
    assert.equal(answer.text, said('b'));
    read();
    await until(() => a.cut === 1, 'the end of what the slower one got');
    assert.equal(a.calls, 0, 'it never had the whole request');
  });
});
