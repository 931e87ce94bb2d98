// Shadow traffic: a share of a rule's requests is copied to another model, unseen by the client.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { patience } from './lib/patience.mjs';
import { Scripted } from './lib/scripted.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

const price = { input_cost_per_token: 0.000001, output_cost_per_token: 0.00001 };
const answer = (text) => ({ json: { id: 'msg_1', type: 'message', role: 'assistant', model: 'm',
  content: [{ type: 'text', text }], stop_reason: 'end_turn', stop_sequence: null,
  usage: { input_tokens: 10, output_tokens: 3 } } });
const chat = (wait_ms) => ({ wait_ms, json: { id: 'c', object: 'chat.completion', created: 1,
  model: 'm', choices: [{ index: 0, finish_reason: 'stop',
    message: { role: 'assistant', content: 'unseen' } }],
  usage: { prompt_tokens: 12, completion_tokens: 4, total_tokens: 16 } } });
const stream = ['data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m",'
  + '"choices":[{"index":0,"delta":{"role":"assistant","content":"un"},"finish_reason":null}]}',
'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m",'
  + '"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],'
  + '"usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17}}', 'data: [DONE]']
  .join('\n\n');

describe('shadow traffic', () => {
  let main, copy, gateway;
  before(async () => {
    main = await Scripted.start(() => answer('seen'));
    copy = await Scripted.start(() => chat(0));
    gateway = await Tollgate.start({
      model_list: [deployment('main', 'anthropic', 'm-main', main.url, price),
        deployment('copy', 'hosted_vllm', 'm-copy', `${copy.url}/v1`, price)],
      routing: { rules: [
        { name: 'all', match: { model: 'all' },
          use: { model: 'main', shadow: { model: 'copy', share: 1 } } },
        { name: 'some', match: { model: 'some' },
          use: { model: 'main', shadow: { model: 'copy', share: 0.25 } } }] } });
  });
  after(async () => {
    await gateway?.stop();
    await main?.stop();
    await copy?.stop();
  });

  const ask = async (model, more = {}) => {
    const response = await gateway.fetch('/v1/messages', {
      headers: { 'anthropic-version': '2023-06-01' }, json: { model, max_tokens: 50,
        messages: [{ role: 'user', content: 'count' }], ...more } });
    return { response, body: await response.text() };
  };
  const shadows = async () => {
    const { body } = await admin(gateway, 'GET', '/api/v1/requests?limit=500');
    return body.data.filter(({ strategy }) => strategy === 'shadow');
  };

  test('the client sees nothing of it and waits for nothing', async () => {
    copy.reset(() => chat(1500 * patience));
    const begun = performance.now();
    const { response, body } = await ask('all');
    assert.ok(performance.now() - begun < 1200 * patience);
    assert.equal(JSON.parse(body).content[0].text, 'seen');
    assert.equal(response.headers.get('x-tollgate-model'), 'anthropic/m-main');
    assert.equal(response.headers.get('x-tollgate-attempts'), '1');
    assert.equal(copy.calls.length, 1);
    assert.equal(copy.calls[0].json.model, 'm-copy');
    assert.equal(copy.calls[0].json.messages.at(-1).content, 'count');
    const [row] = await until(async () => {
      const found = await shadows();
      return found.length > 0 && found;
    }, 'the record of the copy');
    assert.equal(row.model, 'm-copy');
    assert.equal(row.rule, 'all');
    assert.equal(row.tokens.input, 12);
    assert.equal(row.tokens.output, 4);
    assert.ok(Number(row.cost) > 0 && row.total_ms >= 1500);
    const { body: whole } = await admin(gateway, 'GET', `/api/v1/requests/${row.request_id}`);
    assert.equal(whole.routing.shadow_of, response.headers.get('x-request-id'));
  });

  test('a stream is read for its usage', async () => {
    copy.reset(() => ({ json: `${stream}\n\n`, headers: { 'content-type': 'text/event-stream' } }));
    const before_it = (await shadows()).length;
    await ask('all', { stream: false });
    const rows = await until(async () => {
      const found = await shadows();
      return found.length > before_it && found;
    }, 'the record');
    assert.ok(rows.some(({ tokens }) => tokens.output === 5), JSON.stringify(rows));
  });

  test('its failures are its own', async () => {
    copy.reset(() => ({ status: 500, json: { error: { message: 'broken' } } }));
    const { response } = await ask('all');
    assert.equal(response.status, 200);
    await until(async () => (await shadows()).some(({ status }) => status === 500), 'the record');
    const { body } = await ask('all');
    assert.match(body, /seen/);
  });

  test('the share is kept', async () => {
    copy.reset(() => chat(0));
    for (let i = 0; i < 400; i += 1) await ask('some');
    await new Promise((resolve) => { setTimeout(resolve, 200); });
    // 100 expected; 4.5 standard deviations are 39.
    assert.ok(copy.calls.length > 61 && copy.calls.length < 139, `${copy.calls.length}`);
  });

  test('the gateway stops while copies are open', async () => {
    copy.reset(() => ({}));
    for (let i = 0; i < 5; i += 1) await ask('all');
    await until(() => copy.calls.length === 5, 'the copies');
    const begun = performance.now();
    await gateway.stop();
    gateway = undefined;
    assert.ok(performance.now() - begun < 8000 * patience);
  });
});
