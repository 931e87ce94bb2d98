// A provider dies in the middle of a stream, another one goes on: the client's message is whole.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { admin, until } from './lib/admin.mjs';
import { Tollgate, deployment, master_key } from './lib/tollgate.mjs';

const words = Array.from({ length: 20 }, (_, i) => `word${i}\n`);
const whole = words.join('');

const words_bytes = (count) => words.slice(0, count).join('').length;

const sse = (value, event) => `${event ? `event: ${event}\n` : ''}data: ${
  JSON.stringify(value)}\n\n`;

/** What each protocol's stream is made of. */
const anthropic = {
  head: () => sse({ type: 'message_start', message: { id: 'msg_1', type: 'message',
    role: 'assistant', model: 'm', content: [], stop_reason: null, stop_sequence: null,
    usage: { input_tokens: 100, output_tokens: 1 } } }, 'message_start'),
  thinking: (index) => sse({ type: 'content_block_start', index,
    content_block: { type: 'thinking', thinking: '', signature: '' } }, 'content_block_start')
    + sse({ type: 'content_block_delta', index,
      delta: { type: 'thinking_delta', thinking: 'hm' } }, 'content_block_delta'),
  open: (index) => sse({ type: 'content_block_start', index,
    content_block: { type: 'text', text: '' } }, 'content_block_start'),
  word: (text, index) => sse({ type: 'content_block_delta', index,
    delta: { type: 'text_delta', text } }, 'content_block_delta'),
  tool: (index) => sse({ type: 'content_block_start', index,
    content_block: { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} } },
  'content_block_start'),
  end_block: (index) => sse({ type: 'content_block_stop', index }, 'content_block_stop'),
  error: () => sse({ type: 'error', error: { type: 'overloaded_error', message: 'too much' } },
    'error'),
  end: (count) => sse({ type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: count } }, 'message_delta') + sse({ type: 'message_stop' },
    'message_stop'),
};
const chunk = (delta, finish = null, more = {}) => sse({ id: 'chatcmpl-1', created: 1, model: 'm',
  object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }],
  ...more });
const openai = {
  head: () => chunk({ role: 'assistant', content: '' }),
  thinking: () => chunk({ reasoning_content: 'hm' }),
  open: () => '',
  word: (content) => chunk({ content }),
  tool: () => chunk({ tool_calls: [{ index: 0, id: 'call_1', type: 'function',
    function: { name: 'look', arguments: '' } }] }),
  end_block: () => '',
  error: () => sse({ error: { message: 'too much', type: 'overloaded_error', code: 503 } }),
  end: (count) => chunk({}, 'stop') + sse({ id: 'chatcmpl-1', object: 'chat.completion.chunk',
    created: 1, model: 'm', choices: [], usage: { prompt_tokens: 100, completion_tokens: count,
      total_tokens: 100 + count } }) + 'data: [DONE]\n\n',
};

/** How much of the text the request says the assistant has said. */
const said_before = (body) => {
  const messages = body.messages ?? [];
  const spoken = messages.filter(({ role }) => role === 'assistant').at(-1);
  if (!spoken) return 0;
  const text = typeof spoken.content === 'string' ? spoken.content
    : spoken.content.map((part) => part.text ?? '').join('');
  assert.ok(whole.startsWith(text), text);
  return text.length;
};

/** Speaks both protocols by path; `plan` says how each call goes. */
class Mortal {
  static async start() {
    const mortal = new Mortal();
    mortal.calls = [];
    mortal.plan = [];
    mortal.server = http.createServer((request, response) => {
      mortal.serve(request, response).catch(() => response.destroy());
    });
    await new Promise((resolve) => { mortal.server.listen(0, '127.0.0.1', resolve); });
    mortal.url = `http://127.0.0.1:${mortal.server.address().port}`;
    return mortal;
  }

