// Cohere's v2 chat: the official SDKs and the real Claude Code through the gateway. Answers come
// from the mock, or, where it has no words for something, as Cohere documents them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { check_calls, use_stack } from './lib/kit.mjs';
import { deployment, master_key } from './lib/tollgate.mjs';
import { calls_tools, says, step } from './lib/provider.mjs';
import { run_scenario } from './lib/run_scenario.mjs';
import * as faults from './lib/faults.mjs';
import * as scenarios from './lib/scenarios.mjs';

const names = ['claude-opus', 'claude-sonnet', 'claude-haiku', 'test-model'];
const config = (url) => ({ model_list: names.map((name) =>
  deployment(name, 'cohere', 'command-a-03-2025', url)) });
const target = { check: ({ request, json }) => {
  assert.equal(request.path, '/v2/chat');
  assert.equal(request.headers.authorization, 'Bearer sk-provider-made-up');
  assert.ok(!request.raw.includes(master_key), 'the client key must not reach the provider');
  const known = ['model', 'messages', 'tools', 'tool_choice', 'max_tokens', 'temperature', 'p', 'k',
    'stop_sequences', 'thinking', 'response_format', 'stream'];
  for (const field of Object.keys(json)) assert.ok(known.includes(field), field);
  const roles = json.messages.map((message) => message.role);
  assert.ok(!roles.slice(1).includes('system'), 'one system message, in front');
  const calls = json.messages.flatMap((message) => message.tool_calls ?? []);
  const results = json.messages.filter((message) => message.role === 'tool');
  assert.deepEqual(results.map((one) => one.tool_call_id).sort(),
    calls.map((call) => call.id).sort(), 'each call has its result');
} };
const weather = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

describe('Cohere', () => {
  const stack = use_stack(target, { config });
  const openai = () => new OpenAI({ baseURL: `${stack.base_url}/v1`, apiKey: master_key,
    maxRetries: 0 });
  const anthropic = () => new Anthropic({ baseURL: stack.base_url, apiKey: master_key,
    maxRetries: 0 });

  for (const scenario of [scenarios.plain_prompt, scenarios.tool_loop]) {
    test(`Claude Code: ${scenario.name}`, async () => {
      await run_scenario(scenario, stack);
      check_calls(stack, scenario.calls);
    });
  }

  test('the SDKs, streamed and not, with usage', async () => {
    stack.provider.on(step('TG-HELLO', 0), says('Grüße 🚀', { input: 21, output: 7 }));
    const ask = { model: 'test-model', max_tokens: 50,
      messages: [{ role: 'user', content: 'TG-HELLO' }] };
    const chat = await openai().chat.completions.create(ask);
    assert.equal(chat.choices[0].message.content, 'Grüße 🚀');
    assert.equal(chat.usage.total_tokens, 28);
    const message = await anthropic().messages.stream(ask).finalMessage();
    assert.equal(message.content[0].text, 'Grüße 🚀');
    assert.equal(message.usage.output_tokens, 7);
    check_calls(stack, 2);
  });

  test('a tool, its result and the answer', async () => {
    stack.provider.on(step('TG-TOOL', 0), calls_tools([['get_weather', { city: 'Ulm' }]]))
      .on(step('TG-TOOL', 1), says('Rain.'));
    const ask = { model: 'test-model', max_tokens: 50,
      tools: [{ name: 'get_weather', description: 'weather', input_schema: weather }],
      messages: [{ role: 'user', content: 'TG-TOOL' }] };
    const first = await anthropic().messages.stream(ask).finalMessage();
    assert.equal(first.stop_reason, 'tool_use');
    const call = first.content.find((block) => block.type === 'tool_use');
    assert.deepEqual(call.input, { city: 'Ulm' });
    ask.messages.push({ role: 'assistant', content: first.content }, { role: 'user',
      content: [{ type: 'tool_result', tool_use_id: call.id, content: 'wet' }] });
    const second = await anthropic().messages.create(ask);
    assert.equal(second.content[0].text, 'Rain.');
    check_calls(stack, 2);
  });

  test('an error inside a stream is an error event', async () => {
    const event = (value) => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
    stack.tap.next(faults.streams([
      event({ type: 'message-start', id: 'm1', delta: { message: { role: 'assistant' } } }),
      event({ type: 'content-delta', index: 0, delta: { message: { content: { text: 'Hel' } } } }),
      event({ type: 'message-end', delta: { finish_reason: 'ERROR', error: 'generation failed' } }),
    ]));
    const stream = anthropic().messages.stream({ model: 'test-model', max_tokens: 50,
      messages: [{ role: 'user', content: 'x' }] });
    await assert.rejects(stream.finalMessage(), /generation failed/);
  });

  test('a refused credential is a 502 that names the provider', async () => {
    stack.tap.next(faults.answers(401, { id: 'e1', message: 'invalid api token' }));
    await assert.rejects(openai().chat.completions.create({ model: 'test-model',
      messages: [{ role: 'user', content: 'x' }] }), (error) => {
      assert.equal(error.status, 502);
      assert.match(error.message, /cohere/);
      return true;
    });
  });
});
