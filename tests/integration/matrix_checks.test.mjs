// The strict readers that the compatibility matrix relies on refuse what they must refuse.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as anthropic_client from './matrix/clients/anthropic.mjs';
import * as converse_client from './matrix/clients/bedrock_converse.mjs';
import * as gemini_client from './matrix/clients/gemini.mjs';
import * as chat_client from './matrix/clients/openai_chat.mjs';
import * as responses_client from './matrix/clients/openai_responses.mjs';
import { columns } from './matrix/columns.mjs';
import { plain_shape, stream_fault, stream_shape } from './matrix/shape.mjs';
import { check_signature } from './matrix/sigv4.mjs';
import { parse_events } from './lib/http_bytes.mjs';

const column = (id) => columns.find((one) => one.id === id);
const events_of = (id, name) =>
  parse_events(Buffer.concat(stream_shape(column(id), name).frames).toString('utf8'));
const edited = (id, name, edit) => {
  const events = structuredClone(events_of(id, name));
  return edit(events) ?? events;
};

describe('a client of Anthropic', () => {
  const read = (edit) => anthropic_client.read_stream(edited('anthropic', 'thinking', edit));
  const at = (events, type) => events.findIndex((event) => event.event === type);

  test('reads a good stream', () => {
    const answer = read(() => {});
    assert.equal(answer.text, 'It is 42.');
    assert.deepEqual(answer.usage, { prompt: 60, cache_read: 0, cache_write: 0, output: 25 });
  });
  for (const [title, edit, why] of [
    ['no end', (events) => events.slice(0, -1), /without message_stop/],
    ['two ends', (events) => [...events, events.at(-1)], /after the end/],
    ['no beginning', (events) => events.slice(1), /before message_start/],
    ['a wrong index', (events) => {
      events[at(events, 'content_block_delta')].json.index = 7;
    }, /delta for block 7/],
    ['a delta of another kind', (events) => {
      events[at(events, 'content_block_delta')].json.delta.type = 'text_delta';
    }, /is none of/],
    ['a block left open', (events) =>
      events.filter((event) => event.event !== 'content_block_stop'), /inside another/],
    ['an event under another name', (events) => { events[1].event = 'ping'; }, /holds type/],
    ['no stop reason', (events) => {
      events[at(events, 'message_delta')].json.delta.stop_reason = null;
    }, /no stop_reason/],
  ]) test(`refuses ${title}`, () => assert.throws(() => read(edit), why));
});

describe('a client of Chat', () => {
  const read = (edit) => chat_client.read_stream(edited('openai_chat', 'thinking_call', edit));

  test('reads a good stream', () => assert.deepEqual(read(() => {}).calls[0].input,
    { city: 'Paris' }));
  for (const [title, edit, why] of [
    ['no [DONE]', (events) => events.slice(0, -1), /without \[DONE\]/],
    ['no usage', (events) => events.filter((event) => !event.json?.usage), /usage was asked/],
    ['no finish', (events) =>
      events.filter((event) => !event.json?.choices?.[0]?.finish_reason), /no finish_reason/],
    ['a wrong total', (events) => {
      events.find((event) => event.json?.usage).json.usage.total_tokens += 1;
    }, /total_tokens/],
    ['another id half way', (events) => { events[2].json.id = 'chatcmpl-other'; }, /one id/],
    ['half of the arguments', (events) => events.filter((event) =>
      !event.data.includes('ris')), /JSON/],
  ]) test(`refuses ${title}`, () => assert.throws(() => read(edit), why));
});

describe('a client of Responses', () => {
  const read = (edit) =>
    responses_client.read_stream(edited('openai_responses', 'thinking_call', edit));

  test('reads a good stream', () => assert.equal(read(() => {}).thinking[0].text,
    'I need the weather.'));
  for (const [title, edit, why] of [
    ['a gap in the numbers', (events) => events.toSpliced(3, 1), /sequence_number/],
    ['an item that does not end', (events) => {
      const last = events.findLastIndex((event) => event.event === 'response.output_item.done');
      events.splice(last, 1);
      events.forEach((event, index) => { event.json.sequence_number = index; });
    }, /all items are done/],
    ['arguments that differ from their pieces', (events) => {
      events.find((event) => event.event === 'response.function_call_arguments.done')
        .json.arguments = '{}';
    }, /is whole/],
  ]) test(`refuses ${title}`, () => assert.throws(() => read(edit), why));
});

