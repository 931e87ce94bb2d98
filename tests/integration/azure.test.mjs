// Azure OpenAI and Claude in Azure AI Foundry: the official SDKs and the real Claude Code through
// the gateway. Answers come from the mock's Azure paths, or as Azure documents them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { check_calls, use_stack } from './lib/kit.mjs';
import { deployment, master_key } from './lib/tollgate.mjs';
import { says, step } from './lib/provider.mjs';
import { run_scenario } from './lib/run_scenario.mjs';
import * as faults from './lib/faults.mjs';
import * as scenarios from './lib/scenarios.mjs';

const names = ['claude-opus', 'claude-sonnet', 'claude-haiku', 'test-model'];
const all_names = (kind, model, more) => (url) => ({
  model_list: names.map((name) => deployment(name, kind, model, url, more)) });

const check_classic = ({ request }) => {
  assert.equal(request.path,
    '/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21');
  assert.equal(request.headers['api-key'], 'sk-provider-made-up');
  assert.equal(request.headers.authorization, undefined);
  assert.ok(!request.raw.includes(master_key), 'the client key must not reach the provider');
};

const openai_of = (stack) => new OpenAI({ baseURL: `${stack.base_url}/v1`, apiKey: master_key,
  maxRetries: 0 });
const anthropic_of = (stack) => new Anthropic({ baseURL: stack.base_url, apiKey: master_key,
  maxRetries: 0 });
const hello = { model: 'test-model', max_tokens: 50,
  messages: [{ role: 'user', content: 'TG-HELLO' }] };

const prompt_filter = { choices: [], created: 0, id: '', model: '', object: '',
  prompt_filter_results: [{ prompt_index: 0,
    content_filter_results: { hate: { filtered: false, severity: 'safe' } } }] };
const chunk = (delta, finish_reason = null, more = {}) => ({ id: 'chatcmpl-1', model: 'gpt-4o',
  object: 'chat.completion.chunk', created: 1762000000,
  choices: [{ index: 0, delta, finish_reason, ...more }] });
const offsets = { id: '', object: '', created: 0, model: '', choices: [{ index: 0,
  finish_reason: null, content_filter_results: { hate: { filtered: false, severity: 'safe' } },
  content_filter_offsets: { check_offset: 44, start_offset: 44, end_offset: 198 } }] };
