// Google's models: Gemini at its developer API and on Vertex, Claude on Vertex. The clients are
// official SDKs and the real Claude Code; answers come from the mock, or, where it has no words for
// something (signatures, safety, quota), as Google documents them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { check_calls, use_stack } from './lib/kit.mjs';
import { deployment, master_key } from './lib/tollgate.mjs';
import { calls_tools, says, step } from './lib/provider.mjs';
import { run_scenario } from './lib/run_scenario.mjs';
import { start_vertex_bridge } from './lib/vertex_bridge.mjs';
import { assert_no_anthropic_headers } from './lib/checks.mjs';
import { read_request } from './matrix/protocols/gemini.mjs';
import * as faults from './lib/faults.mjs';
import * as scenarios from './lib/scenarios.mjs';

const provider_key = 'sk-provider-made-up';
const place = { vertex_project: 'made-up', vertex_location: 'us-east5' };
const names = ['claude-opus', 'claude-sonnet', 'claude-haiku', 'test-model'];
const below = '/v1/projects/made-up/locations/us-east5/publishers';

/** Every usual name is one model of that provider. */
const all_names = (kind, model, more) => (url) => ({
  model_list: names.map((name) => deployment(name, kind, model, url, more)) });

function check_gemini(path, credential, ids) {
  return (exchange) => {
    assert.match(exchange.request.path, path);
    const { headers, raw } = exchange.request;
    const sent = Object.fromEntries(['authorization', 'x-goog-api-key', 'x-api-key']
      .filter((name) => headers[name] !== undefined).map((name) => [name, headers[name]]));
    assert.deepEqual(sent, credential);
    assert.ok(!raw.includes(master_key), 'the client key must not reach the provider');
    assert_no_anthropic_headers(exchange);
    read_request(exchange, { ids });
  };
}

const targets = {
  gemini: { config: all_names('gemini', 'gemini-2.5-flash'),
    check: check_gemini(new RegExp('^/v1beta/models/gemini-[a-z0-9.-]+:'
      + '(generateContent|streamGenerateContent\\?alt=sse)$'),
    { 'x-goog-api-key': provider_key }, true) },
  vertex_gemini: { config: all_names('vertex_ai', 'gemini-2.5-flash', place),
    check: check_gemini(new RegExp(`^${below}/google/models/gemini-[a-z0-9.-]+:`
      + '(generateContent|streamGenerateContent\\?alt=sse)$'),
    { authorization: `Bearer ${provider_key}` }, false) },
  vertex_claude: { config: all_names('vertex_ai', 'claude-sonnet-4-5@20250929', place),
    between: start_vertex_bridge,
    check: ({ request }) => {
      assert.match(request.path, new RegExp(`^${below}/anthropic/models/`
        + '(claude-sonnet-4-5@20250929:(rawPredict|streamRawPredict)|count-tokens:rawPredict)$'));
      assert.equal(request.headers.authorization, `Bearer ${provider_key}`);
      assert.ok(!request.raw.includes(master_key), 'the client key must not reach the provider');
    } },
};
const stack_of = (name) => use_stack(targets[name], { config: targets[name].config });

const weather = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const anthropic = (stack) => new Anthropic({ baseURL: stack.base_url, apiKey: master_key,
  maxRetries: 0 });
const openai = (stack) => new OpenAI({ baseURL: `${stack.base_url}/v1`, apiKey: master_key,
  maxRetries: 0 });
const ask = (text, more = {}) => ({ model: 'claude-sonnet', max_tokens: 500,
  messages: [{ role: 'user', content: text }], ...more });
const anthropic_tools = { tools: [{ name: 'get_weather', description: 'tells the weather',
  input_schema: weather }] };
const openai_tools = { tools: [{ type: 'function', function: { name: 'get_weather',
  description: 'tells the weather', parameters: weather } }] };

