// The official Anthropic SDK through the gateway, to an Anthropic and to an OpenAI provider.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { check_calls, targets, use_stack } from './lib/kit.mjs';
import { patience } from './lib/patience.mjs';
import { master_key } from './lib/tollgate.mjs';
import { calls_tools, says, step } from './lib/provider.mjs';
import { small_png } from './lib/scenarios.mjs';
import * as faults from './lib/faults.mjs';

const weather = { name: 'get_weather', description: 'tells the weather', input_schema: {
  type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } };

const client_of = (stack, options = {}) => new Anthropic({ baseURL: stack.base_url,
  apiKey: master_key, maxRetries: 0, ...options });

const ask = (text, more = {}) => ({ model: 'claude-sonnet', max_tokens: 500,
  messages: [{ role: 'user', content: text }], ...more });

/** Asks both ways, streamed and not, and gives each whole message to verify. */
async function in_both_ways(stack, request, verify) {
  const client = client_of(stack);
  verify(await client.messages.create(request), 'plain');
  verify(await client.messages.stream(request).finalMessage(), 'streamed');
}

for (const name of ['anthropic', 'openai_chat', 'openai_responses', 'ollama']) {
  describe(`Anthropic SDK to ${name}`, () => {
    const stack = use_stack(targets[name]);

    test('text, streamed and not', async () => {
      stack.provider.on(step('TG-TEXT', 0), says('Grüße, 世界 🚀.', { input: 21, output: 7 }));
      await in_both_ways(stack, ask('TG-TEXT', { system: 'Be brief.', temperature: 0.5 }),
        (message, way) => {
          assert.deepEqual(message.content.map((block) => [block.type, block.text]),
            [['text', 'Grüße, 世界 🚀.']], way);
          assert.equal(message.stop_reason, 'end_turn');
          assert.equal(message.role, 'assistant');
          assert.equal(message.model, 'claude-sonnet', 'the name the client asked for');
          assert.match(message.id, /^msg_/);
          if (stack.target.tells_usage === false) {
            assert.ok(message.usage.input_tokens > 0, `${way} input tokens`);
            assert.ok(message.usage.output_tokens > 0, `${way} output tokens`);
          } else {
            assert.equal(message.usage.input_tokens, 21, `${way} input tokens`);
            assert.equal(message.usage.output_tokens, 7, `${way} output tokens`);
          }
        });
      check_calls(stack, 2);
    });

    test('a tool, its result and the answer', async () => {
      const city = 'Zürich "am See"\n\\ 東京';
      stack.provider.on(step('TG-TOOL', 0), calls_tools([['get_weather', { city }]]));
      stack.provider.on(step('TG-TOOL', 1), says('Sunny.'));
      const request = ask('TG-TOOL', { tools: [weather], tool_choice: { type: 'auto' } });
      const client = client_of(stack);
      for (const way of ['plain', 'streamed']) {
        const first = way === 'plain' ? await client.messages.create(request)
          : await client.messages.stream(request).finalMessage();
        const [call] = first.content.filter((block) => block.type === 'tool_use');
        assert.deepEqual(call.input, { city }, way);
        assert.equal(call.name, 'get_weather');
        assert.equal(first.stop_reason, 'tool_use');
        const second = await client.messages.create({ ...request, messages: [
          ...request.messages, { role: 'assistant', content: first.content },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id,
            content: [{ type: 'text', text: '21 degrees' }] }] }] });
        assert.equal(second.content[0].text, 'Sunny.');
      }
      assert.match(stack.tap.calls.at(-1).request.body.toString(), /21 degrees/);
      check_calls(stack, 4);
    });

    test('parallel tools keep their order, ids and arguments', async () => {
      const cities = ['Bern', 'Chur', 'Genf'];
      stack.provider.on(step('TG-MANY', 0),
        calls_tools(cities.map((city) => ['get_weather', { city }])));
      await in_both_ways(stack, ask('TG-MANY', { tools: [weather] }), (message, way) => {
        const calls = message.content.filter((block) => block.type === 'tool_use');
        assert.deepEqual(calls.map((call) => call.input.city), cities, way);
        assert.equal(new Set(calls.map((call) => call.id)).size, 3, 'ids are unique');
        assert.ok(calls.every((call) => /^[a-zA-Z0-9_-]+$/.test(call.id)));
      });
    });

    test('a picture reaches the provider', async () => {
      stack.provider.on(step('TG-IMAGE', 0), says('A dot.'));
      const message = await client_of(stack).messages.create(ask([
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: small_png } },
        { type: 'text', text: 'TG-IMAGE' }]));
      assert.equal(message.content[0].text, 'A dot.');
      assert.ok(stack.tap.calls[0].request.body.includes(small_png));
      check_calls(stack, 1);
    });

    // The mock's Ollama ends everything with "stop".
    if (name !== 'ollama') {
      test('an answer cut by the output limit says max_tokens', async () => {
        stack.provider.on(step('TG-SHORT', 0), says('Only so', { finishReason: 'length' }));
        await in_both_ways(stack, ask('TG-SHORT', { max_tokens: 3 }), (message, way) =>
          assert.equal(message.stop_reason, 'max_tokens', way));
      });
    }

    test('a stream in pieces of three bytes, characters split, is whole', async () => {
      const text = '日本語のテキスト 🚀🚀 ende';
      stack.provider.on(step('TG-SPLIT', 0), says(text));
      stack.tap.next(faults.in_pieces_of(3));
      const message = await client_of(stack).messages.stream(ask('TG-SPLIT')).finalMessage();
      assert.equal(message.content[0].text, text);
    });

    test('token counting gives a number that grows with the text', async () => {
      const client = client_of(stack);
      const count = async (text) => (await client.messages.countTokens({ model: 'claude-sonnet',
        messages: [{ role: 'user', content: text }], tools: [weather] })).input_tokens;
      if (name === 'anthropic') {
        assert.equal(await count('hello'), 4321, 'the provider is asked');
        const sent = JSON.parse(stack.provider.token_counter.requests.at(-1));
        assert.equal(sent.model, stack.target.model);
        return;
      }
      const short = await count('hello');
      const long = await count('word '.repeat(1000));
      assert.ok(short > 10 && short < 450, `${short} tokens for a word and a tool`);
      assert.ok(long - short > 800 && long - short < 1400, `${long - short} for 1000 words`);
      assert.equal(stack.tap.calls.length, 0);
    });

    test('a client that leaves takes the provider call with it within 100 ms', async () => {
      stack.tap.next(faults.stalls_before_headers());
      const abort = new AbortController();
      const asked = client_of(stack).messages.create(ask('TG-GONE'), { signal: abort.signal });
      const exchange = await stack.tap.call(0);
      const left_at = performance.now();
      abort.abort();
      await assert.rejects(asked, Anthropic.APIUserAbortError);
      const took = await exchange.left_after(left_at);
      assert.ok(took < 100 * patience, `took ${took} ms`);
    });
  });
}