  async serve(request, response) {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = JSON.parse(Buffer.concat(pieces).toString());
    this.calls.push(body);
    const { bytes = 999, how = 'cut', thinking = false, answer_thinking = false, tool = false,
      status } = this.plan[this.calls.length - 1] ?? {};
    if (status) {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ type: 'error', error: { type: 'invalid_request_error',
        message: 'no' } }));
      return;
    }
    const speech = request.url.includes('/messages') ? anthropic : openai;
    const from = said_before(body);
    const write = (text) => text && response.write(text);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    write(speech.head());
    let index = 0;
    if (thinking || answer_thinking) {
      write(speech.thinking(index));
      if (thinking) return this.die(response, speech, how);
      write(speech.end_block(index));
      index += 1;
    }
    write(speech.open(index));
    const end = Math.min(from + bytes, whole.length);
    for (const word of whole.slice(from, end).match(/.+\n?/g) ?? []) {
      write(speech.word(word, index));
    }
    if (tool) {
      write(speech.end_block(index));
      write(speech.tool(index + 1));
    }
    if (end < whole.length || tool) return this.die(response, speech, how);
    write(speech.end_block(index));
    response.end(speech.end(whole.slice(from).split('\n').length - 1));
    return undefined;
  }

  die(response, speech, how) {
    if (how === 'error') return response.end(speech.error());
    if (how === 'stall') return undefined;
    // What was written is on its way; the connection breaks behind it.
    return setTimeout(() => response.destroy(), 30);
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => { this.server.close(resolve); });
  }
}

const kinds = { anthropic: (url) => ['anthropic', url],
  chat: (url) => ['hosted_vllm', `${url}/v1`] };
const price = { input_cost_per_token: 0.000001, output_cost_per_token: 0.00001 };