for (const name of Object.keys(targets)) {
  describe(`Anthropic SDK to ${name}`, () => {
    const stack = stack_of(name);
    const create = {
      plain: (request) => anthropic(stack).messages.create(request),
      streamed: (request) => anthropic(stack).messages.stream(request).finalMessage() };

    for (const [way, send] of Object.entries(create)) {
      test(`text, ${way}`, async () => {
        stack.provider.on(step('TG-TEXT', 0), says('Grüße, 世界 🚀.', { input: 21, output: 7 }));
        const message = await send(ask('TG-TEXT', { system: 'Be brief.', temperature: 0.5 }));
        const said = message.content.map((block) => [block.type, block.text]);
        assert.deepEqual(said, [['text', 'Grüße, 世界 🚀.']]);
        assert.equal(message.stop_reason, 'end_turn');
        assert.equal(message.model, 'claude-sonnet');
        assert.equal(message.usage.input_tokens, 21);
        assert.equal(message.usage.output_tokens, 7);
        check_calls(stack, 1);
        assert.match(stack.tap.calls[0].request.body.toString(), /Be brief\./);
      });

      test(`tools in parallel, their results and the answer, ${way}`, async () => {
        const cities = ['Zürich "am See"\n\\ 東京', 'Bern'];
        stack.provider.on(step('TG-TOOL', 0),
          calls_tools(cities.map((city) => ['get_weather', { city }])));
        stack.provider.on(step('TG-TOOL', 2), says('Sunny.'));
        const request = ask('TG-TOOL', anthropic_tools);
        const first = await send(request);
        const calls = first.content.filter((block) => block.type === 'tool_use');
        assert.deepEqual(calls.map((call) => call.input.city), cities);
        assert.equal(new Set(calls.map((call) => call.id)).size, 2);
        assert.ok(calls.every((call) => /^[a-zA-Z0-9_-]+$/.test(call.id)));
        assert.equal(first.stop_reason, 'tool_use');
        const second = await send({ ...request, messages: [...request.messages,
          { role: 'assistant', content: first.content },
          { role: 'user', content: calls.map((call, at) => ({ type: 'tool_result',
            tool_use_id: call.id, is_error: at === 1, content: `${at} degrees` })) }] });
        assert.equal(second.content[0].text, 'Sunny.');
        check_calls(stack, 2);
        assert.match(stack.tap.calls[1].request.body.toString(), /0 degrees.*1 degrees/);
      });
    }

    test('a stream in pieces of three bytes, characters split, is whole', async () => {
      const text = '日本語のテキスト 🚀🚀 ende';
      stack.provider.on(step('TG-SPLIT', 0), says(text));
      stack.tap.next(faults.in_pieces_of(3));
      assert.equal((await create.streamed(ask('TG-SPLIT'))).content[0].text, text);
    });

    test('a stream that breaks off is an error, not an end', async () => {
      stack.provider.on(step('TG-CUT', 0), says('x'.repeat(400)));
      stack.tap.next(faults.stops_after_bytes(700, 'reset'));
      await assert.rejects(create.streamed(ask('TG-CUT')));
    });
  });

  describe(`OpenAI SDK to ${name}`, () => {
    const stack = stack_of(name);

    test('text, streamed, with usage', async () => {
      stack.provider.on(step('TG-TEXT', 0), says('Hello there.', { input: 21, output: 7 }));
      const chunks = [];
      for await (const chunk of await openai(stack).chat.completions.create({ ...ask('TG-TEXT'),
        stream: true, stream_options: { include_usage: true } })) chunks.push(chunk);
      assert.equal(chunks.map((one) => one.choices[0]?.delta.content ?? '').join(''),
        'Hello there.');
      assert.equal(chunks.at(-1).usage.prompt_tokens, 21);
      assert.equal(chunks.at(-1).usage.completion_tokens, 7);
      check_calls(stack, 1);
    });

    test('a tool, its result and the answer', async () => {
      stack.provider.on(step('TG-TOOL', 0), calls_tools([['get_weather', { city: 'Bern' }]]));
      stack.provider.on(step('TG-TOOL', 1), says('Sunny.'));
      const request = ask('TG-TOOL', openai_tools);
      const first = await openai(stack).chat.completions.stream(request).finalChatCompletion();
      const [call] = first.choices[0].message.tool_calls;
      assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Bern' });
      assert.equal(first.choices[0].finish_reason, 'tool_calls');
      const second = await openai(stack).chat.completions.create({ ...request, messages: [
        ...request.messages, first.choices[0].message,
        { role: 'tool', tool_call_id: call.id, content: '21 degrees' }] });
      assert.equal(second.choices[0].message.content, 'Sunny.');
      check_calls(stack, 2);
    });
  });

  describe(`Claude Code to ${name}`, () => {
    const stack = stack_of(name);

    for (const scenario of [scenarios.plain_prompt, scenarios.tool_loop, scenarios.parallel_tools,
      scenarios.tool_image]) {
      test(scenario.name, async () => {
        await run_scenario(scenario, stack);
        check_calls(stack, scenario.calls);
      });
    }
  });
}

