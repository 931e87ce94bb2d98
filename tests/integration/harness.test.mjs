// The harness against itself, without the gateway: if something fails here, a failure elsewhere
// says nothing about the gateway.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { Provider, says, step, calls_tools } from './lib/provider.mjs';
import { Tap, sha256 } from './lib/tap.mjs';
import * as faults from './lib/faults.mjs';
import * as scenarios from './lib/scenarios.mjs';
import { run_scenario } from './lib/run_scenario.mjs';
import { claude_available } from './lib/claude.mjs';

let provider;
let tap;

before(async () => {
  provider = await Provider.start();
  tap = await Tap.start(provider.url);
});
afterEach(() => {
  const surprises = provider.surprises();
  provider.reset();
  tap.clear();
  assert.deepEqual(surprises, []);
});
after(async () => {
  await tap.stop();
  await provider.stop();
});

describe('Claude Code straight at the provider', { skip: !claude_available() }, () => {
  const all = [...scenarios.everywhere, scenarios.large_context, scenarios.thinking,
    scenarios.web_search];
  for (const scenario of all) {
    test(scenario.name, () => run_scenario(scenario, { provider, tap, base_url: tap.url }));
  }
});

describe('SDKs straight at the provider', () => {
  test('Anthropic, streamed', async () => {
    provider.on(step('hello', 0), says('Hi.'));
    const client = new Anthropic({ baseURL: tap.url, apiKey: 'sk-made-up', maxRetries: 0 });
    const message = await client.messages.stream({ model: 'claude-sonnet-4-5', max_tokens: 50,
      messages: [{ role: 'user', content: 'hello' }] }).finalMessage();
    assert.equal(message.content[0].text, 'Hi.');
    assert.equal(tap.calls[0].request.body_sha256, sha256(tap.calls[0].request.body));
    assert.equal(tap.calls[0].response_events.at(-1).event, 'message_stop');
  });

  test('OpenAI Chat, streamed with tools', async () => {
    provider.on(step('hello', 0), calls_tools([['look', { at: 'sky' }]]));
    const client = new OpenAI({ baseURL: `${tap.url}/v1`, apiKey: 'sk-made-up', maxRetries: 0 });
    const done = await client.chat.completions.stream({ model: 'gpt-4.1',
      messages: [{ role: 'user', content: 'hello' }],
      tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }],
    }).finalChatCompletion();
    assert.equal(done.choices[0].message.tool_calls[0].function.arguments, '{"at":"sky"}');
  });
});

describe('faults of the tap', () => {
  const ask = (options = {}) => fetch(`${tap.url}/v1/messages`, { method: 'POST',
    body: JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 9, stream: true,
      messages: [{ role: 'user', content: 'hello' }] }), ...options });

  for (const coding of ['gzip', 'deflate', 'br']) {
    test(`answer under ${coding} decodes to the same`, async () => {
      provider.on(step('hello', 0), says('Hi there.'));
      tap.next(faults.encoded(coding));
      assert.match(await (await ask()).text(), /message_stop/);
    });
  }

  test('trailers, small pieces and a cut are as announced', async () => {
    provider.on(step('hello', 0), says('Hi there.'));
    tap.next(faults.with_trailers(), faults.in_pieces_of(3), faults.stops_after_bytes(200));
    assert.match(await (await ask()).text(), /message_stop/);
    assert.match(tap.calls[0].response_raw.toString(), /0\r\nx-checksum: none\r\n\r\n$/);
    assert.match(await (await ask()).text(), /message_stop/);
    await assert.rejects(async () => (await ask()).text());
  });

  test('status answers carry their headers', async () => {
    tap.next(faults.fails(429, 'slow down', { 'retry-after': '7' }));
    const response = await ask();
    assert.equal(response.status, 429);
    assert.equal(response.headers.get('retry-after'), '7');
    assert.equal((await response.json()).error.type, 'rate_limit_error');
  });

  test('a client that leaves is noticed', async () => {
    tap.next(faults.stalls_before_headers());
    const abort = new AbortController();
    const asked = ask({ signal: abort.signal });
    const exchange = await tap.call(0);
    abort.abort();
    await assert.rejects(asked);
    assert.ok(await exchange.left_after(exchange.arrived_at) >= 0);
  });

  test('refused, then accepted again', async () => {
    provider.on(step('hello', 0), says('Hi.'));
    await tap.refuse();
    await assert.rejects(ask());
    await tap.accept_again();
    assert.equal((await ask()).status, 200);
  });
});
