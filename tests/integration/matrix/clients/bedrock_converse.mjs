// A client of Bedrock's Converse: writes requests, reads answers and event streams strictly.
import { EventStreamCodec } from '@smithy/eventstream-codec';
import { base64, fields, list, matches, need, one_of, same, text, unique, whole }
  from '../strict.mjs';

export const id = 'bedrock_converse';
export const title = 'Bedrock Converse';
export const path = (talk) => `/model/${encodeURIComponent(talk.model)}/converse`
  + (talk.stream ? '-stream' : '');
export const headers = {};
export const stream_type = 'application/vnd.amazon.eventstream';
/** Signed as the AWS SDKs sign: the key's id is the gateway's key. */
export const credential = (key) => ({ 'x-amz-date': '20260101T000000Z',
  authorization: `AWS4-HMAC-SHA256 Credential=${key}/20260101/us-east-1/bedrock/aws4_request, `
    + `SignedHeaders=host;x-amz-date, Signature=${'0123456789abcdef'.repeat(4)}` });

export const stops = { end: 'end_turn', limit: 'max_tokens', calls: 'tool_use',
  sequence: 'stop_sequence', refusal: 'content_filtered' };

export const knows = { mid_system: false, tool_errors: true, tool_images: true,
  stop_sequence: false, signatures: true, cache_write: true, serial: false, choice_none: false,
  model: false };

/** What Bedrock calls each refusal, in x-amzn-errortype. */
export const error_types = { 400: 'ValidationException', 404: 'ResourceNotFoundException',
  413: 'ValidationException', 429: 'ThrottlingException', 500: 'InternalServerException',
  502: 'ModelErrorException', 503: 'ServiceUnavailableException',
  504: 'ModelTimeoutException', 529: 'ServiceUnavailableException' };


const format = (type) => (type === 'text/plain' ? 'txt' : type.slice(type.indexOf('/') + 1));

const writers = {
  text: (part) => ({ text: part.text }),
  image: (part) => ({ image: { format: format(part.type), source: { bytes: part.image } } }),
  // A name has no full stop.
  document: (part) => ({ document: { format: format(part.type),
    name: part.title.replace(/\.\w+$/, ''), source: { bytes: part.document } } }),
};

const write_part = (part) => writers[Object.keys(writers).find((name) => name in part)](part);

function write_entry(entry) {
  if (entry.role === 'answer') return { role: 'assistant', content: entry.answer.raw };
  if (entry.role !== 'results') return { role: entry.role, content: entry.parts.map(write_part) };
  return { role: 'user', content: [...entry.results.map((result) => ({ toolResult: {
    toolUseId: result.id, content: result.parts.map(write_part),
    ...(result.error ? { status: 'error' } : {}) } })), ...(entry.parts ?? []).map(write_part)] };
}

const choices = { auto: { auto: {} }, any: { any: {} } };

export function write_request(talk) {
  const body = { messages: talk.history.map(write_entry),
    inferenceConfig: { maxTokens: talk.limit ?? 1000 } };
  if (talk.system) body.system = talk.system.map((one) => ({ text: one }));
  if (talk.tools) {
    body.toolConfig = { tools: talk.tools.map((tool) => ({ toolSpec: { name: tool.name,
      description: tool.description, inputSchema: { json: tool.schema } } })) };
  }
  if (talk.choice) {
    body.toolConfig.toolChoice = choices[talk.choice] ?? { tool: { name: talk.choice } };
  }
  if (talk.stop) body.inferenceConfig.stopSequences = talk.stop;
  if (talk.schema) {
    body.outputConfig = { textFormat: { type: 'json_schema', structure: { jsonSchema: {
      name: 'answer', schema: JSON.stringify(talk.schema) } } } };
  }
  if (talk.thinking) {
    body.inferenceConfig.maxTokens = 8000;
    body.additionalModelRequestFields = { thinking: talk.thinking === 'adaptive'
      ? { type: 'adaptive' } : { type: 'enabled', budget_tokens: 4000 } };
    if (talk.thinking === 'adaptive') body.outputConfig = { effort: 'high' };
  }
  return body;
}

function read_usage(usage) {
  fields(usage, 'usage', ['inputTokens', 'outputTokens', 'totalTokens'],
    ['cacheReadInputTokens', 'cacheWriteInputTokens', 'cacheDetails']);
  const cache_read = whole(usage.cacheReadInputTokens ?? 0, 'cacheReadInputTokens');
  const cache_write = whole(usage.cacheWriteInputTokens ?? 0, 'cacheWriteInputTokens');
  const prompt = whole(usage.inputTokens, 'inputTokens') + cache_read + cache_write;
  same(usage.totalTokens, prompt + whole(usage.outputTokens, 'outputTokens'), 'totalTokens');
  return { prompt, output: usage.outputTokens, cache_read, cache_write };
}