// --- what the mock has no words for ----------------------------------------------------------

/** Frames of generation 3: a thought, then a call with its signature. */
const signed_call = (name, args, signature, id) => [
  { candidates: [{ content: { role: 'model', parts: [{ text: 'I shall look.', thought: true }] },
    index: 0 }], usageMetadata: { promptTokenCount: 40, totalTokenCount: 40 },
  modelVersion: 'gemini-3-flash-preview', responseId: id },
  { candidates: [{ content: { role: 'model', parts: [{ functionCall: { name, args, id: `${id}-1` },
    thoughtSignature: signature }] }, finishReason: 'STOP', index: 0 }],
  usageMetadata: { promptTokenCount: 40, candidatesTokenCount: 9, thoughtsTokenCount: 5,
    cachedContentTokenCount: 30, totalTokenCount: 54 },
  modelVersion: 'gemini-3-flash-preview', responseId: id }];
const signed_text = (text, signature, id) => [
  { candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0 }], responseId: id },
  { candidates: [{ content: { role: 'model', parts: [{ text: '', thoughtSignature: signature }] },
    finishReason: 'STOP', index: 0 }], usageMetadata: { promptTokenCount: 60,
    candidatesTokenCount: 3, totalTokenCount: 63 }, responseId: id }];

/** The function calls in a request, with what was signed. */
const sent_calls = (exchange) => exchange.json.contents.flatMap((content) => content.parts)
  .filter((part) => part.functionCall);

