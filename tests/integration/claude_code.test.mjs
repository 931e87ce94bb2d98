// The real Claude Code through the gateway, to providers of every protocol: the scenarios that
// must simply work.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { check_calls, targets, use_stack } from './lib/kit.mjs';
import { deployment } from './lib/tollgate.mjs';
import { assert_system_carried } from './lib/checks.mjs';
import { fails } from './lib/faults.mjs';
import { run_scenario } from './lib/run_scenario.mjs';
import * as scenarios from './lib/scenarios.mjs';

for (const [name, target] of Object.entries(targets)) {
  describe(`Claude Code to ${name}`, () => {
    const stack = use_stack(target);

    for (const scenario of scenarios.everywhere) {
      test(scenario.name, async () => {
        await run_scenario(scenario, stack);
        check_calls(stack, scenario.calls);
        assert.ok(stack.tap.calls.every((call) => call.json.model === target.model),
          'the configured model is asked for');
        if (name === 'anthropic') return;
        const [asked] = stack.client_tap.calls;
        assert_system_carried(asked.json, stack.tap.calls[0]);
      });
    }

    test('the stream begins with token counts and the name the client asked for', async () => {
      await run_scenario(scenarios.plain_prompt, stack);
      const [answered] = stack.client_tap.calls;
      const [start] = answered.response_events;
      assert.equal(start.json.type, 'message_start');
      assert.equal(start.json.message.model, answered.json.model);
      assert.match(start.json.message.id, /^msg_/);
      assert.ok(start.json.message.usage.input_tokens > 0, 'input tokens are never zero');
      const kinds = answered.response_events.map((event) => event.json.type)
        .filter((kind) => kind !== 'ping');
      assert.equal(kinds.at(-1), 'message_stop');
      assert.equal(kinds.filter((kind) => kind === 'message_start').length, 1);
    });
  });
}

for (const name of ['anthropic', 'openai_chat']) {
  describe(`Claude Code with much to read, to ${name}`, () => {
    const stack = use_stack(targets[name]);

    test(scenarios.large_context.name, async () => {
      await run_scenario(scenarios.large_context, stack);
      check_calls(stack, 1);
    });
  });
}

for (const name of ['anthropic', 'openai_compatible', 'openai_responses']) {
  describe(`Claude Code with a thinking model of ${name}`, () => {
    const stack = use_stack(targets[name]);

    test(scenarios.thinking.name, async () => {
      const result = await run_scenario(scenarios.thinking, stack);
      check_calls(stack, 2);
      const [thought] = scenarios.assistant_blocks(result)
        .filter((block) => block.type === 'thinking');
      if (name === 'anthropic') {
        assert.equal(thought.signature, 'c2lnbmVkLWJ5LXByb3ZpZGVy');
        const sent = JSON.stringify(stack.tap.calls[1].json.messages);
        assert.match(sent, /c2lnbmVkLWJ5LXByb3ZpZGVy/, 'the signature goes back untouched');
      } else {
        assert.match(thought.signature, /^tg1\./, 'signatures of ours are marked');
        assert.doesNotMatch(stack.tap.calls[1].request.body.toString(), /tg1\./);
      }
    });
  });
}

describe('Claude Code\'s own web search', () => {
  const stack = use_stack(targets.anthropic);

  test('is relayed to a provider that has one', async () => {
    await run_scenario(scenarios.web_search, stack);
    const search = stack.tap.calls[1].json;
    assert.equal(search.tools[0].type, 'web_search_20250305');
    assert.equal(search.tool_choice.name, 'web_search');
  });
});

describe('Claude Code\'s own web search to a provider without one', () => {
  const stack = use_stack(targets.openai_compatible);

  test('is a clear error and the session goes on', async () => {
    const scenario = { ...scenarios.web_search, calls: 2 };
    const result = await run_scenario(scenario, stack);
    check_calls(stack, 2);
    assert.match(JSON.stringify(scenarios.produced_results(result)), /web_search/);
    const refused = stack.client_tap.calls.filter((call) => call.response.status === 400);
    assert.equal(refused.length, 1, 'refused once, not retried');
    assert.match(refused[0].response.body.toString(), /web_search.*(not|cannot|no )/);
  });
});

describe('thinking modes and the model behind', () => {
  const stack = use_stack(targets.openai_chat, { config: (url) => ({ model_list: [
    deployment('claude-opus', 'openai', 'gpt-4.1', `${url}/v1`),
    deployment('claude-sonnet', 'openai', 'gpt-5.4', `${url}/v1`),
    deployment('claude-haiku', 'openai', 'gpt-4.1', `${url}/v1`)] }) });

  test('adaptive thinking is left out for a model that has none', async () => {
    await run_scenario(scenarios.plain_prompt, stack);
    check_calls(stack, 1);
    assert.equal(stack.client_tap.calls[0].json.thinking.type, 'adaptive');
    assert.ok(!('reasoning_effort' in stack.tap.calls[0].json));
    assert.ok(!('reasoning' in stack.tap.calls[0].json));
  });

  test('effort becomes reasoning effort for a model that reasons', async () => {
    await run_scenario(scenarios.plain_prompt, stack, { model: 'claude-sonnet-4-6' });
    const [sent] = stack.tap.calls;
    assert.match(sent.request.path, /\/responses$/, 'tools with reasoning need Responses');
    const asked = stack.client_tap.calls[0].json.output_config.effort;
    assert.equal(sent.json.reasoning.effort, asked);
  });
});

describe('Claude Code to an Anthropic model that refuses adaptive thinking', () => {
  const stack = use_stack(targets.anthropic);

  test('recovers, because the provider\'s words reach it unchanged', async () => {
    stack.tap.each((exchange) => (exchange.json.thinking?.type === 'adaptive'
      ? fails(400, 'adaptive thinking is not supported on this model') : undefined));
    await run_scenario({ ...scenarios.plain_prompt, calls: 2 }, stack);
    assert.deepEqual(stack.tap.calls.map((call) => call.json.thinking.type),
      ['adaptive', 'enabled']);
    assert.equal(stack.client_tap.calls[0].response.body.toString(),
      stack.tap.calls[0].response.body.toString());
  });
});
