// The official OpenAI SDK's Responses through the gateway: translated to Anthropic and to OpenAI
// Chat, relayed to a provider that speaks Responses itself.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { targets, use_stack } from './lib/kit.mjs';
import { patience } from './lib/patience.mjs';
import { master_key } from './lib/tollgate.mjs';
import { calls_tools, says, step } from './lib/provider.mjs';
import { small_png } from './lib/scenarios.mjs';
import * as faults from './lib/faults.mjs';

const weather = { type: 'function', name: 'get_weather', description: 'weather', strict: false,
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } };

const client_of = (stack, options = {}) => new OpenAI({ baseURL: `${stack.base_url}/v1`,
  apiKey: master_key, maxRetries: 0, ...options });

const ask = (text, more = {}) => ({ model: 'claude-sonnet', instructions: 'Be brief.',
  input: text, store: false, ...more });

const finish = (client, request) => client.responses.stream(request).finalResponse();

async function in_both_ways(stack, request, verify) {
  const client = client_of(stack);
  await verify(await client.responses.create(request), 'plain');
  await verify(await finish(client, request), 'streamed');
}

/** All events of a stream, with their numbers checked (the mock, relayed, has none). */
async function events_of(stack, request) {
  const events = [];
  const stream = await client_of(stack).responses.create({ ...request, stream: true });
  for await (const event of stream) events.push(event);
  if (stack.target === targets.openai_responses) return events;
  assert.deepEqual(events.map((event) => event.sequence_number), events.map((_, index) => index),
    'sequence numbers go up by one');
  return events;
}

const calls_of = (response) => response.output.filter((item) => item.type === 'function_call');