for (const [kind, more, ids] of [['gemini', {}, true], ['vertex_ai', place, false]]) {
  describe(`thought signatures through ${kind}`, () => {
    const target = { check: targets[ids ? 'gemini' : 'vertex_gemini'].check };
    const stack = use_stack(target, { config: all_names(kind, 'gemini-3-flash-preview', more) });

    test('Anthropic SDK brings them back, and the counts are right', async () => {
      stack.tap.next(faults.streams(signed_call('get_weather', { city: 'Bern' }, 'U2lnbmVkMQ==',
        'r1')));
      const request = ask('go', { ...anthropic_tools, max_tokens: 4000,
        thinking: { type: 'enabled', budget_tokens: 2000 } });
      const first = await anthropic(stack).messages.stream(request).finalMessage();
      assert.deepEqual(first.content.map((block) => block.type), ['thinking', 'tool_use']);
      assert.equal(first.content[0].thinking, 'I shall look.');
      assert.match(first.content[0].signature, /^tg1\./);
      assert.equal(first.usage.input_tokens, 10);
      assert.equal(first.usage.cache_read_input_tokens, 30);
      assert.equal(first.usage.output_tokens, 14);
      stack.tap.next(faults.answers(200, { candidates: [{ content: { role: 'model',
        parts: [{ text: 'Sunny.' }] }, finishReason: 'STOP' }] }));
      const second = await anthropic(stack).messages.create({ ...request, messages: [
        ...request.messages, { role: 'assistant', content: first.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: first.content[1].id,
          content: '21' }] }] });
      assert.equal(second.content[0].text, 'Sunny.');
      check_calls(stack, 2);
      assert.deepEqual(stack.tap.calls[0].json.generationConfig.thinkingConfig,
        { thinkingLevel: 'LOW', includeThoughts: true });
      const [call] = sent_calls(stack.tap.calls[1]);
      assert.equal(call.thoughtSignature, 'U2lnbmVkMQ==');
      assert.doesNotMatch(stack.tap.calls[1].request.body.toString(), /tg1\.|I shall look/);
    });

    test('OpenAI SDK brings them back', async () => {
      stack.tap.next(faults.streams(signed_call('get_weather', { city: 'Bern' }, 'U2lnbmVkMg==',
        'r2')));
      const request = ask('go', openai_tools);
      const first = await openai(stack).chat.completions.stream(request).finalChatCompletion();
      const message = first.choices[0].message;
      assert.equal(message.tool_calls[0].extra_content.google.thought_signature, 'U2lnbmVkMg==');
      stack.tap.next(faults.streams(signed_text('Sunny.', 'VGV4dA==', 'r3')));
      const history = [...request.messages, message,
        { role: 'tool', tool_call_id: message.tool_calls[0].id, content: '21' }];
      const second = await openai(stack).chat.completions.stream({ ...request, messages: history })
        .finalChatCompletion();
      assert.equal(second.choices[0].message.content, 'Sunny.');
      assert.equal(second.choices[0].message.extra_content.google.thought_signature, 'VGV4dA==');
      stack.tap.next(faults.answers(200, { candidates: [{ content: { role: 'model',
        parts: [{ text: 'Bye.' }] }, finishReason: 'STOP' }] }));
      await openai(stack).chat.completions.create({ ...request, messages: [...history,
        second.choices[0].message, { role: 'user', content: 'bye' }] });
      check_calls(stack, 3);
      assert.equal(sent_calls(stack.tap.calls[2])[0].thoughtSignature, 'U2lnbmVkMg==');
      const said = stack.tap.calls[2].json.contents.flatMap((content) => content.parts)
        .find((part) => part.text === 'Sunny.');
      assert.equal(said.thoughtSignature, 'VGV4dA==');
    });

    test('Claude Code brings them back in its tool loop', async () => {
      stack.tap.next(faults.streams(signed_call('Bash', { command: 'echo from-bash',
        description: 'one' }, 'Rmlyc3Q=', 'r4')));
      stack.tap.next(faults.streams(signed_call('Bash', { command: 'echo again',
        description: 'two' }, 'U2Vjb25k', 'r5')));
      stack.tap.next(faults.streams(signed_text('Both ran.', 'TGFzdA==', 'r6')));
      await run_scenario({ name: 'signed loop', prompt: 'TG-SIGNED: run two commands', calls: 3,
        prepare: () => {},
        verify: (result) => {
          scenarios.assert_good(result, 'Both ran.');
          assert.match(JSON.stringify(scenarios.produced_results(result)), /from-bash.*again/);
        } }, stack);
      check_calls(stack, 3);
      const calls = sent_calls(stack.tap.calls[2]);
      assert.deepEqual(calls.map((call) => call.thoughtSignature), ['Rmlyc3Q=', 'U2Vjb25k']);
    });

    test('calls of another model get the stand-in on the first of each step', async () => {
      stack.tap.next(faults.answers(200, { candidates: [{ content: { role: 'model',
        parts: [{ text: 'Fine.' }] }, finishReason: 'STOP' }] }));
      await anthropic(stack).messages.create(ask('go', { ...anthropic_tools, messages: [
        { role: 'user', content: 'go' },
        { role: 'assistant', content: ['a', 'b'].map((id) => ({ type: 'tool_use', id,
          name: 'get_weather', input: {} })) },
        { role: 'user', content: ['b', 'a'].map((id) => ({ type: 'tool_result', tool_use_id: id,
          content: id })) }] }));
      check_calls(stack, 1);
      assert.deepEqual(sent_calls(stack.tap.calls[0]).map((call) => call.thoughtSignature),
        ['skip_thought_signature_validator', undefined]);
    });
  });
}

