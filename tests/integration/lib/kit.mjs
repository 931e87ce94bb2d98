// One provider behind one tap behind one gateway, for a whole test file: started before the
// first test, checked after each, stopped after the last.
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { Provider } from './provider.mjs';
import { Tap } from './tap.mjs';
import { Tollgate, single_provider } from './tollgate.mjs';
import * as checks from './checks.mjs';

/** Provider protocols under test: how they are configured and what they must be sent. */
export const targets = {
  anthropic: { kind: 'anthropic', model: 'claude-sonnet-4-5-20250929',
    check: (exchange) => checks.assert_credentials(exchange) },
  openai_chat: { kind: 'openai', model: 'gpt-4.1', check: checks.assert_chat_request },
  openai_compatible: { kind: 'hosted_vllm', model: 'house-model',
    check: checks.assert_chat_request },
  // Served by Responses alone, with tools and without.
  openai_responses: { kind: 'openai', model: 'gpt-5.3-codex',
    check: checks.assert_responses_request },
  // The mock's Ollama tells no token counts and always ends with "stop".
  ollama: { kind: 'ollama', model: 'house-model', check: checks.assert_ollama_request,
    tells_usage: false },
};

/**
 * Call inside describe(). Returns an object whose provider, tap (before the provider), gateway,
 * client_tap (before the gateway) and base_url (the client tap's) are set before the tests run.
 * config(tap_url, stack) makes the configuration; without it every name is one target's.
 * target.between(mock_url) starts what stands between tap and mock: {url, stop}.
 */
export function use_stack(target, { config, options } = {}) {
  const stack = { target };
  before(async () => {
    stack.provider = await Provider.start();
    stack.between = await target.between?.(stack.provider.url);
    stack.tap = await Tap.start(stack.between?.url ?? stack.provider.url);
    const made = config ? await config(stack.tap.url, stack)
      : single_provider(target.kind, stack.tap.url, target.model);
    stack.gateway = await Tollgate.start(made, options);
    // A second tap, on the client's side: what the client sent and what it was answered.
    stack.client_tap = await Tap.start(stack.gateway.url);
    stack.base_url = stack.client_tap.url;
    stack.log = () => stack.gateway.log;
  });
  afterEach(() => {
    const surprises = stack.provider?.surprises() ?? [];
    stack.provider?.reset();
    stack.tap?.clear();
    stack.client_tap?.clear();
    assert.deepEqual(surprises, [], 'the provider was asked what no fixture expects');
  });
  after(async () => {
    try {
      if (stack.gateway) await stack.gateway.stop();
    } finally {
      await stack.client_tap?.stop();
      await stack.tap?.stop();
      await stack.between?.stop();
      await stack.provider?.stop();
    }
  });
  return stack;
}

/** Asserts target.check on every call made so far and that there were so many. */
export function check_calls(stack, count) {
  if (count !== undefined) assert.equal(stack.tap.calls.length, count, 'calls to the provider');
  for (const exchange of stack.tap.calls) {
    try {
      stack.target.check?.(exchange);
    } catch (error) {
      error.message += `\n${exchange.excerpt(1500)}`;
      throw error;
    }
  }
}
