// What providers and clients can do wrong, and reload and shutdown under load: with figures.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { targets, use_stack } from './lib/kit.mjs';
import { patience } from './lib/patience.mjs';
import { single_provider, deployment } from './lib/tollgate.mjs';
import { says, step } from './lib/provider.mjs';
import { parse_events } from './lib/http_bytes.mjs';
import * as faults from './lib/faults.mjs';

const within_ms = 100; // a provider call ends this soon after its client left

const timeouts = { routing: { headers_timeout: 1.5, headers_timeout_last: 1.5,
  first_event_timeout: 1.5, idle_timeout: 1.5, connect_timeout: 1, backoff_first: 0.02,
  backoff_max: 0.1 } };

const ask = (stack, text, { stream = false, model = 'claude-sonnet', ...options } = {}) =>
  stack.gateway.fetch('/v1/messages', { json: { model, max_tokens: 100, stream,
    messages: [{ role: 'user', content: text }] }, ...options });

const good_text = (body) => parse_events(body)
  .map((event) => event.json?.delta?.text ?? '').join('');

for (const name of ['anthropic', 'openai_chat']) {
  describe(`a provider of ${name} that fails`, () => {
    const stack = use_stack(targets[name], { config: (url) => ({
      ...single_provider(targets[name].kind, url, targets[name].model), ...timeouts }) });
    const answer = (marker, text = 'All is well.') => stack.provider
      .on(step(marker, 0), says(text));

    test('refused: 502 or 503 that says so; served again when it is back', async () => {
      await stack.tap.refuse();
      try {
        const response = await ask(stack, 'TG-REFUSED');
        const { error } = await response.json();
        assert.ok([502, 503].includes(response.status), String(response.status));
        assert.match(error.message, /refused|connect|reach/i);
        assert.doesNotMatch(error.message, /sk-provider/);
      } finally {
        await stack.tap.accept_again();
      }
      answer('TG-REFUSED');
      const again = await ask(stack, 'TG-REFUSED');
      assert.equal(again.status, 200);
      await again.text();
    });

    for (const [title, fault] of [['a reset', faults.resets()], ['a hang-up', faults.hangs_up()],
      ['garbage', faults.garbage()],
      ['one 500', faults.fails(500, 'oops', { 'retry-after': '0' })],
      ['a stall before headers', faults.stalls_before_headers()]]) {
      for (const stream of [false, true]) {
        test(`${title} is tried again unseen, ${stream ? 'streamed' : 'plain'}`, async () => {
          answer('TG-AGAIN');
          stack.tap.next(fault);
          const response = await ask(stack, 'TG-AGAIN', { stream });
          const body = await response.text();
          assert.equal(response.status, 200, body);
          assert.match(stream ? good_text(body) : body, /All is well\./);
          assert.equal(stack.tap.calls.length, 2);
        });
      }
    }

    test('stalling before headers for good is a 504 in time', async () => {
      stack.tap.each(() => faults.stalls_before_headers());
      const started = performance.now();
      const response = await ask(stack, 'TG-STALL');
      assert.equal(response.status, 504);
      assert.equal((await response.json()).error.type, 'timeout_error');
      assert.ok(performance.now() - started < 8000 * patience);
    });

    test('stalling after headers is tried again unseen', async () => {
      answer('TG-STALL2');
      stack.tap.next(faults.stalls_after_headers());
      const body = await (await ask(stack, 'TG-STALL2', { stream: true })).text();
      assert.match(good_text(body), /All is well\./);
    });

    for (const then of ['cut', 'reset', 'stall']) {
      test(`mid-event ${then}: what came, then an error event, no normal end`, async () => {
        answer('TG-MID', 'words and '.repeat(60));
        stack.tap.next(faults.stops_after_bytes(2003, then));
        const body = await (await ask(stack, 'TG-MID', { stream: true })).text();
        const events = parse_events(body);
        assert.ok(events.every((event) => event.json), `only whole events: ${body.slice(-400)}`);
        assert.match(good_text(body), /^words and words/);
        assert.equal(events.at(-1).json.type, 'error');
        assert.ok(!events.some((event) => event.json.type === 'message_stop'));
      });
    }

    test('half a UTF-8 sequence at the cut does not reach the client', async () => {
      answer('TG-UTF', '界'.repeat(300));
      // Any three cuts in a row fall once on each byte of a character.
      for (const cut of [3001, 3002, 3003]) {
        stack.tap.next(faults.stops_after_bytes(cut, 'cut'));
        const response = await ask(stack, 'TG-UTF', { stream: true });
        const bytes = Buffer.from(await response.arrayBuffer());
        new TextDecoder('utf-8', { fatal: true }).decode(bytes);
        assert.equal(parse_events(bytes.toString()).at(-1).json.type, 'error');
      }
    });

    test('bytes that are no UTF-8 at all do not break the stream or the gateway', async () => {
      answer('TG-BAD');
      stack.tap.next(faults.streams([Buffer.from('data: {"choices":[{"delta":{"content":"'),
        Buffer.from([0xff, 0xc3, 0x28]), Buffer.from('"}}]}\n\n')], { then: 'cut' }));
      await (await ask(stack, 'TG-BAD', { stream: true })).arrayBuffer();
      assert.equal((await stack.gateway.fetch('/livez')).status, 200);
    });

    for (const coding of faults.codings) {
      test(`an answer under ${coding}, though not asked for, is understood`, async () => {
        answer('TG-CODED');
        for (const stream of [false, true]) {
          stack.tap.next(faults.encoded(coding));
          const response = await ask(stack, 'TG-CODED', { stream });
          const body = await response.text();
          assert.equal(response.status, 200, body);
          assert.match(stream ? good_text(body) : body, /All is well\./);
        }
        assert.equal(stack.tap.calls.length, 2);
      });
    }

    test('trailers after the last chunk are accepted', async () => {
      answer('TG-TRAIL');
      stack.tap.next(faults.with_trailers());
      const body = await (await ask(stack, 'TG-TRAIL', { stream: true })).text();
      assert.match(good_text(body), /All is well\./);
      assert.equal((await ask(stack, 'TG-TRAIL')).status, 200);
    });

    test('a kept connection that dies on reuse costs nobody an answer', async () => {
      answer('TG-STALE');
      stack.tap.each(() => faults.closes_when_reused());
      for (let i = 0; i < 6; i += 1) {
        const response = await ask(stack, 'TG-STALE');
        assert.equal(response.status, 200, await response.clone().text());
        await response.text();
      }
    });

    test('connections to the provider are reused', async () => {
      answer('TG-REUSE');
      for (let i = 0; i < 10; i += 1) await (await ask(stack, 'TG-REUSE')).text();
      const used = new Set(stack.tap.calls.map((call) => call.connection_id));
      assert.ok(used.size <= 4, `${used.size} connections for 10 calls in a row`);
    });

    test('a storm of 429 ends, and does not become a storm of ours', async () => {
      stack.tap.each(() => faults.fails(429, 'too many', { 'retry-after': '1' }));
      const started = performance.now();
      const all = await Promise.all(Array.from({ length: 30 }, async () => {
        const response = await ask(stack, 'TG-STORM');
        await response.text();
        return response.status;
      }));
      assert.deepEqual([...new Set(all)], [429]);
      assert.ok(performance.now() - started < 15000 * patience);
      assert.ok(stack.tap.calls.length <= 30 * 3, `${stack.tap.calls.length} calls for 30`);
    });

    test('a 20 MB event is an error for that stream only', async () => {
      answer('TG-HUGE');
      stack.tap.each(({ json }) => (JSON.stringify(json).includes('TG-HUGE-ONE')
        ? faults.streams([`data: {"x":"${'y'.repeat(20 * 1024 * 1024)}"}\n\n`]) : undefined));
      const other = ask(stack, 'TG-HUGE', { stream: true }).then((one) => one.text());
      const response = await ask(stack, 'TG-HUGE-ONE', { stream: true });
      const body = await response.text();
      const last = parse_events(body).at(-1)?.json ?? JSON.parse(body);
      assert.equal(last.type, 'error', body.slice(0, 300));
      assert.match(good_text(await other), /All is well\./);
    });

    for (const [phase, fault, stream] of [
      ['before headers', faults.stalls_before_headers(), false],
      ['before headers of a stream', faults.stalls_before_headers(), true],
      ['after headers', faults.stalls_after_headers(), true],
      ['in the middle of the stream', faults.stops_after_bytes(1200, 'stall'), true]]) {
      test(`a client that leaves ${phase} ends the call within ${within_ms} ms`, async () => {
        answer('TG-LEAVE', 'words and '.repeat(60));
        const times = [];
        // A busy machine may delay one measurement; it does not delay three.
        while (times.length < 3 && !times.some((time) => time < within_ms)) {
          stack.tap.next(fault);
          const abort = new AbortController();
          const asked = ask(stack, 'TG-LEAVE', { stream, signal: abort.signal })
            .then((response) => response.body.getReader());
          const exchange = await stack.tap.call(times.length);
          if (phase.startsWith('in the middle')) await (await asked).read();
          const gone_at = performance.now();
          abort.abort();
          await asked.catch(() => {});
          times.push(await exchange.left_after(gone_at));
        }
        assert.ok(times.some((time) => time < within_ms), `took ${times} ms`);
      });
    }
  });
}