for (const name of ['anthropic', 'openai_compatible', 'openai_responses']) {
  describe(`OpenAI SDK's Responses to ${name}`, () => {
    const stack = use_stack(targets[name]);

    test('text, streamed and not', async () => {
      stack.provider.on(step('TG-TEXT', 0), says('Grüße, 世界 🚀.', { input: 21, output: 7 }));
      const request = ask('TG-TEXT', { max_output_tokens: 50 });
      await in_both_ways(stack, request, (answer, way) => {
        assert.equal(answer.output_text, 'Grüße, 世界 🚀.', way);
        assert.equal(answer.status, 'completed');
        assert.equal(answer.object, 'response');
        assert.match(answer.id, /^resp/);
        assert.equal(answer.model, 'claude-sonnet', 'the name the client asked for');
        assert.deepEqual([answer.usage.input_tokens, answer.usage.output_tokens,
          answer.usage.total_tokens], [21, 7, 28]);
        if (name !== 'openai_responses') assert.equal(answer.error, null);
      });
      assert.match(stack.tap.calls[0].request.body.toString(), /Be brief\./);
      assert.equal(stack.tap.calls[0].json.model, targets[name].model);
    });

    test('every event of a text, in order', async () => {
      stack.provider.on(step('TG-EVENTS', 0), says('One two three.'));
      const events = await events_of(stack, ask('TG-EVENTS'));
      const kinds = events.map((event) => event.type)
        .filter((kind, index, all) => kind !== all[index - 1]);
      assert.deepEqual(kinds, ['response.created', 'response.in_progress',
        'response.output_item.added', 'response.content_part.added',
        'response.output_text.delta', 'response.output_text.done',
        'response.content_part.done', 'response.output_item.done', 'response.completed']);
      const deltas = events.filter((event) => event.type === 'response.output_text.delta');
      assert.equal(deltas.map((event) => event.delta).join(''), 'One two three.');
      assert.ok(events.filter((event) => event.response)
        .every((event) => event.response.model === 'claude-sonnet'));
      const ids = new Set(events.map((event) => event.item_id ?? event.item?.id).filter(Boolean));
      assert.equal(ids.size, 1, 'one item, one id');
    });

    test('a tool, its result and the answer', async () => {
      const city = 'Zürich "am See"\n\\ 東京';
      stack.provider.on(step('TG-TOOL', 0), calls_tools([['get_weather', { city }]]));
      stack.provider.on(step('TG-TOOL', 1), says('Sunny.'));
      const client = client_of(stack);
      for (const way of ['plain', 'streamed']) {
        const input = [{ role: 'user', content: 'TG-TOOL' }];
        const request = ask(input, { tools: [weather] });
        const first = way === 'plain' ? await client.responses.create(request)
          : await finish(client, request);
        const [call] = calls_of(first);
        assert.equal(call.name, 'get_weather', way);
        assert.deepEqual(JSON.parse(call.arguments), { city });
        const second = await client.responses.create({ ...request, input: [...input,
          ...first.output, { type: 'function_call_output', call_id: call.call_id,
            output: '21 degrees' }] });
        assert.equal(second.output_text, 'Sunny.');
      }
      assert.match(stack.tap.calls.at(-1).request.body.toString(), /21 degrees/);
      assert.equal(stack.tap.calls.length, 4);
    });

    test('parallel tools keep their order, ids and arguments', async () => {
      const cities = ['Bern', 'Chur', 'Genf'];
      stack.provider.on(step('TG-MANY', 0),
        calls_tools(cities.map((city) => ['get_weather', { city }]), { content: 'All three.' }));
      await in_both_ways(stack, ask('TG-MANY', { tools: [weather] }), (answer, way) => {
        const calls = calls_of(answer);
        assert.deepEqual(calls.map((call) => JSON.parse(call.arguments).city), cities, way);
        assert.equal(new Set(calls.map((call) => call.call_id)).size, 3);
        assert.equal(answer.output_text, 'All three.');
      });
    });

    test('a picture in a message and in a tool\'s output reaches the provider', async () => {
      stack.provider.on(step('TG-IMAGE', 1), says('A dot.'));
      const image_url = `data:image/png;base64,${small_png}`;
      const picture = { type: 'input_image', image_url, detail: 'auto' };
      const answer = await client_of(stack).responses.create(ask([
        { role: 'user', content: [{ type: 'input_text', text: 'TG-IMAGE' }, picture] },
        { type: 'function_call', call_id: 'call_1', name: 'get_weather', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_1',
          output: [{ type: 'input_text', text: 'see' }, picture] }], { tools: [weather] }));
      assert.equal(answer.output_text, 'A dot.');
      const sent = stack.tap.calls[0].request.body.toString();
      assert.equal(sent.split(small_png).length, 3, 'both of them');
    });

    test('an answer cut by the output limit is incomplete', async () => {
      stack.provider.on(step('TG-SHORT', 0), says('Only so', { finishReason: 'length' }));
      const answer = await client_of(stack).responses.create(ask('TG-SHORT'));
      assert.equal(answer.status, 'incomplete');
      const told = name !== 'openai_responses';  // the mock itself says less
      if (told) assert.equal(answer.incomplete_details.reason, 'max_output_tokens');
      assert.equal(answer.output_text, 'Only so');
      const events = await events_of(stack, ask('TG-SHORT'));
      if (told) {
        assert.equal(events.at(-1).type, 'response.incomplete');
        assert.equal(events.at(-1).response.incomplete_details.reason, 'max_output_tokens');
      }
    });

    test('responses.parse with a schema', async () => {
      const person = z.object({ name: z.string(), age: z.number() });
      stack.provider.on(step('TG-PARSE', 0), says('{"name":"Ada","age":36}'));
      const request = ask('TG-PARSE', { text: { format: zodTextFormat(person, 'person') } });
      const answer = await client_of(stack).responses.parse(request);
      assert.deepEqual(answer.output_parsed, { name: 'Ada', age: 36 });
      assert.match(stack.tap.calls[0].request.body.toString(), /"age":\{"type":"number"\}/);
    });

    test('a stream in pieces of three bytes, characters split, is whole', async () => {
      const text = '日本語のテキスト 🚀🚀 ende';
      stack.provider.on(step('TG-SPLIT', 0), says(text));
      stack.tap.next(faults.in_pieces_of(3));
      assert.equal((await finish(client_of(stack), ask('TG-SPLIT'))).output_text, text);
    });

    test('a stream cut after content throws, it does not end normally', async () => {
      stack.provider.on(step('TG-CUT', 0), says('words and '.repeat(60)));
      stack.tap.next(faults.stops_after_bytes(name === 'openai_responses' ? 3000 : 1500));
      let text = '';
      await assert.rejects(async () => {
        const stream = await client_of(stack).responses.create(ask('TG-CUT', { stream: true }));
        for await (const event of stream) text += event.delta ?? '';
      }, OpenAI.APIError);
      assert.match(text, /^words and words/);
      const answered = stack.client_tap.calls[0].response.body.toString();
      assert.doesNotMatch(answered, /response\.completed/, 'no fake normal end');
      assert.match(answered, /event: response\.failed/);
    });

    test('a client that leaves a stream takes the provider call with it', async () => {
      stack.tap.next(faults.stalls_after_headers());
      const abort = new AbortController();
      const asked = client_of(stack).responses.create(ask('TG-GONE', { stream: true }),
        { signal: abort.signal });
      const exchange = await stack.tap.call(0);
      const left_at = performance.now();
      abort.abort();
      await assert.rejects(asked, OpenAI.APIUserAbortError);
      const took = await exchange.left_after(left_at);
      assert.ok(took < 100 * patience, `took ${took} ms`);
    });

    for (const status of [400, 429, 500]) {
      test(`a lasting ${status} of the provider`, async () => {
        stack.tap.each(() => faults.fails(status, 'provider words', { 'retry-after': '0' }));
        await assert.rejects(client_of(stack).responses.create(ask('x')), (error) => {
          assert.ok(error instanceof OpenAI.APIError, String(error));
          assert.equal(error.status, status);
          assert.match(error.message, /provider words/);
          return true;
        });
      });
    }
  });
}

