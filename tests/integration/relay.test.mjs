// Equal protocols on both sides: the provider's bytes are the client's but for `model`, and the
// client's bytes are the provider's but for `model`, proven by hash.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import OpenAI from 'openai';
import { use_stack } from './lib/kit.mjs';
import { sha256 } from './lib/tap.mjs';
import { deployment, master_key } from './lib/tollgate.mjs';
import { assert_relayed_but_model } from './lib/checks.mjs';
import { run_scenario } from './lib/run_scenario.mjs';
import { calls_tools, says, step } from './lib/provider.mjs';
import * as scenarios from './lib/scenarios.mjs';

/** The provider's answer as the client must get it: model restored, nothing else touched. */
function expected_answer(provider_exchange, client_exchange) {
  const from = `"model":${JSON.stringify(provider_exchange.json.model)}`;
  const to = `"model":${JSON.stringify(client_exchange.json.model)}`;
  return Buffer.from(provider_exchange.response.body.toString('latin1').replaceAll(from, to),
    'latin1');
}

// Calls of sub-agents overlap, so they are paired by what they hold, not by order.
function pair_of(client_exchange, provider_exchanges) {
  const bare = (exchange) => sha256(Buffer.from(exchange.request.body.toString('latin1')
    .replace(`"model":${JSON.stringify(exchange.json.model)}`, '"model":""'), 'latin1'));
  const wanted = bare(client_exchange);
  const found = provider_exchanges.filter((one) => bare(one) === wanted);
  assert.equal(found.length, 1, `one provider call with the client's bytes:\n`
    + `${client_exchange.excerpt()}\n${provider_exchanges.map((one) => one.excerpt()).join('\n')}`);
  return found[0];
}

const forwarded =
  /^(anthropic-|content-type$|accept$|user-agent$|x-app$|x-stainless-|x-claude-code-)/;
// What a request needs on its way, besides what is forwarded.
const own = new Set(['host', 'content-length', 'x-api-key', 'authorization', 'connection',
  'accept-encoding']);

function assert_headers(client_exchange, provider_exchange) {
  const sent = provider_exchange.request.headers;
  for (const [name, value] of Object.entries(client_exchange.request.headers)) {
    if (forwarded.test(name)) assert.equal(sent[name], value, `header ${name} is forwarded`);
  }
  for (const name of Object.keys(sent)) {
    assert.ok(forwarded.test(name) || own.has(name), `header ${name} must not be forwarded`);
  }
  assert.equal(sent['accept-encoding'] ?? 'identity', 'identity', 'identity is asked for');
  assert.equal(sent['content-length'], String(provider_exchange.request.body.length));
}

describe('Claude Code relayed to an Anthropic provider', () => {
  const stack = use_stack({}, { config: (url) => ({ model_list: [
    deployment('claude-opus', 'anthropic', 'claude-opus-4-5-20251101', url),
    deployment('claude-opus-4-6', 'anthropic', 'claude-opus-4-6', url),
    deployment('claude-sonnet', 'anthropic', 'claude-sonnet-4-5-20250929', url),
    deployment('claude-haiku', 'anthropic', 'claude-haiku-4-5', url)] }) });

  const all = [...scenarios.everywhere, scenarios.large_context, scenarios.thinking,
    scenarios.web_search];
  for (const scenario of all) {
    test(`${scenario.name}: bytes and headers of every call`, async () => {
      await run_scenario(scenario, stack);
      assert.equal(stack.client_tap.calls.length, scenario.calls);
      for (const client_exchange of stack.client_tap.calls) {
        const provider_exchange = pair_of(client_exchange, stack.tap.calls);
        assert_relayed_but_model(client_exchange.request, provider_exchange);
        assert_headers(client_exchange, provider_exchange);
        assert.equal(provider_exchange.request.path, client_exchange.request.path);
        const expected = expected_answer(provider_exchange, client_exchange);
        assert.equal(client_exchange.response.body.toString(), expected.toString());
        assert.equal(sha256(client_exchange.response.body), sha256(expected));
      }
    });
  }

  test('where the names are equal, the body is identical to the byte', async () => {
    await run_scenario(scenarios.tool_loop, stack, { model: 'claude-opus-4-6' });
    const hashes = (tap) => tap.calls.map((call) => call.request.body_sha256);
    assert.deepEqual(hashes(stack.tap), hashes(stack.client_tap));
    const answers = (tap) => tap.calls.map((call) => sha256(call.response.body));
    assert.deepEqual(answers(stack.client_tap), answers(stack.tap));
  });
});

