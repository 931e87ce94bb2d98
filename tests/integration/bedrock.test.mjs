// Amazon Bedrock: official SDKs and the real Claude Code through the gateway to a strict Bedrock
// that nobody here wrote; then a scripted one with AWS's own encoder and signer.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { use_stack } from './lib/kit.mjs';
import { Tollgate, master_key } from './lib/tollgate.mjs';
import { calls_tools, says, step } from './lib/provider.mjs';
import { run_scenario } from './lib/run_scenario.mjs';
import * as scenarios from './lib/scenarios.mjs';
import { FakeBedrock, InvokeFraming, chunk, converse_stream, event, exception, invoke_stream, keys,
  usage } from './lib/bedrock.mjs';

const claude = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const encoded = encodeURIComponent(claude);
const names = ['claude-opus', 'claude-sonnet', 'claude-haiku'];
const weather = { name: 'get_weather', description: 'weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } };

const entry = (model_name, model, api_base, more) => ({ model_name,
  litellm_params: { model: `bedrock/${model}`, api_base, aws_region_name: 'us-west-2', ...more } });
const bearer = { api_key: 'bedrock-key-made-up' };

const anthropic = (base) => new Anthropic({ baseURL: base, apiKey: master_key, maxRetries: 0 });
const openai = (base) => new OpenAI({ baseURL: `${base}/v1`, apiKey: master_key,
  maxRetries: 0 });

describe('SDKs and Claude Code to a strict Bedrock', () => {
  let framing;
  const stack = use_stack({ model: claude }, { config: async (tap_url) => {
    framing = await InvokeFraming.start(() => tap_url);
    return { model_list: [
      ...names.map((name) => entry(name, claude, framing.url, bearer)),
      entry('converse-claude', `converse/${claude}`, framing.url, bearer),
      entry('nova', 'us.amazon.nova-pro-v1:0', framing.url, bearer)] };
  } });
  after(() => framing?.stop());
  const last = () => stack.tap.calls.at(-1);

  test('Anthropic SDK: InvokeModel, plain and streamed', async () => {
    stack.provider.on(step('TG-TEXT', 0), says('Grüße, 世界 🚀.', { input: 21, output: 7 }));
    const request = { model: 'claude-sonnet', max_tokens: 50, system: 'Be brief.',
      messages: [{ role: 'user', content: 'TG-TEXT' }] };
    const client = anthropic(stack.base_url);
    const plain = await client.messages.create(request);
    assert.equal(last().request.path, `/model/${encoded}/invoke`);
    const streamed = await client.messages.stream(request).finalMessage();
    assert.equal(last().request.path, `/model/${encoded}/invoke-with-response-stream`);
    for (const answer of [plain, streamed]) {
      assert.equal(answer.content[0].text, 'Grüße, 世界 🚀.');
      assert.equal(answer.model, 'claude-sonnet');
      assert.equal(answer.stop_reason, 'end_turn');
      assert.equal(answer.usage.input_tokens, 21);
      assert.equal(answer.usage.output_tokens, 7);
    }
    for (const call of stack.tap.calls) {
      assert.equal(call.json.anthropic_version, 'bedrock-2023-05-31');
      assert.equal(call.json.model, undefined);
      assert.equal(call.json.stream, undefined);
      assert.equal(call.request.headers.authorization, 'Bearer bedrock-key-made-up');
      assert.equal(call.request.headers['anthropic-version'], undefined);
      assert.equal(call.request.headers['x-api-key'], undefined);
    }
  });

  for (const model of ['converse-claude', 'nova', 'claude-sonnet']) {
    test(`OpenAI SDK: Converse for ${model}, a tool loop, plain and streamed`, async () => {
      stack.provider.on(step('TG-TOOL', 0), calls_tools([['get_weather', { city: 'Köln' }],
        ['get_weather', { city: 'Ulm' }]]));
      stack.provider.on(step('TG-TOOL', 2), says('Sunny.'));
      const client = openai(stack.base_url);
      const request = { model, messages: [{ role: 'user', content: 'TG-TOOL' }],
        tools: [{ type: 'function', function: { name: weather.name,
          description: weather.description, parameters: weather.input_schema } }] };
      for (const ask of [(one) => client.chat.completions.create(one),
        (one) => client.chat.completions.stream(one).finalChatCompletion()]) {
        const first = (await ask(request)).choices[0];
        assert.equal(first.finish_reason, 'tool_calls');
        assert.deepEqual(first.message.tool_calls.map((call) =>
          JSON.parse(call.function.arguments).city), ['Köln', 'Ulm']);
        const second = await ask({ ...request, messages: [...request.messages, first.message,
          ...first.message.tool_calls.map((call) => ({ role: 'tool', tool_call_id: call.id,
            content: 'sun' }))] });
        assert.equal(second.choices[0].message.content, 'Sunny.');
      }
      assert.ok(stack.tap.calls.every((call) => /\/converse(-stream)?$/.test(call.request.path)));
      const [use] = last().json.messages[1].content;
      assert.deepEqual(use.toolUse.input, { city: 'Köln' });
    });
  }

  test('Anthropic SDK: Converse where the name says so', async () => {
    stack.provider.on(step('TG-TOOL', 0), calls_tools([['get_weather', { city: 'Köln' }]],
      { input: 15, output: 6 }));
    const answer = await anthropic(stack.base_url).messages.stream({ model: 'converse-claude',
      max_tokens: 50, tools: [weather],
      messages: [{ role: 'user', content: 'TG-TOOL' }] }).finalMessage();
    assert.equal(last().request.path, `/model/${encoded}/converse-stream`);
    assert.equal(answer.stop_reason, 'tool_use');
    const call = answer.content.find((block) => block.type === 'tool_use');
    assert.deepEqual(call.input, { city: 'Köln' });
    assert.equal(answer.usage.input_tokens, 15);
    assert.equal(answer.usage.output_tokens, 6);
  });

  for (const scenario of [scenarios.plain_prompt, scenarios.tool_loop, scenarios.parallel_tools]) {
    test(`Claude Code: ${scenario.name}`, async () => {
      await run_scenario(scenario, stack);
      for (const call of stack.tap.calls) {
        assert.equal(call.request.path, `/model/${encoded}/invoke-with-response-stream`);
        assert.equal(call.request.headers['anthropic-beta'], undefined);
        assert.ok(Array.isArray(call.json.anthropic_beta), 'betas travel in the body');
        assert.ok(call.json.anthropic_beta.every((beta) =>
          !/^(interleaved-thinking|prompt-caching-scope|fast-mode)/.test(beta)));
      }
    });
    test(`Claude Code by Converse: ${scenario.name}`, async () => {
      await run_scenario(scenario, stack, { env: { ANTHROPIC_MODEL: 'converse-claude' } });
      const paths = stack.tap.calls.map((call) => call.request.path);
      assert.ok(paths.includes(`/model/${encoded}/converse-stream`), paths.join(' '));
    });
  }
});

describe('a scripted Bedrock', () => {
  let fake, mantle, other, gateway;
  const arn = 'arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/a1b2c3';
  const signed = { aws_access_key_id: keys.accessKeyId,
    aws_secret_access_key: keys.secretAccessKey };

  before(async () => {
    fake = await FakeBedrock.start();
    mantle = await FakeBedrock.start({ service: 'bedrock-mantle' });
    other = await FakeBedrock.start({ token: 'session/token+made=up' });
    gateway = await Tollgate.start({ model_list: [
      entry('claude-sonnet', claude, fake.url, signed),
      entry('profile', claude, fake.url, { ...signed, model_id: arn }),
      entry('converse', `converse/${claude}`, fake.url, signed),
      entry('guarded', 'amazon.nova-lite-v1:0', fake.url, { ...signed, extra_body: {
        guardrailConfig: { guardrailIdentifier: 'g1', guardrailVersion: '1' } } }),
      entry('session', 'amazon.nova-lite-v1:0', other.url,
        { ...signed, aws_session_token: 'session/token+made=up' }),
      entry('chain', 'amazon.nova-lite-v1:0', fake.url, { ...signed, order: 1 }),
      entry('chain', 'amazon.nova-pro-v1:0', other.url,
        { ...signed, aws_session_token: 'session/token+made=up', order: 2 }),
      { model_name: 'mantle', litellm_params: { model: 'bedrock_mantle/anthropic.claude-x',
        api_base: `${mantle.url}/anthropic`, aws_region_name: 'us-west-2', ...signed } },
    ], router_settings: { num_retries: 2 } });
  });
  after(async () => {
    await gateway?.stop();
    await Promise.all([fake, mantle, other].map((one) => one?.stop()));
  });
  beforeEach(() => { for (const one of [fake, mantle, other]) one.clear(); });

  const signature_holds = (request) => {
    assert.ok(request.expected, 'the request is signed');
    assert.equal(request.headers.authorization, request.expected);
    assert.equal(request.headers['x-amz-content-sha256'], request.body_hash);
  };
  const plain = { model: 'converse', messages: [{ role: 'user', content: 'hi' }] };
  const text = (answer) => answer.choices[0].message.content;
  const stream_text = async (request) => {
    const stream = await openai(gateway.url).chat.completions.create({ ...request, stream: true,
      stream_options: { include_usage: true } });
    let all = '';
    let counted;
    for await (const piece of stream) {
      all += piece.choices[0]?.delta?.content ?? '';
      counted = piece.usage ?? counted;
    }
    return { all, counted };
  };

  test('signatures are those of AWS: Converse, an ARN, a session token, the other endpoint',
    async () => {
      const stream = () => ({ stream: converse_stream(['Hello 世界']) });
      fake.next(stream());
      const { all, counted } = await stream_text(plain);
      assert.equal(all, 'Hello 世界');
      assert.equal(counted.prompt_tokens, 21);
      assert.equal(counted.completion_tokens, 7);
      signature_holds(fake.last);
      fake.next({ json: { id: 'msg_1', type: 'message', role: 'assistant', model: 'x',
        content: [{ type: 'text', text: 'ok' }], stop_reason: 'end_turn',
        usage: { input_tokens: 1, output_tokens: 2 } } });
      await anthropic(gateway.url).messages.create({ model: 'profile', max_tokens: 5,
        messages: [{ role: 'user', content: 'x' }] });
      assert.equal(fake.last.path, `/model/${encodeURIComponent(arn)}/invoke`);
      signature_holds(fake.last);
      other.next(stream());
      await stream_text({ ...plain, model: 'session' });
      assert.equal(other.last.headers['x-amz-security-token'], 'session/token+made=up');
      signature_holds(other.last);
      mantle.next({ json: { id: 'msg_1', type: 'message', role: 'assistant', model: 'x',
        content: [{ type: 'text', text: 'ok' }], stop_reason: 'end_turn',
        usage: { input_tokens: 1, output_tokens: 2 } } });
      await anthropic(gateway.url).messages.create({ model: 'mantle', max_tokens: 5,
        messages: [{ role: 'user', content: 'x' }] });
      assert.equal(mantle.last.path, '/anthropic/v1/messages');
      assert.equal(mantle.last.json.model, 'anthropic.claude-x');
      signature_holds(mantle.last);
    });

  test('frames cut at any byte', async () => {
    const stream = converse_stream(['Grüße', { name: 'a', input: { x: '世界' } }],
      { stop: 'tool_use' });
    for (const pieces of [1, 3, 11, 12, 13, 97]) {
      fake.next({ stream, pieces });
      const answer = await openai(gateway.url).chat.completions.stream({ ...plain,
        tools: [{ type: 'function', function: { name: 'a', parameters: { type: 'object' } } }] })
        .finalChatCompletion();
      assert.equal(text(answer), 'Grüße');
      assert.equal(answer.choices[0].message.tool_calls[0].function.arguments, '{"x":"世界"}');
    }
  });

  test('relayed chunks are Anthropic\'s events, without Bedrock\'s metrics', async () => {
    fake.next({ stream: invoke_stream('Grüße'), pieces: 100 });
    const response = await gateway.fetch('/v1/messages', { json: { model: 'claude-sonnet',
      stream: true, speed: 'fast', max_tokens: 5, messages: [{ role: 'user', content: 'x' }] },
    headers: { 'anthropic-beta': 'fast-mode-2026-02-01,context-1m-2025-08-07' } });
    assert.match(response.headers.get('content-type'), /^text\/event-stream/);
    const body = await response.text();
    assert.match(body, /event: content_block_delta\ndata: .*Grüße/);
    assert.match(body, /event: message_stop\ndata: {"type":"message_stop"}\n\n$/);
    assert.match(body, /"model":"claude-sonnet"/);
    assert.doesNotMatch(body, /invocationMetrics/);
    // model, stream and speed stand side by side, and each of them goes.
    assert.deepEqual(fake.last.json, { anthropic_version: 'bedrock-2023-05-31', max_tokens: 5,
      anthropic_beta: ['context-1m-2025-08-07'], messages: [{ role: 'user', content: 'x' }] });
    assert.match(response.headers.get('x-tollgate-dropped'), /fast-mode-2026-02-01, speed/);
  });

  test('tokens are counted by Bedrock, tools too (litellm 26436)', async () => {
    fake.next({ json: { inputTokens: 77 } });
    const counted = await anthropic(gateway.url).messages.countTokens({ model: 'claude-sonnet',
      tools: [weather], messages: [{ role: 'user', content: 'x' }] });
    assert.equal(counted.input_tokens, 77);
    const model = encodeURIComponent(claude.replace('us.', ''));
    assert.equal(fake.last.path, `/model/${model}/count-tokens`);
    const body = JSON.parse(Buffer.from(fake.last.json.input.invokeModel.body, 'base64'));
    assert.equal(body.tools[0].name, 'get_weather');
    assert.ok(body.max_tokens > 0);
    signature_holds(fake.last);
    fake.next({ json: { inputTokens: 78 } });
    const conversed = await anthropic(gateway.url).messages.countTokens({ model: 'converse',
      tools: [weather], messages: [{ role: 'user', content: 'x' }] });
    assert.equal(conversed.input_tokens, 78);
    assert.equal(fake.last.json.input.converse.toolConfig.tools[0].toolSpec.name, 'get_weather');
  });

  test('configured fields of Converse reach it', async () => {
    fake.next({ json: { output: { message: { role: 'assistant', content: [{ text: 'ok' }] } },
      stopReason: 'end_turn', usage: usage(1, 2) } });
    const answer = await openai(gateway.url).chat.completions.create({ ...plain,
      model: 'guarded' });
    assert.equal(text(answer), 'ok');
    assert.deepEqual(fake.last.json.guardrailConfig,
      { guardrailIdentifier: 'g1', guardrailVersion: '1' });
  });

  test('refusals before the answer: their status, in the client\'s own envelope', async () => {
    const cases = [
      ['ThrottlingException', 429, 429, 'rate_limit_error'],
      ['ValidationException', 400, 400, 'invalid_request_error'],
      ['AccessDeniedException', 403, 502, 'api_error'],
      ['ServiceUnavailableException', 503, 503, 'overloaded_error'],
    ];
    for (const [type, status, seen, kind] of cases) {
      fake.clear();
      const refusal = { status, headers: { 'x-amzn-errortype': `${type}:http://internal/` },
        json: { message: `words of ${type}` } };
      fake.next(refusal, refusal, refusal, refusal);
      const response = await gateway.fetch('/v1/messages', { json: { model: 'claude-sonnet',
        max_tokens: 5, messages: [{ role: 'user', content: 'x' }] } });
      const body = await response.json();
      assert.equal(response.status, seen, type);
      assert.equal(body.error.type, kind);
      assert.match(body.error.message, new RegExp(`words of ${type}`));
    }
  });

  test('a prompt that is too long is said so in the form on which Claude Code compacts',
    async () => {
      fake.next({ status: 400, headers: { 'x-amzn-errortype': 'ValidationException' },
        json: { message: 'Input is too long for requested model.' } });
      const response = await gateway.fetch('/v1/messages', { json: { model: 'claude-sonnet',
        max_tokens: 5, messages: [{ role: 'user', content: 'x' }] } });
      assert.equal(response.status, 400);
      assert.match((await response.json()).error.message,
        /^prompt is too long: \d+ tokens > \d+ maximum/);
    });

  test('a model that needs a profile: the administrator is told which', async () => {
    fake.next({ status: 400, headers: { 'x-amzn-errortype': 'ValidationException' },
      json: { message: 'Invocation of model ID x with on-demand throughput isn’t supported.' } });
    const response = await gateway.fetch('/v1/chat/completions', { json: plain });
    assert.equal(response.status, 502);
    assert.match((await response.json()).error.message, /inference profile.*bedrock\/us\.MODEL/);
  });

  test('an exception before any content fails over unseen', async () => {
    const stream = Buffer.concat([event('messageStart', { role: 'assistant' }),
      exception('serviceUnavailableException', 'busy')]);
    fake.next({ stream }, { stream }, { stream });
    other.next({ stream: converse_stream(['second']) });
    const { all } = await stream_text({ ...plain, model: 'chain' });
    assert.equal(all, 'second');
  });

  test('an exception after content ends the stream with an error of its class', async () => {
    const begun = {
      converse: [event('messageStart', { role: 'assistant' }),
        event('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'a' } })],
      'claude-sonnet': [
        chunk({ type: 'message_start', message: { id: 'msg_1', model: 'm', content: [],
          usage: { input_tokens: 1, output_tokens: 1 } } }),
        chunk({ type: 'content_block_start', index: 0, content_block: { type: 'text',
          text: '' } })],
    };
    for (const [model, frames] of Object.entries(begun)) {
      fake.next({ stream: Buffer.concat([...frames,
        exception('throttlingException', 'too fast')]) });
      const response = await gateway.fetch('/v1/messages', { json: { model, stream: true,
        max_tokens: 5, messages: [{ role: 'user', content: 'x' }] } });
      const body = await response.text();
      assert.match(body, /event: error\ndata: .*rate_limit_error.*too fast/);
      assert.doesNotMatch(body, /message_stop/);
    }
  });

  test('damaged frames end the stream with an error, and nothing else suffers', async () => {
    const good = converse_stream(['Hello there, this is long enough']);
    for (const at of [3, 9, 40, good.length - 2]) {
      const stream = Buffer.from(good);
      stream[at] ^= 0x55;
      fake.next({ stream }, { stream }, { stream });
      const response = await gateway.fetch('/v1/messages', { json: { model: 'converse',
        stream: true, max_tokens: 5, messages: [{ role: 'user', content: 'x' }] } });
      const body = await response.text();
      assert.match(body, /"type":"error"/, `byte ${at}`);
      assert.doesNotMatch(body, /message_stop/);
      fake.clear();
    }
    fake.next({ stream: good });
    assert.equal((await stream_text(plain)).all, 'Hello there, this is long enough');
  });

  test('a stream that breaks off in the middle is an error, never an end', async () => {
    const stream = converse_stream(['Hello']).subarray(0, -300);
    fake.next({ stream, cut: true }, { stream, cut: true }, { stream, cut: true });
    const response = await gateway.fetch('/v1/messages', { json: { model: 'converse',
      stream: true, max_tokens: 5, messages: [{ role: 'user', content: 'x' }] } });
    const body = await response.text();
    assert.match(body, /"type":"error"/);
    assert.doesNotMatch(body, /message_stop/);
  });
});
