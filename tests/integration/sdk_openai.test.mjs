// The official OpenAI SDK through the gateway, to an OpenAI and to an Anthropic provider.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import OpenAI from 'openai';
import { check_calls, targets, use_stack } from './lib/kit.mjs';
import { patience } from './lib/patience.mjs';
import { master_key } from './lib/tollgate.mjs';
import { calls_tools, says, step } from './lib/provider.mjs';
import { small_png } from './lib/scenarios.mjs';
import * as faults from './lib/faults.mjs';

const weather = { type: 'function', function: { name: 'get_weather', description: 'weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } },
    required: ['city'] } } };

const client_of = (stack, options = {}) => new OpenAI({ baseURL: `${stack.base_url}/v1`,
  apiKey: master_key, maxRetries: 0, ...options });

const ask = (text, more = {}) => ({ model: 'claude-sonnet',
  messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: text }],
  ...more });

const finish = (client, request) => client.chat.completions.stream(request)
  .finalChatCompletion();

async function in_both_ways(stack, request, verify) {
  const client = client_of(stack);
  verify(await client.chat.completions.create(request), 'plain');
  verify(await finish(client, request), 'streamed');
}

// Relayed OpenAI requests are the client's own, so only translated ones have a shape to hold.
const check = (stack, name, count) => (name === 'anthropic' ? check_calls(stack, count)
  : assert.equal(stack.tap.calls.length, count));

