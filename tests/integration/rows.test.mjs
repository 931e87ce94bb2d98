// Rows of data/providers.yaml through the whole gateway: OpenRouter with the official SDKs, limits
// in Groq's words, refusals under a 200 in MiniMax's. Answers are as these providers document them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { use_stack } from './lib/kit.mjs';
import { deployment, master_key } from './lib/tollgate.mjs';
import * as faults from './lib/faults.mjs';

const config = (url) => ({ model_list: [
  deployment('router', 'openrouter', 'anthropic/claude-sonnet-4.5', `${url}/api/v1`),
  deployment('groq', 'groq', 'openai/gpt-oss-120b', `${url}/openai/v1`),
  deployment('minimax', 'minimax', 'MiniMax-M2', `${url}/v1`),
  deployment('mistral', 'mistral', 'mistral-large-latest', `${url}/v1`)] });
const chunk = (delta, finish_reason = null, more = {}) => ({ id: 'gen-1', object:
  'chat.completion.chunk', created: 1762000000, model: 'anthropic/claude-sonnet-4.5',
choices: [{ index: 0, delta, finish_reason }], ...more });
const thought = { type: 'reasoning.text', text: 'Hm.', signature: 'c2ln',
  format: 'anthropic-claude-v1', index: 0 };
const comment = ': OPENROUTER PROCESSING\n\n';

describe('OpenRouter', () => {
  const stack = use_stack({}, { config });
  const openai = () => new OpenAI({ baseURL: `${stack.base_url}/v1`, apiKey: master_key,
    maxRetries: 0 });
  const anthropic = () => new Anthropic({ baseURL: stack.base_url, apiKey: master_key,
    maxRetries: 0 });
  const ask = (more = {}) => ({ model: 'router', max_tokens: 2000,
    messages: [{ role: 'user', content: 'x' }], ...more });
  const answer = [comment, chunk({ role: 'assistant', content: '', reasoning: 'Hm.',
    reasoning_details: [thought] }), chunk({ content: 'Hello.' }), chunk({ content: '' }, 'stop'),
  { ...chunk({}), choices: [], usage: { prompt_tokens: 21, completion_tokens: 7,
    total_tokens: 28, cost: 0.0012 } }, '[DONE]'];

  test('signed reasoning comes back to the model that made it', async () => {
    stack.tap.next(faults.streams(answer), faults.streams(answer));
    const asked = ask({ thinking: { type: 'enabled', budget_tokens: 1024 },
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }] });
    const first = await anthropic().messages.stream(asked).finalMessage();
    assert.deepEqual(first.content.map((block) => block.type), ['thinking', 'text']);
    asked.messages.push({ role: 'assistant', content: first.content },
      { role: 'user', content: 'more' });
    await anthropic().messages.stream(asked).finalMessage();
    const [one, two] = stack.tap.calls.map((call) => call.json);
    assert.deepEqual(one.messages[0].content[0].cache_control, { type: 'ephemeral' });
    assert.deepEqual(one.reasoning, { max_tokens: 1024 });
    assert.deepEqual(two.messages[2].reasoning_details, [thought]);
  });

  test('an OpenAI client\'s preferences and the provider\'s comments pass', async () => {
    stack.tap.next(faults.streams(answer));
    const stream = await openai().chat.completions.create(ask({ stream: true,
      provider: { order: ['anthropic'], allow_fallbacks: false }, models: ['a/b'],
      transforms: ['middle-out'] }));
    let text = '';
    for await (const each of stream) text += each.choices[0]?.delta?.content ?? '';
    assert.equal(text, 'Hello.');
    const [{ json, request }] = stack.tap.calls;
    assert.deepEqual(json.provider, { order: ['anthropic'], allow_fallbacks: false });
    assert.deepEqual(json.models, ['a/b']);
    assert.equal(request.headers['x-title'], 'Tollgate');
  });

  test('an error inside the stream reaches both clients', async () => {
    const broken = [comment, chunk({ role: 'assistant', content: 'Hel' }),
      chunk({ content: '' }, 'error', { error: { code: 502, message: 'Provider disconnected' } })];
    stack.tap.next(faults.streams(broken), faults.streams(broken));
    await assert.rejects(anthropic().messages.stream(ask()).finalMessage(),
      /Provider disconnected/);
    const stream = await openai().chat.completions.create(ask({ stream: true }));
    await assert.rejects(async () => { for await (const each of stream) assert.ok(each); },
      /Provider disconnected/);
  });
});

describe('other rows', () => {
  const stack = use_stack({}, { config });
  const anthropic = () => new Anthropic({ baseURL: stack.base_url, apiKey: master_key,
    maxRetries: 0 });
  const ask = (model, more = {}) => ({ model, max_tokens: 50,
    messages: [{ role: 'user', content: 'x' }], ...more });

  test('Groq: the reset of its limits is the time to wait', async () => {
    const limited = faults.answers(429, { error: { message: 'Rate limit reached', type: 'tokens',
      code: 'rate_limit_exceeded' } }, { 'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '1m2.5s' });
    stack.tap.each(() => limited);
    await assert.rejects(anthropic().messages.create(ask('groq')), (error) => {
      assert.equal(error.status, 429);
      const seconds = Number(error.headers.get('retry-after'));
      assert.ok(seconds >= 60 && seconds <= 63, `retry-after ${seconds}`);
      return true;
    });
  });

  test('MiniMax: a refusal under a 200 is an error', async () => {
    stack.tap.next(faults.answers(200, { id: '', choices: null, base_resp: { status_code: 1026,
      status_msg: 'input new_sensitive' } }));
    await assert.rejects(anthropic().messages.create(ask('minimax')), /new_sensitive/);
  });

  test('MiniMax: also for an OpenAI client, whose answers are relayed', async () => {
    stack.tap.next(faults.answers(200, { id: '', choices: null, base_resp: { status_code: 1026,
      status_msg: 'input new_sensitive' } }));
    const openai = new OpenAI({ baseURL: `${stack.base_url}/v1`, apiKey: master_key,
      maxRetries: 0 });
    await assert.rejects(openai.chat.completions.create(ask('minimax')), /new_sensitive/);
  });

  test('Mistral: nine characters name a call, and no user turn follows a tool', async () => {
    stack.tap.next(faults.answers(200, { id: 'c1', object: 'chat.completion', model: 'm',
      created: 1, choices: [{ index: 0, finish_reason: 'stop',
        message: { role: 'assistant', content: 'Done.' } }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }));
    await anthropic().messages.create(ask('mistral', { tool_choice: { type: 'any' },
      tools: [{ name: 'Bash', input_schema: { type: 'object' } }],
      messages: [{ role: 'user', content: 'x' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_0123456789', name: 'Bash',
          input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_0123456789',
          content: 'ok' }, { type: 'text', text: 'go on' }] }] }));
    const [{ json }] = stack.tap.calls;
    const roles = json.messages.map((message) => message.role);
    assert.deepEqual(roles, ['user', 'assistant', 'tool', 'assistant', 'user']);
    assert.match(json.messages[1].tool_calls[0].id, /^[a-zA-Z0-9]{9}$/);
    assert.equal(json.messages[2].tool_call_id, json.messages[1].tool_calls[0].id);
    assert.equal(json.tool_choice, 'any');
  });
});
