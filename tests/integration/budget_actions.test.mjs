// What budgets do before they are spent: thresholds that alert, clamp and turn to cheaper models.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { PricedProvider } from './lib/priced_provider.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

// 1,000 input tokens at 1 USD per million and 100 output tokens at 10: 0.002 USD a request.
const prices = { input_cost_per_token: 1e-6, output_cost_per_token: 1e-5 };
const cheap = { input_cost_per_token: 1e-7, output_cost_per_token: 1e-6 };

/** Whoever is told of alerts. */
async function receiver() {
  const calls = [];
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    calls.push({ path: request.url, headers: request.headers, body });
    // The first call of each path fails: it is tried again.
    const first = calls.filter((call) => call.path === request.url).length === 1;
    response.writeHead(first && request.url === '/flaky' ? 503 : 200).end();
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { calls, url: `http://127.0.0.1:${server.address().port}`,
    stop: () => { server.closeAllConnections(); server.close(); } };
}

describe('budgets that act', () => {
  let provider;
  let gateway;
  let told;
  before(async () => {
    provider = await PricedProvider.start();
    told = await receiver();
    gateway = await Tollgate.start({
      model_list: [deployment('dear', 'hosted_vllm', 'm-dear', `${provider.url}/v1`, prices),
        deployment('spread', 'hosted_vllm', 'm-dear', `${provider.url}/v1`, prices),
        deployment('spread', 'hosted_vllm', 'm-cheap', `${provider.url}/v1`, cheap)],
      billing: { output_tokens_clamp: 500 } });
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
    told?.stop();
  });

  let names = 0;
  async function tenant(budget) {
    names += 1;
    const { body } = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
      json: { name: `acting-${names}`, key: {}, ...(budget ? { budget } : {}) } });
    await until(async () => (await gateway.fetch('/v1/models', { key: body.key.key })).status
      === 200, 'the key became valid', 2000);
    return { id: body.id, key: body.key.key };
  }
  const ask = async (who, path, json) => {
    const response = await gateway.fetch(path, { key: who.key, json: { model: 'dear',
      messages: [{ role: 'user', content: 'count' }], ...json } });
    await response.text();
    return response;
  };

  test('output_tokens_clamp lowers what is asked for, and asks where nothing was', async () => {
    const bound = await tenant({ limit: 5 });
    const free = await tenant();
    const sent = [];
    provider.seen = (body) => sent.push(JSON.parse(body));
    for (const who of [bound, free]) {
      for (const json of [{ max_tokens: 32_000 }, { max_tokens: 40 }, {}]) {
        assert.equal((await ask(who, '/v1/chat/completions', json)).status, 200);
      }
      assert.equal((await ask(who, '/v1/messages', { max_tokens: 32_000 })).status, 200);
    }
    // Thinking that is asked for fits; a tool's input with the same word in it changes nothing.
    const messages = [{ role: 'user', content: 'count' }, { role: 'assistant', content: [{
      type: 'tool_use', id: 'toolu_1', name: 'plan', input: { budget_tokens: 9_000 } }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'ok' }] }];
    assert.equal((await ask(bound, '/v1/messages', { max_tokens: 32_000, messages })).status, 200);
    assert.equal((await ask(bound, '/v1/messages', { max_tokens: 32_000,
      thinking: { type: 'enabled', budget_tokens: 2_000 } })).status, 200);
    assert.deepEqual(sent.splice(8).map((body) => body.max_tokens ?? body.max_completion_tokens),
      [500, 3_024]);
    provider.seen = undefined;
    assert.deepEqual(sent.map((body) => body.max_tokens ?? body.max_completion_tokens ?? 0),
      [500, 40, 500, 500, 32_000, 40, 0, 32_000]);
  });

  test('several answers at once are held for as many', async () => {
    // 100 output tokens cost 0.001 USD: one answer fits into what is left, eight do not.
    const who = await tenant({ limit: 0.006 });
    const path = '/v1/chat/completions';
    assert.equal((await ask(who, path, { max_tokens: 100, n: 8 })).status, 402);
    assert.equal((await ask(who, path, { max_tokens: 100 })).status, 200);
  });

  test('a provider\'s budget binds every key, those without bounds of their own too', async () => {
    const who = await tenant();
    const { body: budget } = await admin(gateway, 'POST', '/api/v1/budgets', { status: 201,
      json: { kind: 'provider', subject: 'hosted_vllm', limit: 0.000001 } });
    const path = '/v1/chat/completions';
    await until(async () => (await ask(who, path, { max_tokens: 100 })).status !== 200,
      'the budget holds', 3000);
    await admin(gateway, 'DELETE', `/api/v1/budgets/${budget.id}`, { status: 200 });
    await until(async () => (await ask(who, path, { max_tokens: 100 })).status === 200,
      'it holds no more', 3000);
  });

  test('a threshold that downgrades makes the cheapest candidate answer', async () => {
    const who = await tenant({ limit: 0.1, thresholds: [{ percent: 10, action: 'downgrade' }] });
    const models = [];
    provider.seen = (body) => models.push(JSON.parse(body).model);
    for (let i = 0; i < 16; i += 1) {
      const path = '/v1/chat/completions';
      assert.equal((await ask(who, path, { model: 'spread', max_tokens: 100 })).status, 200);
    }
    provider.seen = undefined;
    assert.ok(models.slice(0, 4).includes('m-dear'), 'both answer at first');
    assert.deepEqual([...new Set(models.slice(-4))], ['m-cheap'], models.join(' '));
  });

  test('reached thresholds are told once, signed, and again when nobody took them', async () => {
    const who = await tenant({ limit: 0.01, hard: false });
    for (const [name, kind, path, secret] of [['hook', 'webhook', '/hook', 'made-up-secret'],
      ['chat', 'slack', '/slack', ''], ['flaky', 'webhook', '/flaky', '']]) {
      await admin(gateway, 'POST', '/api/v1/alerts/channels', { status: 201, json: { name, kind,
        target: told.url + path, ...(secret ? { secret } : {}), events: ['budget.*'] } });
    }
    for (let i = 0; i < 7; i += 1) await ask(who, '/v1/chat/completions', { max_tokens: 100 });
    const of = (path) => told.calls.filter((call) => call.path === path);
    await until(() => of('/hook').length >= 3 && of('/slack').length >= 3, 'alerts came', 12_000);
    const events = of('/hook').map((call) => JSON.parse(call.body));
    const reached = events.map((event) => event.data.percent);
    assert.deepEqual(reached.toSorted((a, b) => a - b), [50, 80, 100], JSON.stringify(events[0]));
    for (const call of of('/hook')) {
      const [, time, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/
        .exec(call.headers['x-tollgate-signature']);
      assert.equal(createHmac('sha256', 'made-up-secret').update(`${time}.${call.body}`)
        .digest('hex'), mac);
    }
    assert.match(JSON.parse(of('/slack')[0].body).text, /50 %|80 %|100 %/);
    assert.ok(!('x-tollgate-signature' in of('/slack')[0].headers));
    // 10 seconds later, and up to a fifth more.
    await until(() => of('/flaky').length >= 4, 'the refused one came again', 25_000);
    const { body } = await admin(gateway, 'GET', `/api/v1/alerts?tenant=${who.id}`);
    assert.equal(body.data.length, 3);
  });
});
