// The real Claude Code when something is wrong: keys, names, provider errors, overflow,
// a provider that changes in the middle of a session.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { check_calls, targets, use_stack } from './lib/kit.mjs';
import { Tap } from './lib/tap.mjs';
import { make_workspace, run_claude } from './lib/claude.mjs';
import { master_key, deployment } from './lib/tollgate.mjs';
import { says, step, user_text } from './lib/provider.mjs';
import { fails, answers, openai_error, stops_after_bytes, streams } from './lib/faults.mjs';
import { assert_chat_request } from './lib/checks.mjs';
import { run_scenario } from './lib/run_scenario.mjs';
import * as scenarios from './lib/scenarios.mjs';

const retries = (count) => ({ CLAUDE_CODE_MAX_RETRIES: String(count) });

/** A run in a workspace of its own that is expected to end badly. */
async function run_badly(stack, prompt, options) {
  const workspace = await make_workspace();
  try {
    const result = await run_claude(workspace, prompt,
      { base_url: stack.base_url, key: master_key, ...options });
    assert.equal(result.is_error, true, result.stdout);
    return result;
  } finally {
    await workspace.remove();
  }
}

const both = ['anthropic', 'openai_chat'];

for (const name of both) {
  describe(`what Claude Code is told, in front of ${name}`, () => {
    const stack = use_stack(targets[name]);

    test('an unknown model is a 404 with the nearest names', async () => {
      await run_badly(stack, 'TG-NONE', { model: 'test-modle' });
      const { status, body } = stack.client_tap.calls[0].response;
      assert.equal(status, 404);
      const { error } = JSON.parse(body);
      assert.equal(error.type, 'not_found_error');
      assert.match(error.message, /test-modle/);
      assert.match(error.message, /test-model\b/, 'the nearest name is offered');
      assert.equal(stack.tap.calls.length, 0);
    });

    test('a wrong key is a 401 at once, not after ten retries', async () => {
      const result = await run_badly(stack, 'TG-NONE', { key: 'sk-wrong-key',
        limit_ms: 20000 });
      assert.match(result.result, /401/);
      assert.equal(stack.client_tap.calls[0].response.status, 401);
      const { error } = JSON.parse(stack.client_tap.calls[0].response.body);
      assert.equal(error.type, 'authentication_error');
      assert.equal(stack.client_tap.calls.length, 1, 'x-should-retry: false stops it');
      assert.equal(stack.tap.calls.length, 0);
    });

    for (const status of [429, 500, 529]) {
      test(`one ${status} is not noticed`, async () => {
        stack.tap.next(fails(status, `told you ${status}`, { 'retry-after': '0' }));
        await run_scenario({ ...scenarios.plain_prompt, calls: 2 }, stack, { env: retries(0) });
        assert.equal(stack.client_tap.calls.length, 1, 'the gateway tried again by itself');
      });
    }

    for (const status of [400, 429, 500, 529]) {
      test(`lasting ${status} reaches the user with the provider's words`, async () => {
        stack.tap.each(() => fails(status, `told you ${status}`, { 'retry-after': '0' }));
        const result = await run_badly(stack, 'TG-NONE', { env: retries(0) });
        assert.match(result.result, new RegExp(`told you ${status}`));
        const answered = stack.client_tap.calls[0].response;
        assert.equal(answered.status, status);
        if (name === 'anthropic') {
          assert.equal(answered.body.toString(),
            stack.tap.calls.at(-1).response.body.toString(), 'the body is relayed as it is');
        } else {
          assert.equal(JSON.parse(answered.body).type, 'error');
        }
        if (status === 400) assert.equal(stack.tap.calls.length, 1, '400 is not retried');
      });
    }

    test('a stream cut in the middle is an error event, and the session goes on', async () => {
      stack.tap.next(stops_after_bytes(1100, 'cut'));
      const long = 'A longer answer, '.repeat(30).trim();
      stack.provider.on(step('TG-CUT', 0), says(long));
      const scenario = { prompt: 'TG-CUT: go', calls: 2, prepare: () => {},
        verify: (result) => scenarios.assert_good(result, long) };
      await run_scenario(scenario, stack, { env: retries(2) });
      const first = stack.client_tap.calls[0];
      assert.equal(first.response_events.at(-1).event, 'error', first.excerpt(3000));
      assert.ok(!first.response_events.some((event) => event.event === 'message_stop'),
        'never a fake normal end');
    });
  });
}

const overflows = {
  anthropic: { fault: fails(400, 'prompt is too long: 210000 tokens > 200000 maximum'),
    words: /^prompt is too long: 210000 tokens > 200000 maximum/ },
  openai_chat: { fault: answers(400, openai_error('invalid_request_error',
    'This model\'s maximum context length is 128000 tokens. However, your messages resulted in '
    + '210000 tokens. Please reduce the length of the messages.', 'context_length_exceeded')),
  words: new RegExp('^prompt is too long: 210000 tokens > 128000 maximum '
    + '\\(capability_rejected: prompt_too_long\\)$') },
};