describe('what Google refuses, for an Anthropic client', () => {
  const stack = stack_of('gemini');
  const google_error = (code, status, message, details) => faults.answers(code, { error: { code,
    message, status, ...(details ? { details } : {}) } });
  const refused = async (request = ask('go')) => {
    try {
      await anthropic(stack).messages.create(request);
    } catch (error) {
      return error;
    }
    return assert.fail('it was taken');
  };

  test('a prompt that is too long, in the words on which Claude Code compacts', async () => {
    stack.tap.next(google_error(400, 'INVALID_ARGUMENT', 'The input token count (1200003) exceeds '
      + 'the maximum number of tokens allowed (1048576).'));
    const error = await refused();
    assert.equal(error.status, 400);
    assert.match(error.message, /prompt is too long: 1200003 tokens > 1048576 maximum/);
  });

  test('quota, with the time that RetryInfo names', async () => {
    for (let i = 0; i < 8; i += 1) {
      stack.tap.next(google_error(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota.',
        [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '41s' }]));
    }
    const error = await refused();
    assert.equal(error.status, 429);
    const seconds = Number(error.headers.get('retry-after'));
    assert.ok(seconds >= 39 && seconds <= 41, `retry-after ${seconds}`);
  });

  test('a key that is not valid is not the client\'s fault', async () => {
    stack.tap.next(google_error(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid '
      + 'API key.'));
    assert.equal((await refused()).status, 502);
  });

  test('a blocked prompt is a 400 that says so', async () => {
    stack.tap.next(faults.answers(200, { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
      usageMetadata: { promptTokenCount: 4, totalTokenCount: 4 } }));
    const error = await refused();
    assert.equal(error.status, 400);
    assert.match(error.message, /prompt was blocked \(PROHIBITED_CONTENT\)/);
  });

  test('an answer that safety cuts is a refusal with what was said', async () => {
    stack.tap.next(faults.streams([
      { candidates: [{ content: { role: 'model', parts: [{ text: 'Well' }] }, index: 0 }] },
      { candidates: [{ finishReason: 'SAFETY', index: 0 }], usageMetadata: {
        promptTokenCount: 4, totalTokenCount: 4 } }]));
    const message = await anthropic(stack).messages.stream(ask('go')).finalMessage();
    assert.equal(message.stop_reason, 'refusal');
    assert.equal(message.content[0].text, 'Well');
  });

  test('a call that the model wrote badly is asked for once more, unseen', async () => {
    stack.tap.next(faults.streams([{ candidates: [{ content: {}, index: 0,
      finishReason: 'MALFORMED_FUNCTION_CALL', finishMessage: 'Malformed function call' }],
    usageMetadata: { promptTokenCount: 4, totalTokenCount: 4 } }]));
    stack.provider.on(step('TG-AGAIN', 0), says('Now.'));
    const message = await anthropic(stack).messages.stream(ask('TG-AGAIN')).finalMessage();
    assert.equal(message.content[0].text, 'Now.');
    assert.equal(stack.tap.calls.length, 2);
  });
});

describe('counting tokens', () => {
  const gemini = stack_of('gemini');
  const vertex = stack_of('vertex_gemini');
  const claude = stack_of('vertex_claude');
  const request = { model: 'claude-sonnet', system: 'Be brief.', ...anthropic_tools,
    messages: [{ role: 'user', content: 'hello' }] };

  test('Gemini counts the whole request', async () => {
    gemini.tap.next(faults.answers(200, { totalTokens: 31 }));
    assert.equal((await anthropic(gemini).messages.countTokens(request)).input_tokens, 31);
    const [asked] = gemini.tap.calls;
    assert.match(asked.request.path, /^\/v1beta\/models\/gemini-2\.5-flash:countTokens$/);
    const inner = asked.json.generateContentRequest;
    assert.equal(inner.model, 'models/gemini-2.5-flash');
    assert.equal(inner.systemInstruction.parts[0].text, 'Be brief.');
    assert.equal(inner.tools[0].functionDeclarations[0].name, 'get_weather');
  });

  test('Vertex counts contents, system and tools', async () => {
    vertex.tap.next(faults.answers(200, { totalTokens: 32, totalBillableCharacters: 90 }));
    assert.equal((await anthropic(vertex).messages.countTokens(request)).input_tokens, 32);
    const [asked] = vertex.tap.calls;
    assert.match(asked.request.path, /\/google\/models\/gemini-2\.5-flash:countTokens$/);
    assert.ok(asked.json.contents && asked.json.systemInstruction && asked.json.tools);
  });

  test('a count of nothing is not believed', async () => {
    vertex.tap.next(faults.answers(200, {}));
    assert.ok((await anthropic(vertex).messages.countTokens(request)).input_tokens > 5);
  });

  test('Claude\'s counter gets the name without its version', async () => {
    assert.equal((await anthropic(claude).messages.countTokens(request)).input_tokens, 4321);
    const [asked] = claude.tap.calls;
    assert.match(asked.request.path, /\/anthropic\/models\/count-tokens:rawPredict$/);
    assert.equal(asked.json.model, 'claude-sonnet-4-5');
    assert.equal(asked.json.anthropic_version, 'vertex-2023-10-16');
  });
});

describe('an error of the cloud before Claude\'s', () => {
  const stack = stack_of('vertex_claude');

  test('reaches an Anthropic client in its own envelope', async () => {
    stack.tap.next(faults.answers(404, [{ error: { code: 404, status: 'NOT_FOUND',
      message: 'Publisher Model was not found.' } }]));
    await assert.rejects(anthropic(stack).messages.create(ask('go')), (error) => {
      assert.equal(error.status, 404);
      assert.equal(error.error.type, 'error');
      assert.match(error.message, /Publisher Model was not found/);
      return true;
    });
  });
});