export function read_error(json, said_headers = {}) {
  fields(json, 'error body', ['message']);
  text(json.message, 'message', { empty: false });
  const type = said_headers['x-amzn-errortype']?.split(':')[0];
  one_of(type, [...Object.values(error_types), 'AccessDeniedException'], 'x-amzn-errortype');
  return { type, message: json.message };
}

function read_reasoning(value, where, answer) {
  answer.order.push('redactedContent' in value ? 'redacted_thinking' : 'thinking');
  if ('redactedContent' in value) {
    fields(value, where, ['redactedContent']);
    base64(value.redactedContent, `${where}.redactedContent`);
    return;
  }
  fields(value, where, ['reasoningText']);
  fields(value.reasoningText, where, ['text'], ['signature']);
  answer.thinking.push({ text: text(value.reasoningText.text, where),
    signature: value.reasoningText.signature });
}

function read_call(value, where, answer) {
  fields(value, where, ['toolUseId', 'name', 'input'], ['type']);
  matches(value.toolUseId, /^[a-zA-Z0-9_.:-]{1,64}$/, `${where}.toolUseId`);
  const { input } = value;
  need(input !== null && typeof input === 'object' && !Array.isArray(input), `${where}.input`);
  answer.order.push('call');
  const name = text(value.name, where, { empty: false });
  answer.calls.push({ id: value.toolUseId, name, input });
}

function take_blocks(blocks, answer) {
  list(blocks, 'content').forEach((block, at) => {
    const [kind, ...others] = Object.keys(block);
    const where = `content[${at}].${kind}`;
    one_of(kind, ['text', 'toolUse', 'reasoningContent'], where);
    same(others, [], `${where}: one member`);
    if (kind === 'text') {
      answer.text += text(block.text, where);
      need(block.text !== '', `${where}: empty`);
      answer.order.push('text');
    } else if (kind === 'toolUse') read_call(block.toolUse, where, answer);
    else read_reasoning(block.reasoningContent, where, answer);
  });
  unique(answer.calls.map((call) => call.id), 'ids of calls');
}

const reasons = [...Object.values(stops), 'guardrail_intervened', 'model_context_window_exceeded'];
const filtered = ['content_filtered', 'guardrail_intervened'];

function finish(answer, { stopReason: stop, usage, metrics, content }) {
  take_blocks(content, answer);
  fields(metrics, 'metrics', ['latencyMs']);
  whole(metrics.latencyMs, 'latencyMs');
  one_of(stop, reasons, 'stopReason');
  return Object.assign(answer, { raw: content, stop, usage: read_usage(usage),
    refusal: filtered.includes(stop) ? stop : undefined });
}

const empty = () => ({ text: '', thinking: [], calls: [], order: [] });

export function read_plain(json) {
  fields(json, 'response', ['output', 'stopReason', 'usage', 'metrics'],
    ['additionalModelResponseFields', 'trace', 'performanceConfig', 'serviceTier']);
  fields(json.output, 'output', ['message']);
  fields(json.output.message, 'message', ['role', 'content']);
  same(json.output.message.role, 'assistant', 'role');
  return finish(empty(), { ...json, content: json.output.message.content });
}

const codec = new EventStreamCodec((bytes) => Buffer.from(bytes).toString('utf8'),
  (words) => Buffer.from(words, 'utf8'));

/** Messages of the stream, their checksums verified; it must end with a whole one. */
export function read_frames(bytes) {
  const events = [];
  for (let at = 0; at < bytes.length;) {
    need(bytes.length - at >= 16, 'the stream ends inside a message');
    const size = bytes.readUInt32BE(at);
    need(size >= 16 && at + size <= bytes.length, 'the stream ends inside a message');
    const message = codec.decode(new Uint8Array(bytes.subarray(at, at + size)));
    const said = Object.fromEntries(Object.entries(message.headers)
      .map(([name, header]) => [name, header.value]));
    const type = one_of(said[':message-type'], ['event', 'exception'], ':message-type');
    same(said[':content-type'], 'application/json', ':content-type');
    const body = Buffer.from(message.body).toString('utf8');
    events.push({ type, name: text(said[`:${type}-type`], `:${type}-type`, { empty: false }),
      headers: said, body, json: JSON.parse(body) });
    at += size;
  }
  return events;
}

const exceptions = ['internalServerException', 'modelStreamErrorException', 'throttlingException',
  'validationException', 'serviceUnavailableException', 'modelTimeoutException'];
const reasoning_kinds = ['text', 'signature', 'redactedContent'];

class StreamReader {
  constructor(relayed) {
    Object.assign(this, { blocks: [], relayed, padding: relayed ? ['p'] : [] });
  }