for (const name of ['openai_chat', 'openai_compatible', 'anthropic']) {
  describe(`OpenAI SDK to ${name}`, () => {
    const stack = use_stack(targets[name]);

    test('text, streamed and not', async () => {
      stack.provider.on(step('TG-TEXT', 0), says('Grüße, 世界 🚀.', { input: 21, output: 7 }));
      const request = ask('TG-TEXT', { temperature: 0.5, max_tokens: 50 });
      await in_both_ways(stack, request, (answer, way) => {
        assert.equal(answer.choices[0].message.content, 'Grüße, 世界 🚀.', way);
        assert.equal(answer.choices[0].finish_reason, 'stop');
        assert.equal(answer.model, 'claude-sonnet', 'the name the client asked for');
        if (way === 'plain') {
          assert.equal(answer.object, 'chat.completion');
          assert.equal(answer.usage.prompt_tokens, 21);
          assert.equal(answer.usage.completion_tokens, 7);
          assert.equal(answer.usage.total_tokens, 28);
        }
      });
      check(stack, name, 2);
      assert.match(stack.tap.calls[0].request.body.toString(), /Be brief\./);
    });

    test('a usage chunk exactly when it is asked for', async () => {
      stack.provider.on(step('TG-USAGE', 0), says('Counted.', { input: 21, output: 7 }));
      const read = async (more) => {
        const chunks = [];
        const stream = await client_of(stack).chat.completions
          .create(ask('TG-USAGE', { stream: true, ...more }));
        for await (const chunk of stream) chunks.push(chunk);
        return chunks;
      };
      const silent = await read({});
      assert.ok(silent.every((chunk) => chunk.choices.length === 1 && !chunk.usage),
        'no usage chunk, none with empty choices');
      const counted = await read({ stream_options: { include_usage: true } });
      const last = counted.at(-1);
      assert.deepEqual(last.choices, []);
      assert.equal(last.usage.prompt_tokens, 21);
      assert.equal(last.usage.completion_tokens, 7);
      if (name !== 'anthropic') {
        assert.ok(stack.tap.calls.every((call) => call.json.stream_options.include_usage),
          'the provider is always asked, for metering');
      }
    });

    test('a tool, its result and the answer', async () => {
      const city = 'Zürich "am See"\n\\ 東京';
      stack.provider.on(step('TG-TOOL', 0), calls_tools([['get_weather', { city }]]));
      stack.provider.on(step('TG-TOOL', 1), says('Sunny.'));
      const request = ask('TG-TOOL', { tools: [weather] });
      const client = client_of(stack);
      for (const way of ['plain', 'streamed']) {
        const first = way === 'plain' ? await client.chat.completions.create(request)
          : await finish(client, request);
        const { message, finish_reason } = first.choices[0];
        assert.equal(finish_reason, 'tool_calls', way);
        assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), { city });
        const second = await client.chat.completions.create({ ...request, messages: [
          ...request.messages, message,
          { role: 'tool', tool_call_id: message.tool_calls[0].id, content: '21 degrees' }] });
        assert.equal(second.choices[0].message.content, 'Sunny.');
      }
      assert.match(stack.tap.calls.at(-1).request.body.toString(), /21 degrees/);
      check(stack, name, 4);
    });

    test('parallel tools keep their order, ids and arguments', async () => {
      const cities = ['Bern', 'Chur', 'Genf'];
      stack.provider.on(step('TG-MANY', 0),
        calls_tools(cities.map((city) => ['get_weather', { city }])));
      await in_both_ways(stack, ask('TG-MANY', { tools: [weather] }), (answer, way) => {
        const calls = answer.choices[0].message.tool_calls;
        assert.deepEqual(calls.map((call) => JSON.parse(call.function.arguments).city), cities,
          way);
        assert.equal(new Set(calls.map((call) => call.id)).size, 3);
      });
    });

    test('a picture as a data URL reaches the provider', async () => {
      stack.provider.on(step('TG-IMAGE', 0), says('A dot.'));
      const answer = await client_of(stack).chat.completions.create({ model: 'claude-sonnet',
        messages: [{ role: 'user', content: [{ type: 'text', text: 'TG-IMAGE' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${small_png}` } }] }] });
      assert.equal(answer.choices[0].message.content, 'A dot.');
      const sent = stack.tap.calls[0].json.messages.at(-1).content;
      if (name === 'anthropic') {
        assert.deepEqual(sent.find((part) => part.type === 'image').source,
          { type: 'base64', media_type: 'image/png', data: small_png });
      } else assert.equal(sent[1].type, 'image_url');
    });

    test('an answer cut by the output limit says length', async () => {
      stack.provider.on(step('TG-SHORT', 0), says('Only so', { finishReason: 'length' }));
      await in_both_ways(stack, ask('TG-SHORT'), (answer, way) =>
        assert.equal(answer.choices[0].finish_reason, 'length', way));
    });

    test('a stream in pieces of three bytes, characters split, is whole', async () => {
      const text = '日本語のテキスト 🚀🚀 ende';
      stack.provider.on(step('TG-SPLIT', 0), says(text));
      stack.tap.next(faults.in_pieces_of(3));
      const answer = await finish(client_of(stack), ask('TG-SPLIT'));
      assert.equal(answer.choices[0].message.content, text);
    });

    test('a client that leaves a stream takes the provider call with it', async () => {
      stack.tap.next(faults.stalls_after_headers());
      const abort = new AbortController();
      const asked = client_of(stack).chat.completions.create(ask('TG-GONE', { stream: true }),
        { signal: abort.signal });
      const exchange = await stack.tap.call(0);
      const left_at = performance.now();
      abort.abort();
      await assert.rejects(asked, OpenAI.APIUserAbortError);
      const took = await exchange.left_after(left_at);
      assert.ok(took < 100 * patience, `took ${took} ms`);
    });
  });

  describe(`errors that the OpenAI SDK sees, provider ${name}`, () => {
    const stack = use_stack(targets[name]);

    const fails_with = async (request, options = {}) => {
      try {
        await client_of(stack, options).chat.completions.create(request);
      } catch (error) {
        assert.ok(error instanceof OpenAI.APIError, String(error));
        return error;
      }
      throw new assert.AssertionError({ message: 'the call should fail' });
    };

    test('a wrong key', async () => {
      const error = await fails_with(ask('x'), { apiKey: 'sk-wrong' });
      assert.deepEqual([error.status, error.type, error.code],
        [401, 'invalid_request_error', 'invalid_api_key']);
    });

    test('an unknown model, with the nearest names', async () => {
      const error = await fails_with({ ...ask('x'), model: 'test-modl' });
      assert.deepEqual([error.status, error.type, error.code],
        [404, 'invalid_request_error', 'model_not_found']);
      assert.match(error.message, /test-model/);
    });

    for (const status of [400, 429, 500]) {
      test(`a lasting ${status} of the provider`, async () => {
        stack.tap.each(() => faults.fails(status, 'provider words', { 'retry-after': '0' }));
        const error = await fails_with(ask('x'));
        assert.equal(error.status, status);
        assert.match(error.message, /provider words/);
        assert.equal(typeof error.type, 'string');
      });
    }

    test('refused provider credentials are a 502', async () => {
      stack.tap.each(() => faults.fails(401, 'bad provider key'));
      const error = await fails_with(ask('x'));
      assert.equal(error.status, 502);
    });

    test('a stream cut after content throws, it does not end normally', async () => {
      stack.provider.on(step('TG-CUT', 0), says('words and '.repeat(60)));
      stack.tap.next(faults.stops_after_bytes(1500));
      let text = '';
      const stream = await client_of(stack).chat.completions
        .create(ask('TG-CUT', { stream: true }));
      await assert.rejects(async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      }, OpenAI.APIError);
      assert.match(text, /^words and words/);
      const answered = stack.client_tap.calls[0].response.body.toString();
      assert.doesNotMatch(answered, /"finish_reason":"stop"/, 'no fake normal end');
    });
  });
}

describe('what does not fit an Anthropic provider', () => {
  const stack = use_stack(targets.anthropic);

  for (const [title, more] of [['n', { n: 2 }], ['logprobs', { logprobs: true }]]) {
    test(`${title} is a clear 400`, async () => {
      await assert.rejects(client_of(stack).chat.completions.create(ask('x', more)), (error) => {
        assert.equal(error.status, 400);
        assert.match(error.message, new RegExp(`\\b${title}\\b`));
        return true;
      });
      assert.equal(stack.tap.calls.length, 0);
    });
  }

  test('messages are put in Anthropic\'s order', async () => {
    stack.provider.on(step('TG-ORDER', 0), says('ok'));
    await client_of(stack).chat.completions.create({ model: 'claude-sonnet', messages: [
      { role: 'developer', content: 'first rule' }, { role: 'system', content: 'second rule' },
      { role: 'user', content: 'TG-ORDER' }, { role: 'user', content: 'and this' }],
    stop: ['END'], reasoning_effort: undefined });
    const sent = stack.tap.calls[0].json;
    assert.match(JSON.stringify(sent.system), /first rule.*second rule/);
    assert.equal(sent.messages.length, 1, 'turns of one role are merged');
    assert.deepEqual(sent.stop_sequences, ['END']);
    assert.ok(sent.max_tokens > 0, 'the limit that Anthropic demands is filled in');
    assert.equal(stack.tap.calls[0].request.headers['anthropic-version'], '2023-06-01');
  });
});

describe('what the gateway says of itself to the OpenAI SDK', () => {
  const stack = use_stack(targets.openai_chat);

  test('the models in OpenAI\'s shape', async () => {
    const page = await client_of(stack).models.list();
    assert.equal(page.object, 'list');
    const ids = page.data.map((model) => model.id);
    assert.ok(ids.includes('test-model') && ids.includes('claude-opus'), String(ids));
    assert.ok(page.data.every((model) => model.object === 'model'
      && Number.isInteger(model.created)));
    assert.equal((await client_of(stack).models.retrieve('test-model')).id, 'test-model');
  });

  test('the path without /v1 and the api-key header work too', async () => {
    stack.provider.on(step('TG-PATH', 0), says('ok'));
    for (const [where, headers] of [['/chat/completions', { 'x-api-key': master_key }],
      ['/v1/chat/completions', { 'api-key': master_key }],
      ['/api/v1/llm/chat/completions', { authorization: `Bearer ${master_key}` }]]) {
      const response = await stack.gateway.fetch(where,
        { key: null, headers, json: ask('TG-PATH') });
      assert.equal(response.status, 200, where);
      assert.equal((await response.json()).choices[0].message.content, 'ok');
    }
  });

  test('legacy completions work onto chat', async () => {
    stack.provider.on(step('TG-LEGACY', 0), says('completed'));
    const answer = await client_of(stack).completions.create({ model: 'test-model',
      prompt: 'TG-LEGACY' });
    assert.equal(answer.object, 'text_completion');
    assert.equal(answer.choices[0].text, 'completed');
    assert.equal(answer.choices[0].finish_reason, 'stop');
    const stream = await client_of(stack).completions.create({ model: 'test-model',
      prompt: ['TG-LEGACY'], stream: true, stream_options: { include_usage: true } });
    let text = '', reason = null, usage = null;
    for await (const chunk of stream) {
      assert.equal(chunk.object, 'text_completion');
      text += chunk.choices[0]?.text ?? '';
      reason = chunk.choices[0]?.finish_reason ?? reason;
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, 'completed');
    assert.equal(reason, 'stop');
    assert.ok(usage.prompt_tokens > 0 && usage.completion_tokens > 0);
    await assert.rejects(client_of(stack).completions.create({ model: 'test-model',
      prompt: ['one', 'two'] }), (error) => {
      assert.equal(error.status, 400);
      assert.equal(error.param, 'prompt');
      return true;
    });
  });
});
