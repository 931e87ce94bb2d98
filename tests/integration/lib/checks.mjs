// What a provider must and must not be sent, whatever the client said: the "never" column of the
// translation tables, checked on the bytes that the tap recorded.
import assert from 'node:assert/strict';
import { master_key } from './tollgate.mjs';

function walk(value, visit, where = '') {
  if (value === null || typeof value !== 'object') return;
  for (const [key, inner] of Object.entries(value)) {
    visit(key, inner, where);
    walk(inner, visit, `${where}/${key}`);
  }
}

function has_no_key(body, keys) {
  // Schemas are the user's own text: a property may have any name there.
  walk({ ...body, tools: undefined }, (key, _, where) => {
    assert.ok(!keys.includes(key), `${where}/${key} must not reach this provider`);
  });
}

/** Credentials: the provider's own and nothing of the client's. */
export function assert_credentials(exchange, provider_key = 'sk-provider-made-up') {
  const { headers, raw } = exchange.request;
  const seen = [headers.authorization?.replace(/^Bearer /, ''), headers['x-api-key'],
    headers['api-key']].filter((value) => value !== undefined);
  assert.deepEqual(seen, [provider_key], 'exactly the provider credential is sent');
  assert.ok(!raw.includes(master_key), 'the client key must not reach the provider');
}

const anthropic_only = ['system', 'thinking', 'output_config', 'context_management',
  'cache_control', 'input_schema', 'stop_sequences', 'defer_loading',
  'eager_input_streaming'];

/** Asserts that all of the client's system blocks reached the provider, in order. */
export function assert_system_carried(client_json, exchange) {
  const wanted = (Array.isArray(client_json.system) ? client_json.system
    : [{ text: client_json.system }]).map((block) => block.text);
  const body = exchange.json;
  const sent = [body.instructions ?? '', ...(body.messages ?? body.input)
    .filter((message) => /^(system|developer)$/.test(message.role))
    .map((message) => (typeof message.content === 'string' ? message.content
      : message.content.map((part) => part.text).join('\n\n')))].join('\n\n');
  let at = 0;
  for (const text of wanted) {
    const found = sent.indexOf(text, at);
    assert.ok(found >= 0, `a system block is lost: ${text.slice(0, 80)}`);
    at = found + text.length;
  }
}

/** Asserts the shape of a translated OpenAI Chat request. */
export function assert_chat_request(exchange) {
  assert.match(exchange.request.path, /\/chat\/completions$/);
  assert_credentials(exchange);
  assert_no_anthropic_headers(exchange);
  const body = exchange.json;
  has_no_key(body, anthropic_only);
  assert_chat_messages(body.messages);
  assert_function_tools(body);
  if (body.stream) assert.equal(body.stream_options?.include_usage, true, 'usage is asked for');
  assert.ok(!('max_tokens' in body && 'max_completion_tokens' in body), 'one output limit');
  assert.ok((body.max_tokens ?? body.max_completion_tokens) > 0, 'an output limit is sent');
  assert.ok(!exchange.request.raw.includes('device_id'), 'no raw device id to a third party');
}

export function assert_no_anthropic_headers(exchange) {
  for (const name of Object.keys(exchange.request.headers)) {
    assert.doesNotMatch(name, /^(anthropic-|x-claude-code|x-stainless|x-app$)/,
      `header ${name} is not for this provider`);
  }
}

function assert_chat_messages(messages) {
  for (let at = 0; at < messages.length; at += 1) {
    const calls = messages[at].tool_calls ?? [];
    for (const call of calls) JSON.parse(call.function.arguments);
    const answered = messages.slice(at + 1, at + 1 + calls.length);
    assert.deepEqual(answered.map((message) => message.role), calls.map(() => 'tool'),
      'each tool call is answered at once, nothing between');
    assert.deepEqual(answered.map((message) => message.tool_call_id).sort(),
      calls.map((call) => call.id).sort());
    if (messages[at].role === 'tool') {
      assert.equal(typeof messages[at].content, 'string');
    }
    assert.ok(!('signature' in messages[at]));
  }
}

function assert_function_tools(body) {
  for (const tool of body.tools ?? []) {
    assert.deepEqual(Object.keys(tool).sort(), ['function', 'type'], `tool ${tool.function?.name}`);
    assert.equal(tool.type, 'function');
    assert.match(tool.function.name, /^[a-zA-Z0-9_-]{1,64}$/);
    assert.equal(tool.function.parameters.type, 'object');
  }
  if (!body.tools?.length) assert.ok(!('tool_choice' in body), 'tool_choice without tools');
}

/** Asserts the shape of a translated OpenAI Responses request. */
export function assert_responses_request(exchange) {
  assert.match(exchange.request.path, /\/responses$/);
  assert_credentials(exchange);
  assert_no_anthropic_headers(exchange);
  const body = exchange.json;
  has_no_key(body, [...anthropic_only, 'messages']);
  const calls = body.input.filter((item) => item.type === 'function_call');
  const results = body.input.filter((item) => item.type === 'function_call_output');
  for (const call of calls) JSON.parse(call.arguments);
  assert.deepEqual(results.map((item) => item.call_id).sort(),
    calls.map((item) => item.call_id).sort(), 'each call has its output');
  for (const tool of body.tools ?? []) {
    assert.equal(tool.type, 'function');
    assert.equal(typeof tool.name, 'string');
    assert.equal(tool.parameters.type, 'object');
  }
}

/** Asserts the shape of a translated Ollama request. */
export function assert_ollama_request(exchange) {
  assert.match(exchange.request.path, /\/api\/chat$/);
  const body = exchange.json;
  has_no_key(body, anthropic_only);
  // Ollama cuts a longer prompt silently, so the window asked for must hold all of it.
  const least = exchange.request.body.length / 8;
  assert.ok(body.options?.num_ctx >= least, `num_ctx ${body.options?.num_ctx} for ${least}`);
  for (const message of body.messages) {
    for (const call of message.tool_calls ?? []) {
      assert.equal(typeof call.function.arguments, 'object', 'arguments are an object here');
    }
  }
}

/** Asserts that an Anthropic request is the client's but for `model`, by hash. */
export function assert_relayed_but_model(client_request, provider_exchange) {
  const asked = JSON.parse(client_request.body.toString('utf8')).model;
  const sent = provider_exchange.json.model;
  const client_text = client_request.body.toString('latin1');
  const from = `"model":${JSON.stringify(asked)}`;
  assert.equal(client_text.split(from).length, 2, 'the model is named once in the client body');
  const expected = client_text.replace(from, `"model":${JSON.stringify(sent)}`);
  assert.equal(provider_exchange.request.body.length, expected.length, 'as long as expected');
  assert.ok(provider_exchange.request.body.equals(Buffer.from(expected, 'latin1')),
    'byte for byte the client body but for the model');
}
