// Ollama's own interface beyond what the common scenarios show: thinking, keep_alive, structured
// output, errors inside a stream, a model that was never pulled.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { use_stack } from './lib/kit.mjs';
import { deployment, master_key } from './lib/tollgate.mjs';
import { run_scenario } from './lib/run_scenario.mjs';
import * as faults from './lib/faults.mjs';
import * as scenarios from './lib/scenarios.mjs';

const names = ['claude-opus', 'claude-sonnet', 'claude-haiku', 'test-model'];
const config = (url) => ({ model_list: [
  ...names.map((name) => deployment(name, 'ollama', 'qwen3:8b', url,
    { extra_body: { keep_alive: '30m' } })),
  deployment('levels', 'ollama', 'gpt-oss:20b', url),
  deployment('plain', 'ollama', 'llama3.2', url)] });
const line = (message, more = {}) => `${JSON.stringify({ model: 'qwen3:8b',
  created_at: '2026-11-21T05:00:00Z', message: { role: 'assistant', content: '', ...message },
  done: false, ...more })}\n`;
const end = (more = {}) => line({}, { done: true, done_reason: 'stop', prompt_eval_count: 21,
  eval_count: 7, ...more });
const streams = (lines, options = {}) => faults.streams(lines.map((one) => Buffer.from(one)),
  { headers: { 'content-type': 'application/x-ndjson' }, ...options });

describe('Ollama', () => {
  const stack = use_stack({ tells_usage: false }, { config });
  const openai = () => new OpenAI({ baseURL: `${stack.base_url}/v1`, apiKey: master_key,
    maxRetries: 0 });
  const anthropic = () => new Anthropic({ baseURL: stack.base_url, apiKey: master_key,
    maxRetries: 0 });
  const ask = (model, more = {}) => ({ model, max_tokens: 2000,
    messages: [{ role: 'user', content: 'x' }], ...more });

  for (const scenario of [scenarios.plain_prompt, scenarios.tool_loop]) {
    test(`Claude Code: ${scenario.name}`, async () => {
      await run_scenario(scenario, stack);
      assert.ok(stack.tap.calls.every((call) => call.json.keep_alive === '30m'));
    });
  }

  test('thinking comes as a block and goes back where it came from', async () => {
    stack.tap.next(streams([line({ thinking: 'Hm.' }), line({ content: 'Hello.' }), end()]),
      streams([line({ content: 'Again.' }), end()]));
    const asked = ask('test-model', { thinking: { type: 'enabled', budget_tokens: 1024 } });
    const first = await anthropic().messages.stream(asked).finalMessage();
    assert.deepEqual(first.content.map((block) => block.type), ['thinking', 'text']);
    assert.equal(first.usage.input_tokens, 21);
    asked.messages.push({ role: 'assistant', content: first.content },
      { role: 'user', content: 'more' });
    await anthropic().messages.stream(asked).finalMessage();
    const [one, two] = stack.tap.calls.map((call) => call.json);
    assert.equal(one.think, true);
    assert.equal(two.messages[1].thinking, 'Hm.');
  });

  test('levels where a model has levels, nothing where it has none', async () => {
    stack.tap.next(streams([line({ content: 'a' }), end()]), streams([line({ content: 'b' }),
      end()]));
    for (const model of ['levels', 'plain']) {
      const stream = await openai().chat.completions.create(ask(model, { stream: true,
        reasoning_effort: 'high' }));
      for await (const chunk of stream) assert.ok(chunk.choices);
    }
    assert.deepEqual(stack.tap.calls.map((call) => call.json.think), ['high', undefined]);
  });

  test('an OpenAI client sets keep_alive, options and a schema', async () => {
    stack.tap.next(faults.answers(200, JSON.parse(end())));
    const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
    await openai().chat.completions.create(ask('plain', { keep_alive: 0,
      options: { num_gpu: 1 }, response_format: { type: 'json_schema',
        json_schema: { name: 'x', schema } } }));
    const [{ json }] = stack.tap.calls;
    assert.equal(json.keep_alive, 0);
    assert.equal(json.options.num_gpu, 1);
    assert.deepEqual(json.format, schema);
  });

  test('a line with an error ends the stream as an error', async () => {
    stack.tap.next(streams([line({ content: 'Hel' }),
      '{"error":"an error was encountered while running the model: unexpected EOF"}\n']));
    await assert.rejects(anthropic().messages.stream(ask('plain')).finalMessage(),
      /unexpected EOF/);
  });

  test('a model that is not there: the command that gets it', async () => {
    stack.tap.next(faults.answers(404, { error: "model 'llama3.2' not found" }));
    await assert.rejects(anthropic().messages.create(ask('plain')), (error) => {
      assert.equal(error.status, 404);
      assert.match(error.message, /ollama pull llama3\.2/);
      return true;
    });
  });
});