for (const name of ['anthropic', 'openai_chat']) {
  describe(`errors that the Anthropic SDK sees, provider ${name}`, () => {
    const stack = use_stack(targets[name]);

    const fails_with = async (request, options = {}) => {
      try {
        await client_of(stack, options).messages.create(request);
      } catch (error) {
        assert.ok(error instanceof Anthropic.APIError, String(error));
        return error;
      }
      throw new assert.AssertionError({ message: 'the call should fail' });
    };

    test('a wrong key is an AuthenticationError', async () => {
      const error = await fails_with(ask('x'), { apiKey: 'sk-wrong' });
      assert.equal(error.status, 401);
      assert.equal(error.error.error.type, 'authentication_error');
      assert.ok(error.error.request_id ?? error.requestID, 'a request id to quote');
      assert.doesNotMatch(JSON.stringify(error.error), /sk-wrong/);
    });

    test('an unknown model is a NotFoundError with the nearest names', async () => {
      const error = await fails_with({ ...ask('x'), model: 'test-modl' });
      assert.equal(error.status, 404);
      assert.equal(error.error.error.type, 'not_found_error');
      assert.match(error.error.error.message, /test-model/);
    });

    for (const [title, request, field] of [
      ['missing messages', { model: 'claude-sonnet', max_tokens: 5 }, /messages/],
      ['missing model', { max_tokens: 5, messages: [] }, /model/],
      ['wrong type of max_tokens', { ...ask('x'), max_tokens: 'many' }, /max_tokens/]]) {
      // To an Anthropic provider the body is relayed, so that one judges all but the model.
      if (name === 'anthropic' && title !== 'missing model') continue;
      test(`${title} is a 400 that names the field`, async () => {
        const error = await fails_with(request);
        assert.equal(error.status, 400);
        assert.equal(error.error.error.type, 'invalid_request_error');
        assert.match(error.error.error.message, field);
      });
    }

    for (const [status, type] of [[400, 'invalid_request_error'], [422, null],
      [429, 'rate_limit_error'], [500, 'api_error'], [529, 'overloaded_error']]) {
      test(`a lasting ${status} of the provider`, async () => {
        stack.tap.each(() => faults.fails(status, 'provider words', { 'retry-after': '0' }));
        const error = await fails_with(ask('x'));
        assert.equal(error.status, status);
        assert.match(error.error.error.message, /provider words/);
        if (type) assert.equal(error.error.error.type, type);
      });
    }

    test('Retry-After of a lasting 429 reaches the client', async () => {
      stack.tap.each(() => faults.fails(429, 'wait', { 'retry-after': '33' }));
      const error = await fails_with(ask('x'));
      assert.equal(error.status, 429);
      const seconds = Number(error.headers.get('retry-after'));
      assert.ok(seconds >= 31 && seconds <= 33, `retry-after: ${seconds}`);
    });

    for (const status of [401, 403]) {
      test(`refused provider credentials (${status}) are a 502, never a 401`, async () => {
        stack.tap.each(() => faults.fails(status, 'bad provider key'));
        const error = await fails_with(ask('x'));
        assert.equal(error.status, 502);
        assert.equal(error.error.error.type, 'api_error');
        assert.doesNotMatch(JSON.stringify(error.error), /sk-provider-made-up/);
      });
    }

    test('a provider that answers nonsense is a 502', async () => {
      stack.tap.each(() => faults.nonsense_body());
      const error = await fails_with(ask('x'));
      assert.equal(error.status, 502);
    });

    test('a stream cut after content throws, it does not end normally', async () => {
      stack.provider.on(step('TG-CUT', 0), says('words and '.repeat(60)));
      stack.tap.next(faults.stops_after_bytes(1500));
      let text = '';
      const stream = client_of(stack).messages.stream(ask('TG-CUT'))
        .on('text', (piece) => { text += piece; });
      await assert.rejects(stream.finalMessage(), Anthropic.APIError);
      assert.match(text, /^words and words/, 'what came until then was delivered');
    });

    test('an error event inside the stream throws with the provider\'s words', async () => {
      stack.provider.on(step('TG-INNER', 0), says('words and '.repeat(60)));
      const event = name === 'anthropic'
        ? faults.sse({ type: 'error', error: { type: 'overloaded_error', message: 'too busy' } })
        : 'data: {"error":{"message":"too busy","type":"server_error","code":null}}\n\n';
      stack.tap.next(faults.event_after_bytes(2500, event));
      await assert.rejects(client_of(stack).messages.stream(ask('TG-INNER')).finalMessage(),
        /too busy/);
    });
  });
}

