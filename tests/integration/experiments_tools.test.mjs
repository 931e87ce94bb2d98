// What the arms of an experiment do with tools, and how often they refuse.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { Scripted } from './lib/scripted.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

const call = (args) => ({ role: 'assistant', content: null, tool_calls: [{ id: 'call_1',
  type: 'function', function: { name: 'look', arguments: args } }] });
const chat = (model, message, finish_reason) => ({ json: { id: 'c', object: 'chat.completion',
  created: 1, model, choices: [{ index: 0, finish_reason, message }],
  usage: { prompt_tokens: 12, completion_tokens: 4, total_tokens: 16 } } });

describe('experiments judge answers', () => {
  let good, bad, gateway;
  before(async () => {
    good = await Scripted.start(({ json }) => chat(json.model, call('{"at":1}'), 'tool_calls'));
    let turn = 0;
    bad = await Scripted.start(({ json }) => {
      turn += 1;
      return turn % 2 ? chat(json.model, call('{"at":'), 'tool_calls')
        : chat(json.model, { role: 'assistant', content: null, refusal: 'I will not.' }, 'stop');
    });
    gateway = await Tollgate.start({
      model_list: [deployment('good', 'hosted_vllm', 'm-good', `${good.url}/v1`),
        deployment('bad', 'hosted_vllm', 'm-bad', `${bad.url}/v1`)],
      routing: { experiments: [{ name: 'tools', models: ['work'], sticky: 'request',
        metric: 'tool_success', samples_min: 10,
        arms: [{ name: 'now', model: 'good', share: 1 }, { name: 'new', model: 'bad', share: 1 }],
      }] } });
  });
  after(async () => {
    await gateway?.stop();
    await good?.stop();
    await bad?.stop();
  });

  test('calls whose arguments are no JSON, and refusals, count for their arm', async () => {
    const tools = [{ type: 'function', function: { name: 'look',
      parameters: { type: 'object', properties: { at: { type: 'integer' } } } } }];
    const arms = { good: 0, bad: 0 };
    for (let i = 0; i < 80; i += 1) {
      // Relayed as they are, and translated: both are read.
      const [path, json] = i % 2 ? ['/v1/chat/completions', { model: 'work', tools,
        messages: [{ role: 'user', content: 'look' }] }] : ['/v1/messages', { model: 'work',
        max_tokens: 50, messages: [{ role: 'user', content: 'look' }],
        tools: [{ name: 'look', input_schema: { type: 'object' } }] }];
      const response = await gateway.fetch(path, { json });
      await response.text();
      arms[response.headers.get('x-tollgate-model').split('-').at(-1)] += 1;
    }
    const { arms: [now, fresh] } = await until(async () => {
      const { body } = await admin(gateway, 'GET', '/api/v1/experiments/tools', { status: 200 });
      return body.results.requests === 80 && body.results;
    }, '80 requests are counted');
    assert.equal(now.metrics.tool_success.value, 1);
    assert.equal(now.metrics.tool_success.samples, arms.good);
    assert.equal(now.metrics.refusal_rate.value, 0);
    assert.equal(fresh.metrics.tool_success.value, 0);
    assert.equal(fresh.metrics.tool_success.samples, Math.ceil(arms.bad / 2));
    assert.ok(Math.abs(fresh.metrics.refusal_rate.value - 0.5) < 0.05,
      JSON.stringify(fresh.metrics.refusal_rate));
  });
});