  take(event) {
    need(!this.metadata && !this.error, `${event.name} after the end`);
    if (event.type === 'exception') {
      one_of(event.name, exceptions, ':exception-type');
      fields(event.json, event.name, ['message'], ['originalStatusCode', 'originalMessage']);
      this.error = { type: event.name,
        message: text(event.json.message, 'message', { empty: false }) };
      return;
    }
    const handler = this[`on_${event.name}`];
    need(handler, `unknown event ${event.name}`);
    need(this.started || event.name === 'messageStart', `${event.name} before messageStart`);
    need(!this.stopped || event.name === 'metadata', `${event.name} after messageStop`);
    handler.call(this, event.json);
  }

  on_messageStart(json) {
    need(!this.started, 'a second messageStart');
    fields(json, 'messageStart', ['role'], this.padding);
    same(json.role, 'assistant', 'role');
    this.started = true;
  }

  begin(index, block) {
    need(this.open === undefined, `block ${index} begins inside block ${this.open?.index}`);
    same(index, this.blocks.length, 'blocks are numbered in order');
    this.open = { index, block };
    this.blocks.push(block);
  }

  on_contentBlockStart(json) {
    fields(json, 'contentBlockStart', ['contentBlockIndex', 'start'], this.padding);
    if (this.relayed && !('toolUse' in json.start)) {
      this.begin(json.contentBlockIndex, { text: '' });
      return;
    }
    fields(json.start, 'start', ['toolUse']);
    fields(json.start.toolUse, 'start.toolUse', ['toolUseId', 'name'], ['type']);
    this.begin(json.contentBlockIndex, { toolUse: { ...json.start.toolUse, input: '' } });
  }

  on_contentBlockDelta(json) {
    fields(json, 'contentBlockDelta', ['contentBlockIndex', 'delta'], this.padding);
    const [kind, ...others] = Object.keys(json.delta);
    same(others, [], 'a delta has one member');
    one_of(kind, ['text', 'toolUse', 'reasoningContent'], 'delta');
    // Only calls are told of before their first piece.
    if (!this.open && kind === 'text') this.begin(json.contentBlockIndex, { text: '' });
    if (!this.open && kind === 'reasoningContent') {
      this.begin(json.contentBlockIndex, { reasoningContent: {} });
    }
    same(json.contentBlockIndex, this.open?.index, 'the open block');
    const { block } = this.open;
    need(kind in block, `a delta of ${kind} in a block of ${Object.keys(block)}`);
    if (kind === 'text') block.text += text(json.delta.text, 'delta.text');
    else if (kind === 'toolUse') {
      fields(json.delta.toolUse, 'delta.toolUse', ['input']);
      block.toolUse.input += text(json.delta.toolUse.input, 'delta.toolUse.input');
    } else this.reason(json.delta.reasoningContent, block.reasoningContent);
  }

  reason(delta, content) {
    const [kind, ...others] = Object.keys(delta);
    one_of(kind, reasoning_kinds, 'delta.reasoningContent');
    same(others, [], 'delta.reasoningContent has one member');
    if (kind === 'redactedContent') {
      content.redactedContent = (content.redactedContent ?? '') + delta.redactedContent;
      return;
    }
    content.reasoningText ??= { text: '' };
    content.reasoningText[kind] = (content.reasoningText[kind] ?? '') + text(delta[kind], kind);
  }

  on_contentBlockStop(json) {
    fields(json, 'contentBlockStop', ['contentBlockIndex'], this.padding);
    same(json.contentBlockIndex, this.open?.index, 'the open block ends');
    const { block } = this.open;
    if (block.toolUse) block.toolUse.input = JSON.parse(block.toolUse.input || '{}');
    this.open = undefined;
  }

  on_messageStop(json) {
    need(!this.open, 'messageStop while a block is open');
    fields(json, 'messageStop', ['stopReason'], ['additionalModelResponseFields',
      ...this.padding]);
    this.stopped = json.stopReason;
  }

  on_metadata(json) {
    need(this.stopped, 'metadata before messageStop');
    fields(json, 'metadata', ['usage', 'metrics'], ['trace', 'performanceConfig', 'serviceTier',
      ...this.padding]);
    this.metadata = json;
  }
}

/** What a relay leaves as it is: of a stream its messages, whose headers have no order. */
export function relayed_bytes(bytes, stream) {
  if (!stream) return bytes.toString('utf8');
  return read_frames(bytes).map(({ headers: said, body }) => [Object.entries(said).sort(), body]);
}

export function read_stream(events, { relayed } = {}) {
  const reader = new StreamReader(relayed);
  for (const event of events) reader.take(event);
  const answer = empty();
  if (reader.error) {
    return Object.assign(answer, { error: reader.error,
      text: reader.blocks.map((block) => block.text ?? '').join('') });
  }
  need(reader.metadata, 'the stream ended without metadata or an exception');
  return finish(answer, { ...reader.metadata, content: reader.blocks,
    stopReason: reader.stopped });
}