describe('a client of Gemini', () => {
  const read = (edit, name = 'thinking_call', relayed = true) =>
    gemini_client.read_stream(edited('gemini', name, edit), { relayed });
  const parts = (event) => event.json.candidates[0].content.parts;

  test('reads a good stream', () => {
    const answer = read(() => {});
    assert.deepEqual([answer.calls[0].input, answer.stop], [{ city: 'Paris' }, 'STOP']);
    assert.deepEqual(answer.usage, { prompt: 70, output: 30, cache_read: 0, cache_write: 0 });
  });
  for (const [title, edit, why] of [
    ['no end', (events) => events.slice(0, -1), /no finishReason/],
    ['two ends', (events) => [...events, events.at(-1)], /after finishReason/],
    ['a wrong total', (events) => {
      events.at(-1).json.usageMetadata.totalTokenCount += 1;
    }, /totalTokenCount/],
    ['another id half way', (events) => { events[1].json.responseId = 'other'; }, /one id/],
    ['a signature that is no base64', (events) => {
      parts(events[1])[0].thoughtSignature = 'tg1.abc';
    }, /does not match/],
    ['arguments that are no object', (events) => {
      parts(events[1])[0].functionCall.args = '{}';
    }, /args: object/],
    ['a part of two kinds', (events) => { parts(events[1])[0].text = 'x'; }, /unknown field text/],
    ['an answer of the user', (events) => {
      events[0].json.candidates[0].content.role = 'user';
    }, /content.role/],
    ['a frame after an error', (events) => [events[0], { data: '', json: { error: { code: 503,
      message: 'busy', status: 'UNAVAILABLE' } } }, events[1]], /after an error/],
  ]) test(`refuses ${title}`, () => assert.throws(() => read(edit), why));
  test('refuses a call of the gateway without an id', () =>
    assert.throws(() => read(() => {}, 'thinking_call', false), /id is missing/));
});

describe('a client of Converse', () => {
  const frames = () => Buffer.concat(stream_shape(column('bedrock_converse'),
    'thinking_call').frames);
  const read = (edit) => {
    const events = converse_client.read_frames(frames());
    return converse_client.read_stream(edit(events) ?? events, { relayed: true });
  };
  const find = (events, name) => events.find((event) => event.name === name);

  test('reads a good stream', () => {
    const answer = read(() => {});
    assert.deepEqual([answer.calls[0].input, answer.thinking[0].text, answer.stop],
      [{ city: 'Paris' }, 'I need the weather.', 'tool_use']);
    assert.deepEqual(answer.usage, { prompt: 70, output: 30, cache_read: 0, cache_write: 0 });
  });
  for (const [title, edit, why] of [
    ['no beginning', (events) => events.slice(1), /before messageStart/],
    ['no metadata', (events) => events.slice(0, -1), /without metadata/],
    ['a second metadata', (events) => [...events, events.at(-1)], /after the end/],
    ['a call that was not begun', (events) =>
      events.filter((event) => event.name !== 'contentBlockStart'), /the open block/],
    ['a gap in the numbers', (events) => {
      find(events, 'contentBlockStart').json.contentBlockIndex = 2;
    }, /numbered in order/],
    ['a block left open', (events) =>
      events.filter((event) => event.name !== 'contentBlockStop'), /inside block/],
    ['half of the input', (events) => events.filter((event) => !event.body.includes('ris')),
      /JSON/],
    ['a wrong total', (events) => { events.at(-1).json.usage.totalTokens += 1; }, /totalTokens/],
    ['an unknown reason', (events) => {
      find(events, 'messageStop').json.stopReason = 'stop';
    }, /stopReason/],
  ]) test(`refuses ${title}`, () => assert.throws(() => read(edit), why));
  test('refuses a damaged message, and one cut short', () => {
    const damaged = frames();
    damaged[damaged.length - 6] ^= 1;
    assert.throws(() => converse_client.read_frames(damaged), /checksum/i);
    assert.throws(() => converse_client.read_frames(frames().subarray(0, -3)), /inside a message/);
  });
});