for (const name of both) {
  describe(`a prompt too long for ${name}`, () => {
    const stack = use_stack(targets[name]);

    test('is recognised by Claude Code, and /compact then works', async () => {
      const workspace = await make_workspace();
      const options = { base_url: stack.base_url, key: master_key, env: retries(0) };
      const said = (text) => ({ predicate: (request) => user_text(request).includes(text) });
      stack.provider.on(said('detailed summary of the conversation'),
        says('<analysis>a</analysis><summary>TG-SUMMARY</summary>'));
      stack.provider.on(said('TG-FIRST'), says('Noted.'));
      try {
        const first = await run_claude(workspace, 'TG-FIRST', options);
        scenarios.assert_good(first, 'Noted.', stack.log());
        stack.tap.next(overflows[name].fault);
        stack.client_tap.clear();
        const resume = { ...options, resume: first.session_id };
        const second = await run_claude(workspace, 'TG-SECOND', resume);
        assert.match(second.result, /^Prompt is too long/);
        const { status, body } = stack.client_tap.calls[0].response;
        assert.equal(status, 400);
        assert.match(JSON.parse(body).error.message, overflows[name].words);
        const third = await run_claude(workspace, '/compact', resume);
        assert.equal(third.is_error, false, third.stdout);
        assert.ok(third.messages.some((message) => message.subtype === 'compact_boundary'));
      } finally {
        await workspace.remove();
      }
    });
  });
}

describe('two providers in one session', () => {
  let other;
  const stack = use_stack(targets.anthropic, { config: async (url, self) => {
    other = await Tap.start(self.provider.url);
    return { model_list: [
      deployment('claude-opus', 'anthropic', 'claude-opus-4-8', url),
      deployment('claude-sonnet', 'hosted_vllm', 'house-reasoner', `${other.url}/v1`),
      deployment('claude-haiku', 'anthropic', 'claude-haiku-4-5', url),
      deployment('claude-backup', 'hosted_vllm', 'backup-model', `${other.url}/v1`)],
    router_settings: { fallbacks: [{ 'claude-opus': ['claude-backup'] }] } };
  } });
  before(() => assert.ok(other));
  after(() => other.stop());

  test('Anthropic, OpenAI, Anthropic with thinking on', async () => {
    const workspace = await make_workspace();
    const options = { base_url: stack.base_url, key: master_key, env: retries(0) };
    const turn = (marker, text, signature) => stack.provider.on({ predicate: (request) =>
      user_text(request).split(/TG-TURN-/).at(-1).startsWith(marker) }, says(text,
      { reasoning: `thinking of ${marker}`, reasoningSignature: signature }));
    turn('A', 'answer A', 'Z2VudWluZS1h');
    turn('B', 'answer B');
    turn('C', 'answer C', 'Z2VudWluZS1j');
    try {
      const first = await run_claude(workspace, 'TG-TURN-A', { ...options,
        model: 'claude-opus-4-8' });
      scenarios.assert_good(first, 'answer A', stack.log());
      const resume = { ...options, resume: first.session_id };
      const second = await run_claude(workspace, 'TG-TURN-B', { ...resume,
        model: 'claude-sonnet-4-6' });
      scenarios.assert_good(second, 'answer B', stack.log());
      const third = await run_claude(workspace, 'TG-TURN-C', { ...resume,
        model: 'claude-opus-4-8' });
      scenarios.assert_good(third, 'answer C', stack.log());
      assert_chat_request(other.calls[0]);
      assert.doesNotMatch(other.calls[0].request.body.toString(), /Z2VudWluZS1h/);
      const sent = stack.tap.calls.at(-1).json.messages.flatMap((message) =>
        (Array.isArray(message.content) ? message.content : []));
      const thoughts = sent.filter((block) => block.type === 'thinking');
      assert.deepEqual(thoughts.map((block) => block.signature), ['Z2VudWluZS1h'],
        'the genuine block stays, the one made for the other provider is removed');
    } finally {
      other.clear();
      await workspace.remove();
    }
  });

  test('a fallback inside a tool loop', async () => {
    let count = 0;
    stack.tap.each(() => {
      count += 1;
      return count > 1 ? fails(529, 'Overloaded') : undefined;
    });
    const loop = { ...scenarios.tool_loop, calls: 4 };
    await run_scenario(loop, stack, { env: retries(0) });
    assert.equal(other.calls.length, 3, 'the other provider took over');
    for (const exchange of other.calls) assert_chat_request(exchange);
    const ids = other.calls.at(-1).json.messages.filter((message) => message.role === 'tool');
    assert.equal(ids.length, 3, 'the whole loop so far was carried over');
    other.clear();
  });

  test('an error after message_start is not noticed either', async () => {
    stack.tap.next(streams([{ type: 'message_start', message: { id: 'msg_1', type: 'message',
      role: 'assistant', content: [], model: 'claude-opus-4-8', stop_reason: null,
      stop_sequence: null, usage: { input_tokens: 5, output_tokens: 1 } } },
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }]));
    stack.provider.on(step('TG-LATE', 0), says('From the other one.'));
    const scenario = { prompt: 'TG-LATE: go', calls: 1, prepare: () => {},
      verify: (result) => scenarios.assert_good(result, 'From the other one.') };
    await run_scenario(scenario, stack, { env: retries(0) });
    assert.equal(other.calls.length, 1);
    const starts = stack.client_tap.calls[0].response_events
      .filter((event) => event.event === 'message_start');
    assert.equal(starts.length, 1, 'one beginning for the client');
    other.clear();
  });

  test('a sub-agent and its parent may be served by different providers', async () => {
    await run_scenario({ ...scenarios.sub_agent, calls: 2 }, stack,
      { env: { ...retries(0), CLAUDE_CODE_SUBAGENT_MODEL: 'claude-sonnet-4-6' } });
    assert.equal(other.calls.length, 1);
    check_calls({ ...stack, tap: stack.tap }, 2);
    other.clear();
  });
});

