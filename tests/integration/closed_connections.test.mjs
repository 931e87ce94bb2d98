// A provider that closes kept connections: the request goes out again on a fresh one, which is an
// attempt of its own that costs nothing.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

const price = { input_cost_per_token: 0.000001, output_cost_per_token: 0.00001 };
const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm',
  content: [{ type: 'text', text: 'here' }], stop_reason: 'end_turn', stop_sequence: null,
  usage: { input_tokens: 10, output_tokens: 3 } };
const vectors = (count) => ({ object: 'list', model: 'm', usage: { prompt_tokens: 4,
  total_tokens: 4 }, data: Array.from({ length: count }, (_, index) => ({ object: 'embedding',
  index, embedding: [0.5, 1] })) });

/** Closes used connections without a word while `closes` is set; answers `status` otherwise. */
class Closing {
  static async start() {
    const provider = new Closing();
    Object.assign(provider, { closes: false, status: 200, calls: 0 });
    provider.server = http.createServer(async (request, response) => {
      provider.calls += 1;
      const used = request.socket.used;
      request.socket.used = true;
      if (provider.closes && used) return void request.socket.destroy();
      let text = '';
      for await (const piece of request) text += piece;
      const asked = JSON.parse(text);
      const answer = asked.input === undefined ? message : vectors([asked.input].flat().length);
      response.writeHead(provider.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(provider.status === 200 ? answer
        : { type: 'error', error: { type: 'api_error', message: 'broken' } }));
    });
    provider.server.keepAliveTimeout = 60_000;
    await new Promise((resolve) => { provider.server.listen(0, '127.0.0.1', resolve); });
    provider.url = `http://127.0.0.1:${provider.server.address().port}`;
    return provider;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => { this.server.close(resolve); });
  }
}

describe('kept connections that the provider has closed', () => {
  let first, second, gateway;
  before(async () => {
    first = await Closing.start();
    second = await Closing.start();
    // One worker, so that the connection of the request before is there for the next one.
    gateway = await Tollgate.start({
      model_list: [deployment('alone', 'anthropic', 'm-first', first.url, price),
        deployment('chain', 'anthropic', 'm-first', first.url, price),
        deployment('behind', 'anthropic', 'm-second', second.url, price),
        { ...deployment('vectors', 'hosted_vllm', 'e5', `${first.url}/v1`, price),
          model_info: { mode: 'embedding' } }],
      router_settings: { fallbacks: [{ chain: ['behind'] }] }, server: { workers: 1 } });
  });
  beforeEach(() => { Object.assign(first, { closes: false, status: 200 }); });
  after(async () => {
    await gateway?.stop();
    await first?.stop();
    await second?.stop();
  });

  const ask = async (model) => {
    const response = await gateway.fetch('/v1/messages', {
      headers: { 'anthropic-version': '2023-06-01' },
      json: { model, max_tokens: 50, messages: [{ role: 'user', content: 'count' }] } });
    return { response, status: response.status, text: await response.text(),
      attempts: response.headers.get('x-tollgate-attempts') };
  };
  const record = ({ response }) => until(async () => {
    const { body } = await admin(gateway, 'GET',
      `/api/v1/requests/${response.headers.get('x-request-id')}`);
    return body.request && body;
  }, 'the record');

  test('two attempts, of which the first one used and cost nothing', async () => {
    const warm = await ask('alone');
    assert.equal(warm.attempts, '1');
    first.closes = true;
    const answer = await ask('alone');
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.attempts, '2');
    assert.equal(answer.response.headers.get('x-tollgate-fallback'), null, 'nobody else was asked');
    const { request, attempts } = await record(answer);
    const { request: plain } = await record(warm);
    assert.equal(request.attempts, 2);
    assert.equal(request.fallback_reason ?? '', '');
    assert.equal(request.cost, plain.cost, 'billed once');
    assert.ok(request.cost > 0);
    assert.deepEqual(attempts.map(({ attempt, error_class, status }) =>
      [attempt, error_class ?? '', status]), [[1, 'stale_connection', 0], [2, '', 200]]);
    assert.equal(attempts[0].cost, 0);
    assert.equal(attempts[1].cost, request.cost);
  });

  test('it counts among the attempts that a request may take', async () => {
    await ask('chain');
    Object.assign(first, { closes: true, status: 500 });
    const answer = await ask('chain');
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.attempts, '3', 'closed, refused, answered by the next');
    assert.equal(answer.response.headers.get('x-tollgate-fallback'), 'provider_fault');
    const { attempts } = await record(answer);
    assert.deepEqual(attempts.map(({ attempt, error_class, model }) =>
      [attempt, error_class ?? '', model]), [[1, 'stale_connection', 'm-first'],
      [2, 'provider_fault', 'm-first'], [3, '', 'm-second']]);
  });

  test('embeddings are sent again in the same way', async () => {
    const embed = async () => {
      const response = await gateway.fetch('/v1/embeddings', {
        json: { model: 'vectors', input: ['one', 'two'] } });
      assert.equal(response.status, 200, await response.clone().text());
      return response.headers.get('x-tollgate-attempts');
    };
    assert.equal(await embed(), '1');
    first.closes = true;
    assert.equal(await embed(), '2');
  });
});