describe('a provider', () => {
  const asked = (id, body, path = '/v1/messages') => column(id).protocol.read_request({ json: body,
    request: { headers: { 'anthropic-version': '2023-06-01' }, path,
      body: Buffer.from(JSON.stringify(body)) } }, column(id).request);
  const user = (content) => ({ role: 'user', content });
  const call = { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} };
  const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'seen' };
  const loop = [user('a'), { role: 'assistant', content: [call] }, user([result])];
  const body = (more) => ({ model: 'm', max_tokens: 9000, messages: loop, ...more });

  test('takes a good request', () => assert.equal(asked('anthropic', body()).turns.length, 3));
  for (const [title, more, why] of [
    ['an unknown field', { reasoning_effort: 'low' }, /unknown field/],
    ['a call without its result', { messages: [...loop.slice(0, 2), user('b')] }, /a result for/],
    ['results after text', { messages: [...loop.slice(0, 2),
      user([{ type: 'text', text: 'b' }, result])] }, /results come first/],
    ['two user turns in a row', { messages: [user('a'), user('b')] }, /not assistant/],
    ['a blank text', { messages: [user([{ type: 'text', text: ' ' }])] }, /blank/],
    ['a choice without tools', { tool_choice: { type: 'any' } }, /without tools/],
    ['a loop without its thinking', { thinking: { type: 'enabled', budget_tokens: 2000 } },
      /does not begin with thinking/],
  ]) test(`of Anthropic refuses ${title}`, () => assert.throws(() =>
    asked('anthropic', body(more)), why));

  test('of Gemini refuses what its schemas do not know', () => assert.throws(() =>
    asked('gemini', { contents: [{ role: 'user', parts: [{ text: 'a' }] }],
      tools: [{ functionDeclarations: [{ name: 'f', parameters: { type: 'object',
        additionalProperties: false } }] }] }, '/v1beta/models/g:generateContent'),
  /unknown field additionalProperties/));

  test('of Bedrock refuses a wrong signature', () => assert.throws(() => check_signature({
    method: 'POST', path: '/model/m/converse', body: Buffer.from('{}'), headers: { host: 'h',
      'x-amz-date': '20260101T000000Z', authorization: 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/'
      + '20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, '
      + `Signature=${'0'.repeat(64)}` } }, { key_id: 'AKIDEXAMPLE', secret: 's',
    region: 'us-east-1', service: 'bedrock' }), /the signature/));
});

test('AWS\'s own frame comes out byte for byte', async () => {
  const { encode_frame } = await import('./matrix/event_stream.mjs');
  const frame = encode_frame({ ':event-type': 'chunk', ':content-type': 'application/json',
    ':message-type': 'event' }, '{"bytes":"e30="}');
  assert.equal(frame.toString('hex'), '0000006b0000004b6ace012d0b3a6576656e742d7479706507000563'
    + '68756e6b0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d65737361'
    + '67652d747970650700056576656e747b226279746573223a226533303d227d3651dbfe');
});

test('each recorded plain answer is JSON', () => {
  for (const one of columns) JSON.parse(plain_shape(one, 'hello').body);
});

test('each recorded end of a stream stands in place of the last frame, whole', () => {
  for (const one of columns) {
    const ends = ['rate_limited', 'overloaded', 'fault', 'timeout']
      .map((fault) => stream_fault(one, 'fault_late', fault)).filter(Boolean);
    assert.ok(ends.length > 0, `${one.id} has words for a fault inside a stream`);
    for (const { frames } of ends) {
      assert.equal(frames.length, stream_shape(one, 'fault_late').frames.length, one.id);
      assert.ok(!frames.at(-1).equals(frames.at(-2)), one.id);
    }
  }
});