const filtered_stream = [prompt_filter, chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Hello.' }), offsets, chunk({}, 'content_filter'), '[DONE]'];

describe('Azure OpenAI, the classic form', () => {
  const stack = use_stack({ check: check_classic },
    { config: all_names('azure', 'gpt-4o', { api_version: '2024-10-21' }) });

  for (const scenario of [scenarios.plain_prompt, scenarios.tool_loop]) {
    test(`Claude Code: ${scenario.name}`, async () => {
      await run_scenario(scenario, stack);
      check_calls(stack, scenario.calls);
    });
  }

  test('the SDKs, streamed and not', async () => {
    stack.provider.on(step('TG-HELLO', 0), says('Hello.', { input: 21, output: 7 }));
    const chat = await openai_of(stack).chat.completions.create(hello);
    assert.equal(chat.choices[0].message.content, 'Hello.');
    const message = await anthropic_of(stack).messages.stream(hello).finalMessage();
    assert.equal(message.content[0].text, 'Hello.');
    check_calls(stack, 2);
  });

  test('chunks of the content filter pass a relay untouched', async () => {
    stack.tap.next(faults.streams(filtered_stream));
    const chunks = [];
    const stream = await openai_of(stack).chat.completions.create({ ...hello, stream: true });
    for await (const each of stream) chunks.push(each);
    assert.deepEqual(chunks[0].prompt_filter_results, prompt_filter.prompt_filter_results);
    assert.deepEqual(chunks[3].choices, offsets.choices);
    assert.equal(chunks.at(-1).choices[0].finish_reason, 'content_filter');
  });

  test('chunks of the content filter are no content, and its stop is a refusal', async () => {
    stack.tap.next(faults.streams(filtered_stream));
    const message = await anthropic_of(stack).messages.stream(hello).finalMessage();
    assert.deepEqual(message.content.map((block) => block.text), ['Hello.']);
    assert.equal(message.stop_reason, 'refusal');
  });

  test('an unknown deployment says what to compare', async () => {
    stack.tap.next(faults.answers(404, { error: { code: 'DeploymentNotFound',
      message: 'The API deployment for this resource does not exist.' } }));
    await assert.rejects(anthropic_of(stack).messages.create(hello), (error) => {
      assert.equal(error.status, 404);
      assert.match(error.message, /does not exist.*after azure\/ is the deployment's name/);
      return true;
    });
  });

  test('a filtered prompt is a 400 in the client\'s envelope', async () => {
    stack.tap.next(faults.answers(400, { error: { code: 'content_filter', param: 'prompt',
      status: 400, type: null, message: 'The response was filtered due to the prompt triggering '
        + 'Azure OpenAI\'s content management policy.',
      innererror: { code: 'ResponsibleAIPolicyViolation' } } }));
    await assert.rejects(anthropic_of(stack).messages.create(hello), (error) => {
      assert.equal(error.status, 400);
      assert.match(error.message, /content management policy/);
      return true;
    });
  });
});

describe('Azure OpenAI, the v1 form', () => {
  const stack = use_stack({}, { config: all_names('azure', 'gpt-4o', {}) });

  test('Responses for who speaks it, the deployment as the model', async () => {
    stack.tap.next(faults.answers(200, { id: 'resp_1', object: 'response', status: 'completed',
      model: 'gpt-4o', created_at: 1762000000, output: [{ id: 'msg_1', type: 'message',
        role: 'assistant', status: 'completed',
        content: [{ type: 'output_text', text: 'Hello.', annotations: [] }] }],
      usage: { input_tokens: 21, output_tokens: 7, total_tokens: 28 } }));
    const answer = await openai_of(stack).responses.create({ model: 'test-model', input: 'Hi' });
    assert.equal(answer.output_text, 'Hello.');
    const [{ request, json }] = stack.tap.calls;
    assert.equal(request.path, '/openai/v1/responses');
    assert.equal(json.model, 'gpt-4o');
  });
});

describe('Claude in Azure AI Foundry', () => {
  const target = { check: ({ request }) => {
    assert.match(request.path, /^\/anthropic\/v1\/messages(\?beta=true)?$/);
    assert.equal(request.headers['x-api-key'], 'sk-provider-made-up');
    assert.equal(request.headers['api-key'], undefined);
  } };
  const stack = use_stack(target,
    { config: all_names('azure_ai', 'claude-sonnet-4-5', {}) });
  const answer = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5',
    content: [{ type: 'text', text: 'Hello.' }], stop_reason: 'end_turn', stop_sequence: null,
    usage: { input_tokens: 21, output_tokens: 7 } };

  test('an Anthropic client is relayed', async () => {
    stack.tap.next(faults.answers(200, answer));
    const message = await anthropic_of(stack).messages.create({ ...hello,
      metadata: { user_id: 'u1' } });
    assert.equal(message.content[0].text, 'Hello.');
    check_calls(stack, 1);
    assert.equal(stack.tap.calls[0].json.metadata.user_id, 'u1');
  });

  test('an OpenAI client is translated to Anthropic\'s protocol', async () => {
    stack.tap.next(faults.answers(200, answer));
    const chat = await openai_of(stack).chat.completions.create({ ...hello,
      response_format: { type: 'text' } });
    assert.equal(chat.choices[0].message.content, 'Hello.');
    check_calls(stack, 1);
    assert.equal(stack.tap.calls[0].json.model, 'claude-sonnet-4-5');
  });
});