describe('odd but legal Anthropic bodies', () => {
  const stack = use_stack({}, { config: (url) => ({ model_list: [
    deployment('claude-opus', 'anthropic', 'provider-side-name', url)] }) });

  const send = (body, headers = {}) => stack.gateway.fetch('/v1/messages', { method: 'POST', body,
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01',
      ...headers } });

  const bodies = {
    'unknown fields, odd spacing and number spellings': '{ "future_field":{"a":[1.50e+02,'
      + '-0.0,1E400]} ,\n\t"max_tokens" : 5e1,"model" :  "claude-opus",'
      + '"messages":[{"role":"user","content":"TG-ODD"}] }',
    'the model inside other texts': '{"messages":[{"role":"user","content":"TG-ODD '
      + '\\"model\\":\\"claude-opus\\""}],"metadata":{"model":"claude-opus"},"max_tokens":5,'
      + '"model":"claude-opus"}',
    'escapes and surrogate pairs': '{"model":"claude-opus","max_tokens":5,"messages":[{"role":'
      + '"user","content":"TG-ODD \\ud83d\\ude80 \\/ \\u0041 \\u0000"}]}',
  };
  for (const [title, body] of Object.entries(bodies)) {
    test(`${title} survive`, async () => {
      stack.provider.on({ predicate: (request) => JSON.stringify(request).includes('TG-ODD') },
        says('ok'));
      const response = await send(body);
      assert.equal(response.status, 200, await response.clone().text());
      const at = body.search(/"model"\s*:\s*"claude-opus"(?!.*"model"\s*:\s*"claude-opus")/s);
      const expected = body.slice(0, at)
        + body.slice(at).replace('claude-opus', 'provider-side-name');
      assert.equal(stack.tap.calls[0].request.body.toString(), expected);
    });
  }

  test('a model key written with an escape is found all the same', async () => {
    stack.provider.on(step('TG-ODD', 0), says('ok'));
    const response = await send('{"mod\\u0065l":"claude-opus","max_tokens":5,'
      + '"messages":[{"role":"user","content":"TG-ODD"}]}');
    assert.equal(response.status, 200);
    assert.equal(stack.tap.calls[0].json.model, 'provider-side-name');
  });

  test('two models in one body are refused, not chosen between', async () => {
    const response = await send('{"model":"claude-opus","max_tokens":5,"messages":[],'
      + '"model":"other"}');
    assert.equal(response.status, 400);
    assert.match((await response.json()).error.message, /model|key/);
    assert.equal(stack.tap.calls.length, 0);
  });

  test('malformed JSON is a 400 that tells the byte', async () => {
    for (const body of ['{"model":"claude-opus","messages":[1,2,,]}', '{"model":"claude-opus"',
      'not json', '{"model":"claude-opus","messages":[tru]}']) {
      const response = await send(body);
      assert.equal(response.status, 400, body);
      assert.match((await response.json()).error.message, /byte|offset|position/, body);
    }
    assert.equal(stack.tap.calls.length, 0);
  });
});

describe('OpenAI Chat relayed to an OpenAI provider', () => {
  const stack = use_stack({}, { config: (url) => ({ model_list: [
    deployment('gpt-4.1', 'openai', 'gpt-4.1', `${url}/v1`)] }) });

  const request = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'TG-CHAT' }],
    seed: 7, future_field: { nested: [1, 2] } };
  const client = () => new OpenAI({ baseURL: `${stack.base_url}/v1`, apiKey: master_key,
    maxRetries: 0 });

  test('a plain call is identical to the byte, both ways', async () => {
    stack.provider.on(step('TG-CHAT', 0), calls_tools([['look', { at: 'it' }]]));
    await client().chat.completions.create(request);
    assert.equal(stack.tap.calls[0].request.body_sha256,
      stack.client_tap.calls[0].request.body_sha256);
    assert.equal(sha256(stack.client_tap.calls[0].response.body),
      sha256(stack.tap.calls[0].response.body));
  });

  test('a stream that asks for usage is identical to the byte, both ways', async () => {
    stack.provider.on(step('TG-CHAT', 0), says('Streamed.'));
    const stream = await client().chat.completions.create({ ...request, stream: true,
      stream_options: { include_usage: true } });
    for await (const chunk of stream) assert.ok(chunk.id);
    assert.equal(stack.tap.calls[0].request.body_sha256,
      stack.client_tap.calls[0].request.body_sha256);
    assert.equal(sha256(stack.client_tap.calls[0].response.body),
      sha256(stack.tap.calls[0].response.body));
  });

  test('usage is asked for in addition and taken out of the answer again', async () => {
    stack.provider.on(step('TG-CHAT', 0), says('Streamed.'));
    const stream = await client().chat.completions.create({ ...request, stream: true });
    for await (const chunk of stream) assert.equal(chunk.choices.length, 1);
    const { stream_options, ...rest } = stack.tap.calls[0].json;
    assert.deepEqual(stream_options, { include_usage: true });
    assert.deepEqual(rest, { ...request, stream: true });
    const kept = stack.tap.calls[0].response.body.toString().split('\n\n')
      .filter((event) => !event.includes('"choices":[]')).join('\n\n');
    assert.equal(stack.client_tap.calls[0].response.body.toString(), kept);
  });
});