describe('streams that break are gone on with', () => {
  let first, second, gateway;
  before(async () => {
    [first, second] = await Promise.all([Mortal.start(), Mortal.start()]);
    const model_list = [];
    for (const [a, kind_a] of Object.entries(kinds)) {
      for (const [b, kind_b] of Object.entries(kinds)) {
        const [type_a, base_a] = kind_a(first.url);
        const [type_b, base_b] = kind_b(second.url);
        model_list.push(deployment(`first-${a}-${b}`, type_a, `m1-${a}-${b}`, base_a, price),
          deployment(`second-${a}-${b}`, type_b, `m2-${a}-${b}`, base_b, price));
      }
    }
    model_list.push(deployment('alone', 'anthropic', 'm3', first.url, price),
      deployment('prefilled', 'anthropic', 'claude-sonnet-4-5', second.url, price));
    const rules = [];
    for (const a of Object.keys(kinds)) {
      for (const b of Object.keys(kinds)) {
        rules.push({ name: `${a}-${b}`, match: { model: `any-${a}-${b}` },
          use: { models: [`first-${a}-${b}`, `second-${a}-${b}`] }, resume_streams: true });
      }
    }
    rules.push(
      { name: 'off', match: { model: 'off' },
        use: { models: ['first-anthropic-anthropic', 'second-anthropic-anthropic'] } },
      { name: 'alone', match: { model: 'solo' }, use: { models: ['alone'] },
        resume_streams: true },
      { name: 'three', match: { model: 'three' }, use: { models: ['alone',
        'second-anthropic-chat', 'first-chat-anthropic'] }, resume_streams: true },
      { name: 'prefilled', match: { model: 'continued' },
        use: { models: ['first-anthropic-anthropic', 'prefilled'] }, resume_streams: true });
    gateway = await Tollgate.start({ model_list, routing: { rules, idle_timeout: '300ms',
      circuit: { failures_in_a_row: 100000, requests_min: 100000 } } });
  });
  afterEach(() => {
    for (const mortal of [first, second]) {
      mortal.calls = [];
      mortal.plan = [];
    }
  });
  after(async () => {
    await gateway?.stop();
    await first?.stop();
    await second?.stop();
  });

  const ask = async (model, more = {}) => {
    const client = new Anthropic({ apiKey: master_key, baseURL: gateway.url, maxRetries: 0 });
    const stream = client.messages.stream({ model, max_tokens: 200,
      messages: [{ role: 'user', content: 'count' }], ...more });
    const indexes = [];
    stream.on('streamEvent', (event) => {
      if (event.type === 'content_block_start') indexes.push(event.index);
    });
    const { data, response } = await stream.withResponse();
    void data;
    const message = await stream.finalMessage();
    return { message, indexes, id: response.headers.get('x-request-id') };
  };
  const text_of = (message) => message.content.filter(({ type }) => type === 'text')
    .map(({ text }) => text).join('');
  const rows_of = (id) => until(async () => {
    const { body } = await admin(gateway, 'GET', `/api/v1/requests/${id}`);
    return body.request?.attempts > 1 && body;
  }, `the record of ${id}`);

  for (const a of Object.keys(kinds)) {
    for (const b of Object.keys(kinds)) {
      for (const how of ['cut', 'error', 'stall']) {
        test(`Anthropic client, ${a} ends with ${how}, ${b} goes on`, async () => {
          first.plan = [{ bytes: words_bytes(7), how }];
          const { message, indexes } = await ask(`any-${a}-${b}`);
          assert.equal(text_of(message), whole);
          assert.equal(message.content.length, 1, 'one unbroken block');
          assert.deepEqual(indexes, [0]);
          assert.equal(message.stop_reason, 'end_turn');
          assert.equal(first.calls.length, 1);
          assert.equal(second.calls.length, 1);
          const told = second.calls[0].messages;
          assert.equal(told.at(-2).role, 'assistant');
          assert.equal(told.at(-1).role, 'user', 'the wish to go on');
          // Both attempts' tokens: 7 words of 6 bytes are 11 tokens, then 13 were stated.
          assert.ok(message.usage.output_tokens >= 13 + 7, `${message.usage.output_tokens}`);
        });
      }
    }
  }

  for (const a of Object.keys(kinds)) {
    test(`OpenAI client, ${a} dies, the other goes on`, async () => {
      first.plan = [{ bytes: words_bytes(5) }];
      const client = new OpenAI({ apiKey: master_key, baseURL: `${gateway.url}/v1`,
        maxRetries: 0 });
      const stream = await client.chat.completions.create({ model: `any-${a}-anthropic`,
        stream: true, stream_options: { include_usage: true },
        messages: [{ role: 'user', content: 'count' }] });
      let text = '';
      let usage;
      const ids = new Set();
      const ends = [];
      for await (const part of stream) {
        ids.add(part.id);
        text += part.choices[0]?.delta.content ?? '';
        if (part.choices[0]?.finish_reason) ends.push(part.choices[0].finish_reason);
        usage = part.usage ?? usage;
      }
      assert.equal(text, whole);
      assert.deepEqual(ends, ['stop']);
      assert.equal(ids.size, 1, 'one message, one id');
      // The dead one of Chat told nothing of its input: that is counted here.
      assert.ok(usage.prompt_tokens > 100 && usage.prompt_tokens <= 200, `${usage.prompt_tokens}`);
      assert.ok(usage.completion_tokens >= 15 + 5);
    });
  }

  test('Responses and Gemini clients read one whole message', async () => {
    first.plan = [{ bytes: words_bytes(5) }];
    const client = new OpenAI({ apiKey: master_key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
    const stream = client.responses.stream({ model: 'any-chat-anthropic', input: 'count' });
    const response = await stream.finalResponse();
    assert.equal(response.output_text, whole);
    assert.equal(response.status, 'completed');
    first.plan = [{}, { bytes: words_bytes(9) }];
    const gemini = await gateway.fetch(
      '/v1beta/models/any-chat-chat:streamGenerateContent?alt=sse',
      { json: { contents: [{ role: 'user', parts: [{ text: 'count' }] }] } });
    const parts = (await gemini.text()).split('\n').filter((line) => line.startsWith('data: '))
      .flatMap((line) => JSON.parse(line.slice(6)).candidates?.[0]?.content?.parts ?? []);
    assert.equal(parts.map(({ text }) => text ?? '').join(''), whole);
  });

  test('both attempts are billed and shown', async () => {
    first.plan = [{ bytes: words_bytes(7) }];
    const { id } = await ask('any-anthropic-chat');
    const { request, attempts } = await rows_of(id);
    assert.equal(request.status, 200);
    assert.equal(attempts.length, 2, JSON.stringify(attempts));
    const [broken, good] = attempts;
    assert.equal(broken.error_class, 'provider_fault');
    assert.ok(broken.tokens.output >= 7, JSON.stringify(broken));
    assert.equal(good.tokens.output, 13);
    assert.equal(request.tokens.output, broken.tokens.output + good.tokens.output);
    assert.equal(request.tokens.input, 200);
    assert.ok(Math.abs(Number(request.cost) - Number(broken.cost) - Number(good.cost)) < 1e-9);
    assert.ok(broken.cost > 0 && good.cost > 0);
  });

  test('death after death: as many as there may be attempts', async () => {
    first.plan = [{ bytes: words_bytes(3) }];
    second.plan = [{ bytes: 13 }];
    const { message, indexes } = await ask('three');
    assert.equal(text_of(message), whole);
    assert.deepEqual(indexes, [0]);
    assert.equal(first.calls.length + second.calls.length, 3);
  });

  test('one candidate is asked again', async () => {
    first.plan = [{ bytes: words_bytes(3) }];
    const { message, indexes } = await ask('solo');
    assert.equal(text_of(message), whole);
    assert.deepEqual(indexes, [0]);
    assert.equal(first.calls.length, 2);
  });

  test('thinking alone: asked anew, the open thought is closed', async () => {
    first.plan = [{ thinking: true }];
    second.plan = [{ answer_thinking: true }];
    const { message } = await ask('any-anthropic-anthropic');
    assert.deepEqual(message.content.map(({ type }) => type), ['thinking', 'thinking', 'text']);
    assert.match(message.content[0].signature, /^tg1\./, 'no provider will be shown it');
    assert.equal(text_of(message), whole);
    assert.equal(second.calls[0].messages.length, 1, 'nothing had been said');
  });

  test('thinking after text is kept from the client', async () => {
    first.plan = [{ bytes: words_bytes(2) }];
    second.plan = [{ answer_thinking: true }];
    const { message } = await ask('any-anthropic-anthropic');
    assert.deepEqual(message.content.map(({ type }) => type), ['text']);
    assert.equal(text_of(message), whole);
  });

  test('a model that continues an assistant\'s words gets no turn of the user', async () => {
    first.plan = [{ bytes: words_bytes(3) + 2 }];
    const { message } = await ask('continued');
    assert.equal(text_of(message), whole);
    assert.equal(second.calls[0].messages.at(-1).role, 'assistant');
  });

  test('but for words that end in a space, and for one that thinks', async () => {
    first.plan = [{ bytes: words_bytes(3) }, { bytes: words_bytes(3) + 2 }];
    assert.equal(text_of((await ask('continued')).message), whole);
    assert.equal(second.calls[0].messages.at(-1).role, 'user');
    const thinks = { max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 2000 } };
    assert.equal(text_of((await ask('continued', thinks)).message), whole);
    assert.equal(second.calls[1].messages.at(-1).role, 'user');
    assert.ok(second.calls[1].max_tokens < 4000, 'what was made counts');
  });

  test('never once a tool call has begun', async () => {
    first.plan = [{ tool: true }];
    await assert.rejects(ask('any-anthropic-anthropic'));
    assert.equal(second.calls.length, 0);
  });

  test('all of them die: the stream ends with an error event, and the bill is there', async () => {
    first.plan = [{ bytes: words_bytes(3) }];
    second.plan = [{ bytes: words_bytes(3) }];
    const response = await gateway.fetch('/v1/messages', {
      headers: { 'anthropic-version': '2023-06-01' }, json: { model: 'any-anthropic-anthropic',
        max_tokens: 50, stream: true, messages: [{ role: 'user', content: 'count' }] } });
    const body = await response.text();
    assert.equal(response.status, 200);
    assert.match(body, /event: error\n/);
    assert.doesNotMatch(body, /message_stop/);
    const text = [...body.matchAll(/"text_delta","text":"([^"]*)"/g)].map((m) => m[1]).join('');
    assert.equal(text, words.slice(0, 6).join('').replaceAll('\n', '\\n'));
    const { request, attempts } = await rows_of(response.headers.get('x-request-id'));
    assert.equal(attempts.length, 2);
    assert.match(request.error, /in the middle of its answer/);
  });

  test('a refused continuation goes to the next candidate or ends as an error', async () => {
    first.plan = [{ bytes: words_bytes(3) }];
    second.plan = [{ status: 400 }];
    await assert.rejects(ask('any-anthropic-anthropic'));
    assert.equal(second.calls.length, 1);
  });

  test('off unless a rule asks for it', async () => {
    first.plan = [{ bytes: words_bytes(3) }];
    await assert.rejects(ask('off'));
    assert.equal(second.calls.length, 0);
  });

  test('the metric counts them', async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${gateway.metrics_port}/metrics`)).text();
    assert.match(metrics, /tollgate_streams_resumed_total\{provider="anthropic"\} [1-9]/);
  });
});
