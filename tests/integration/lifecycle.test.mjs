// Slow clients, reload and shutdown: nobody's answer is lost.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { targets, use_stack } from './lib/kit.mjs';
import { Provider, says, step } from './lib/provider.mjs';
import { Tap } from './lib/tap.mjs';
import { RawClient, message_body, request_text } from './lib/raw_client.mjs';
import { Tollgate, single_provider } from './lib/tollgate.mjs';
import { parse_events } from './lib/http_bytes.mjs';
import * as faults from './lib/faults.mjs';

const ask = (gateway, text, more = {}) => gateway.fetch('/v1/messages', { json: {
  model: 'claude-sonnet', max_tokens: 100, messages: [{ role: 'user', content: text }],
  ...more } });

describe('slow clients', () => {
  const stack = use_stack(targets.anthropic, { config: (url) => ({
    ...single_provider('anthropic', url, 'claude-sonnet-4-5'),
    server: { limits: { head_timeout: 1, body_timeout: 1.5, idle_timeout: 2 } } }) });

  test('one that stops reading holds up the provider, not the gateway', async () => {
    const event = faults.sse({ type: 'content_block_delta', index: 0,
      delta: { type: 'text_delta', text: 'x'.repeat(16 * 1024) } });
    const events = 4096; // 64 MB in all
    let written = 0;
    stack.tap.each(({ json }) => (JSON.stringify(json).includes('TG-FLOOD') ? async (context) => {
      const { answer, exchange } = context;
      const write = answer.write.bind(answer);
      answer.write = (bytes) => { written += bytes.length; return write(bytes); };
      exchange.left.then(() => answer.socket.destroy());
      await faults.streams([faults.sse({ type: 'message_start', message: { id: 'msg_1',
        type: 'message', role: 'assistant', content: [], model: 'm', stop_reason: null,
        usage: { input_tokens: 1, output_tokens: 1 } } }),
      faults.sse({ type: 'content_block_start', index: 0,
        content_block: { type: 'text', text: '' } }),
      ...Array.from({ length: events }, () => event)])(context);
    } : undefined));
    stack.provider.on(step('TG-QUICK', 0), says('quick'));
    const slow = await RawClient.connect(stack.gateway.port);
    slow.send(request_text('POST', '/v1/messages',
      { body: message_body('TG-FLOOD', { stream: true }) }));
    await slow.until(() => (slow.bytes.length > 0 ? true : undefined));
    slow.socket.pause();
    const exchange = await stack.tap.call(0);
    // The flood is over when the provider could write no more for a while.
    let before = -1;
    while (written !== before) {
      before = written;
      for (let i = 0; i < 5; i += 1) await (await ask(stack.gateway, 'TG-QUICK')).text();
    }
    assert.ok(written < 24 * 1024 * 1024, `${written} bytes taken from the provider`);
    const quick = await ask(stack.gateway, 'TG-QUICK');
    assert.equal((await quick.json()).content[0].text, 'quick');
    const gone_at = performance.now();
    slow.end();
    assert.ok(await exchange.left_after(gone_at) < 100, 'leaving ends the call');
  });

  test('a body that comes slowly but steadily is served', async () => {
    stack.provider.on(step('TG-SLOWLY', 0), says('patient'));
    const client = await RawClient.connect(stack.gateway.port);
    const whole = request_text('POST', '/v1/messages', { body: message_body('TG-SLOWLY') });
    for (let at = 0; at < whole.length; at += 16) {
      client.send(whole.slice(at, at + 16));
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    const response = await client.response();
    assert.equal(response.status, 200, response.body);
    client.end();
  });

  for (const [title, part] of [['a head', 0.2], ['a body', 0.95]]) {
    test(`${title} that stops coming is given up`, async () => {
      const client = await RawClient.connect(stack.gateway.port);
      const whole = request_text('POST', '/v1/messages', { body: message_body('TG-NEVER') });
      const started = performance.now();
      client.send(whole.slice(0, whole.length * part));
      const response = await client.response({ limit_ms: 8000 });
      if (response) assert.equal(response.status, 408);
      assert.ok(await client.closes(), 'the connection is closed');
      assert.ok(performance.now() - started > 900);
      assert.equal(stack.tap.calls.length, 0);
    });
  }

  test('an idle connection is closed after its time', async () => {
    const client = await RawClient.connect(stack.gateway.port);
    client.send(request_text('GET', '/livez'));
    assert.equal((await client.response()).status, 200);
    assert.ok(await client.closes(6000));
  });
});

/** Keeps asking with `width` requests at a time until told to stop; counts what went wrong. */
function load(gateway, marker, width) {
  const state = { done: 0, wrong: [], stopping: false };
  const one = async (index) => {
    for (let i = 0; !state.stopping; i += 1) {
      const stream = (index + i) % 2 === 0;
      try {
        const response = await ask(gateway, marker, { stream });
        const body = await response.text();
        const whole = stream ? body.includes('message_stop') : body.includes('"end_turn"');
        if (response.status !== 200 || !whole) {
          state.wrong.push(`${response.status} ${body.slice(-200)}`);
        }
      } catch (error) {
        state.wrong.push(`${error.message} ${error.cause?.message ?? ''}`);
      }
      state.done += 1;
    }
  };
  const all = Promise.all(Array.from({ length: width }, (_, index) => one(index)));
  state.reached = async (count) => {
    while (state.done < count) await new Promise((resolve) => { setTimeout(resolve, 5); });
  };
  state.stop = async () => { state.stopping = true; await all; };
  return state;
}

describe('reload', () => {
  const stack = use_stack(targets.anthropic);

  const config = (target) => ({ ...single_provider('anthropic', stack.tap.url, target) });

  for (const way of ['SIGHUP', 'a change of the file']) {
    test(`by ${way} under load drops nothing and takes effect`, async () => {
      stack.provider.on(step('TG-RELOAD', 0), says('still here'));
      const target = way === 'SIGHUP' ? 'after-signal' : 'after-change';
      const running = load(stack.gateway, 'TG-RELOAD', 8);
      await running.reached(50);
      await stack.gateway.write_config(config(target));
      if (way === 'SIGHUP') stack.gateway.signal('SIGHUP');
      const until = Date.now() + 15000;
      const arrived = () => stack.tap.calls.some((call) => call.json.model === target);
      while (!arrived() && Date.now() < until) await running.reached(running.done + 5);
      await running.reached(running.done + 50);
      await running.stop();
      assert.deepEqual(running.wrong, []);
      assert.ok(arrived(), 'the new configuration is in use');
    });
  }

  test('a broken file is refused with its place, and the old one stays', async () => {
    stack.provider.on(step('TG-BROKEN', 0), says('as before'));
    await writeFile(stack.gateway.config_file,
      'model_list:\n  - model_name: a\n    litellm_params:\n      model: [unclosed\n');
    stack.gateway.signal('SIGHUP');
    await stack.gateway.logged(/tollgate\.yaml:\d+/);
    const response = await ask(stack.gateway, 'TG-BROKEN');
    assert.equal(response.status, 200);
    await response.text();
  });
});

describe('shutdown', () => {
  async function stack_of_its_own() {
    const provider = await Provider.start();
    const tap = await Tap.start(provider.url);
    const gateway = await Tollgate.start(single_provider('anthropic', tap.url, 'any-model'));
    const stop = async () => { await tap.stop(); await provider.stop(); };
    return { provider, tap, gateway, stop };
  }

  test('SIGTERM lets running answers end and takes no new ones', async () => {
    const stack = await stack_of_its_own();
    stack.provider.on(step('TG-DRAIN', 0), says('words and '.repeat(60)));
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    stack.tap.each(() => async ({ relay }) => relay({ on_piece: async (piece, index) => {
      if (index === 3) await held;
      return piece;
    } }));
    const streamed = ask(stack.gateway, 'TG-DRAIN', { stream: true });
    const plain = ask(stack.gateway, 'TG-DRAIN');
    await stack.tap.call(1);
    await streamed; // its headers are there, so it is running
    const idle = await RawClient.connect(stack.gateway.port);
    idle.send(request_text('GET', '/livez'));
    await idle.response();
    stack.gateway.signal('SIGTERM');
    assert.ok(await idle.closes(5000), 'idle connections are closed');
    const refused = await fetch(`${stack.gateway.url}/readyz`).then((one) => one.status,
      () => 'refused');
    assert.ok(refused === 'refused' || refused === 503, String(refused));
    release();
    const events = parse_events(await (await streamed).text());
    assert.equal(events.at(-1).json.type, 'message_stop');
    assert.match((await (await plain).json()).content[0].text, /^words and/);
    await stack.gateway.stop();
    await stack.stop();
  });

  test('SIGTERM under load: every answer that began ends', async () => {
    const stack = await stack_of_its_own();
    stack.provider.on(step('TG-LOAD', 0), says('whole'));
    const running = load(stack.gateway, 'TG-LOAD', 8);
    await running.reached(100);
    stack.gateway.signal('SIGTERM');
    running.stopping = true;
    await running.stop();
    const cut = running.wrong.filter((what) => !/ECONNREFUSED|fetch failed/.test(what)
      || /terminated|ECONNRESET/.test(what));
    assert.deepEqual(cut, []);
    await stack.gateway.stop();
    await stack.stop();
  });
});