describe('what the gateway says of itself to the Anthropic SDK', () => {
  const stack = use_stack(targets.anthropic);

  test('the models in Anthropic\'s shape', async () => {
    const page = await client_of(stack).models.list();
    const ids = page.data.map((model) => model.id);
    for (const id of ['claude-opus', 'claude-sonnet', 'claude-haiku', 'test-model']) {
      assert.ok(ids.includes(id), `${id} in ${ids}`);
    }
    for (const model of page.data) {
      assert.equal(model.type, 'model');
      assert.ok(model.display_name.length > 0);
      assert.ok(!Number.isNaN(Date.parse(model.created_at)));
    }
    assert.equal(page.has_more, false);
    assert.equal(page.first_id, ids[0]);
    assert.equal(page.last_id, ids.at(-1));
    const one = await client_of(stack).models.retrieve('claude-opus');
    assert.equal(one.id, 'claude-opus');
    await assert.rejects(client_of(stack).models.retrieve('nothing-of-that-name'),
      Anthropic.NotFoundError);
  });

  test('which model and provider answered, and a request id', async () => {
    stack.provider.on(step('TG-HEAD', 0), says('ok'));
    const { response } = await client_of(stack).messages.create(ask('TG-HEAD')).withResponse();
    assert.equal(response.headers.get('x-tollgate-model'), `anthropic/${stack.target.model}`);
    assert.equal(response.headers.get('x-tollgate-provider'), 'anthropic');
    assert.equal(response.headers.get('x-tollgate-attempts'), '1');
    assert.match(response.headers.get('x-request-id'), /./);
    assert.match(response.headers.get('request-id'), /./);
  });

  test('the provider\'s own limits describe the shared account and are withheld', async () => {
    stack.provider.on(step('TG-LIMITS', 0), says('ok'));
    stack.tap.next(({ relay }) => relay({ on_head: (headers) => {
      headers['anthropic-ratelimit-requests-remaining'] = '3';
      headers['anthropic-ratelimit-unified-status'] = 'allowed';
      headers['anthropic-organization-id'] = 'org-of-the-operator';
      headers['set-cookie'] = 'tracking=1';
      headers['request-id'] = 'req_of_the_provider';
    } }));
    const { response } = await client_of(stack).messages.create(ask('TG-LIMITS')).withResponse();
    for (const name of ['anthropic-ratelimit-requests-remaining', 'set-cookie',
      'anthropic-ratelimit-unified-status', 'anthropic-organization-id']) {
      assert.equal(response.headers.get(name), null, name);
    }
    assert.equal(response.headers.get('x-tollgate-provider-request-id'), 'req_of_the_provider');
  });

  test('the key may come as x-api-key or as a bearer token', async () => {
    stack.provider.on(step('TG-AUTH', 0), says('ok'));
    for (const options of [{ apiKey: master_key, authToken: null },
      { apiKey: null, authToken: master_key }]) {
      const message = await client_of(stack, options).messages.create(ask('TG-AUTH'));
      assert.equal(message.content[0].text, 'ok');
    }
    check_calls(stack, 2);
  });

  test('a stream to a plain request is collected, and the other way round', async () => {
    stack.provider.on(step('TG-SWAP', 0), says('swapped'));
    const request = ask('TG-SWAP');
    const plain = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm',
      content: [{ type: 'text', text: 'swapped' }], stop_reason: 'end_turn',
      stop_sequence: null, usage: { input_tokens: 3, output_tokens: 2 } };
    stack.tap.next(faults.answers(200, plain));
    const streamed = await client_of(stack).messages.stream(request).finalMessage();
    assert.equal(streamed.content[0].text, 'swapped');
    stack.tap.next(faults.streams([
      { type: 'message_start', message: { ...plain, content: [], stop_reason: null } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'swapped' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: 2 } }, { type: 'message_stop' }]));
    const collected = await client_of(stack).messages.create(request);
    assert.equal(collected.content[0].text, 'swapped');
    assert.equal(collected.usage.output_tokens, 2);
  });
});