for (const name of ['anthropic', 'openai_compatible']) {
  describe(`what Responses cannot have of ${name}`, () => {
    const stack = use_stack(targets[name]);

    for (const [field, value] of [['store', true], ['previous_response_id', 'resp_1'],
      ['conversation', 'conv_1'], ['background', true]]) {
      test(`${field} is a clear 400`, async () => {
        await assert.rejects(client_of(stack).responses.create(ask('x', { [field]: value })),
          (error) => {
            assert.equal(error.status, 400);
            assert.equal(error.param, field);
            return true;
          });
        assert.equal(stack.tap.calls.length, 0);
      });
    }

    test('without store nothing is stored, and the answer says so', async () => {
      stack.provider.on(step('TG-STORE', 0), says('ok'));
      const answer = await client_of(stack).responses.create({ model: 'test-model',
        input: 'TG-STORE', temperature: 0.25, metadata: { team: 'a' } });
      assert.equal(answer.store, false);
      assert.equal(answer.temperature, 0.25, 'the answer repeats the request');
      assert.deepEqual(answer.metadata, { team: 'a' });
    });

    test('a freeform tool is bridged to a function and back', async () => {
      const patch = '*** Begin Patch\n+a "quoted" \\ line 🚀\n*** End Patch';
      const tool = { type: 'custom', name: 'apply_patch', description: 'Edits files.',
        format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' } };
      stack.provider.on(step('TG-FREE', 0), calls_tools([['apply_patch', { input: patch }]]));
      stack.provider.on(step('TG-FREE', 1), says('Patched.'));
      const input = [{ role: 'user', content: 'TG-FREE' }];
      await in_both_ways(stack, ask(input, { tools: [tool] }), async (answer, way) => {
        const [call] = answer.output.filter((item) => item.type === 'custom_tool_call');
        assert.equal(call.input, patch, way);
        const next = await client_of(stack).responses.create(ask([...input, ...answer.output,
          { type: 'custom_tool_call_output', call_id: call.call_id, output: 'Done' }],
        { tools: [tool] }));
        assert.equal(next.output_text, 'Patched.');
      });
      const events = await events_of(stack, ask(input, { tools: [tool] }));
      const deltas = events.filter((event) =>
        event.type === 'response.custom_tool_call_input.delta');
      assert.equal(deltas.map((event) => event.delta).join(''), patch);
      assert.ok(events.some((event) => event.type === 'response.custom_tool_call_input.done'
        && event.input === patch));
    });
  });
}

describe('Responses and thinking of an Anthropic provider', () => {
  const stack = use_stack(targets.anthropic);

  test('a thinking block comes back to its provider as it was', async () => {
    stack.provider.on(step('TG-THINK', 0), calls_tools([['get_weather', { city: 'Bern' }]],
      { reasoning: 'I "consider" it.', reasoningSignature: 'c2lnbmVkLWJ5LXByb3ZpZGVy' }));
    stack.provider.on(step('TG-THINK', 1), says('Thought through.'));
    const input = [{ role: 'user', content: 'TG-THINK' }];
    const more = { tools: [weather], reasoning: { effort: 'high', summary: 'auto' },
      include: ['reasoning.encrypted_content'], max_output_tokens: 20000 };
    await in_both_ways(stack, ask(input, more), async (answer, way) => {
      const [thought, call] = answer.output;
      assert.equal(thought.type, 'reasoning', way);
      assert.deepEqual(thought.summary, [{ type: 'summary_text', text: 'I "consider" it.' }]);
      assert.match(thought.encrypted_content, /^tg1\./);
      await client_of(stack).responses.create(ask([...input, ...answer.output,
        { type: 'function_call_output', call_id: call.call_id, output: 'rain' }], more));
      const block = stack.tap.calls.at(-1).json.messages[1].content[0];
      assert.deepEqual(block, { type: 'thinking', thinking: 'I "consider" it.',
        signature: 'c2lnbmVkLWJ5LXByb3ZpZGVy' });
    });
    assert.ok(stack.tap.calls[0].json.thinking, 'effort asks for thinking');
  });
});

describe('Responses to a provider that speaks it', () => {
  const stack = use_stack(targets.openai_responses);

  test('the body is the client\'s own but for the model, state is the provider\'s', async () => {
    stack.provider.on(step('TG-RELAY', 0), says('ok'));
    await client_of(stack).responses.create({ model: 'claude-sonnet', input: 'TG-RELAY',
      store: true, previous_response_id: 'resp_1', metadata: { a: 'b' },
      tools: [{ type: 'web_search' }], unheard_of: { deep: [1, 2.50] } });
    const asked = stack.client_tap.calls[0].request.body.toString();
    assert.equal(stack.tap.calls[0].request.body.toString(),
      asked.replace('"claude-sonnet"', `"${targets.openai_responses.model}"`));
  });

  test('reasoning items that the gateway made for another provider are left out', async () => {
    stack.provider.on(step('TG-MIXED', 0), says('ok'));
    await client_of(stack).responses.create(ask([{ role: 'user', content: 'TG-MIXED' },
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'tg1.dGhpbmtpbmcKe30' },
      { role: 'assistant', content: 'Yes.' }, { role: 'user', content: 'go on' }]));
    assert.equal(stack.tap.calls[0].json.input.length, 3);
    assert.match(stack.client_tap.calls[0].response.headers['x-tollgate-dropped'], /reasoning/);
  });

  test('models that only Responses serves answer Chat and Anthropic clients too', async () => {
    stack.provider.on(step('TG-ONLY', 0), says('ok'));
    const chat = await client_of(stack).chat.completions.create({ model: 'claude-sonnet',
      messages: [{ role: 'user', content: 'TG-ONLY' }] });
    assert.equal(chat.choices[0].message.content, 'ok');
    assert.match(stack.tap.calls[0].request.path, /\/responses$/);
  });
});