describe('a provider that falls silent', () => {
  const stack = use_stack(targets.anthropic, { config: (url) => ({ model_list: [
    deployment('claude-sonnet', 'anthropic', 'claude-sonnet-4-5', url),
    deployment('claude-opus', 'openai', 'gpt-4.1', `${url}/v1`)] }) });
  const silent_start = {
    'claude-sonnet': [{ type: 'message_start', message: { id: 'msg_1', type: 'message',
      role: 'assistant', content: [], model: 'claude-sonnet-4-5', stop_reason: null,
      stop_sequence: null, usage: { input_tokens: 9, output_tokens: 1 } } }],
    'claude-opus': [] };

  for (const [model, events] of Object.entries(silent_start)) {
    test(`is covered by pings of ours after 15 s, for ${model}`, async () => {
      stack.tap.next(faults.streams(events, { then: 'stall' }));
      const abort = new AbortController();
      const started = performance.now();
      try {
        const response = await ask(stack, 'x', { model, stream: true, signal: abort.signal });
        assert.equal(response.status, 200);
        const reader = response.body.getReader();
        let text = '';
        while (!text.includes('event: ping')) {
          const { value, done } = await reader.read();
          assert.ok(!done, text);
          text += Buffer.from(value).toString();
        }
        const seconds = (performance.now() - started) / 1000;
        assert.ok(seconds > 13 && seconds < 18, `${seconds} s`);
        if (events.length > 0) assert.equal(parse_events(text)[0].json.type, 'message_start');
      } finally {
        abort.abort();
      }
    });
  }
});

describe('providers of one name, one of them down', () => {
  const stack = use_stack(targets.anthropic, { config: async (url) => ({ model_list: [
    deployment('claude-sonnet', 'anthropic', 'lives', url),
    deployment('claude-sonnet', 'anthropic', 'dead', 'http://127.0.0.1:9')], ...timeouts }) });

  test('no request is lost', async () => {
    stack.provider.on(step('TG-HALF', 0), says('ok'));
    for (let i = 0; i < 8; i += 1) {
      const response = await ask(stack, 'TG-HALF');
      assert.equal(response.status, 200, await response.clone().text());
      await response.text();
    }
  });
});

describe('a provider name that does not resolve', () => {
  const stack = use_stack(targets.anthropic, { config: () => ({ model_list: [
    deployment('claude-sonnet', 'anthropic', 'x', 'http://no-such-host.invalid')],
  ...timeouts }) });

  test('is a 502 or 503 that names the host', async () => {
    const response = await ask(stack, 'x');
    assert.ok([502, 503].includes(response.status));
    assert.match((await response.json()).error.message, /no-such-host\.invalid|resolve/);
  });
});