describe('what the gateway says around Responses', () => {
  const stack = use_stack(targets.anthropic);

  test('the path without /v1 works, a GET is a 405, a WebSocket a 426', async () => {
    stack.provider.on(step('TG-PATH', 0), says('ok'));
    const response = await stack.gateway.fetch('/responses', { json: ask('TG-PATH') });
    assert.equal(response.status, 200);
    assert.equal((await response.json()).output[0].content[0].text, 'ok');
    const got = await stack.gateway.fetch('/v1/responses');
    assert.equal(got.status, 405);
    assert.equal(got.headers.get('allow'), 'POST');
    assert.equal((await got.json()).error.code, 'method_not_allowed');
  });

  test('Cursor\'s Responses body on the path of Chat is answered as Chat', async () => {
    stack.provider.on(step('TG-CURSOR', 0), says('ok'));
    const json = { model: 'claude-sonnet', input: [{ role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'TG-CURSOR' }], tools: [weather] };
    const response = await stack.gateway.fetch('/v1/chat/completions', { json });
    const answer = await response.json();
    assert.equal(answer.object, 'chat.completion');
    assert.equal(answer.choices[0].message.content, 'ok');
    assert.match(JSON.stringify(stack.tap.calls[0].json.system), /Be brief/);
  });
});

describe('Cursor\'s Responses body to a provider of Chat', () => {
  const stack = use_stack(targets.openai_compatible);

  test('is translated, not relayed', async () => {
    stack.provider.on(step('TG-CURSOR', 0), says('ok'));
    const json = { model: 'claude-sonnet', stream: true,
      input: [{ role: 'user', content: 'TG-CURSOR' }] };
    const response = await stack.gateway.fetch('/v1/chat/completions', { json });
    assert.match(await response.text(), /chat\.completion\.chunk[\s\S]*data: \[DONE\]/);
    assert.equal(stack.tap.calls[0].json.input, undefined);
    assert.equal(stack.tap.calls[0].json.messages[0].content, 'TG-CURSOR');
  });
});
