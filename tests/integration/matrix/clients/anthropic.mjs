// A client of Anthropic Messages: writes requests, reads answers strictly.
import { fields, list, matches, need, one_of, text, unique, whole } from '../strict.mjs';

export const id = 'anthropic';
export const title = 'Anthropic Messages';
export const path = '/v1/messages';
export const headers = { 'anthropic-version': '2023-06-01' };

/** How this protocol says why an answer ended. */
export const stops = { end: 'end_turn', limit: 'max_tokens', calls: 'tool_use',
  sequence: 'stop_sequence', refusal: 'refusal' };

export const knows = { mid_system: true, tool_errors: true, tool_images: true, stop_sequence: true,
  signatures: true, cache_write: true, long_names: true };

const plain = (base64) => Buffer.from(base64, 'base64').toString('utf8');

const writers = {
  text: (part) => ({ type: 'text', text: part.text }),
  image: (part) => ({ type: 'image',
    source: { type: 'base64', media_type: part.type, data: part.image } }),
  document: (part) => ({ type: 'document', title: part.title,
    source: part.type === 'text/plain'
      ? { type: 'text', media_type: part.type, data: plain(part.document) }
      : { type: 'base64', media_type: part.type, data: part.document } }),
};

const write_part = (part) => {
  const kind = Object.keys(writers).find((name) => name in part);
  return writers[kind](part);
};

const write_entry = (entry) => {
  if (entry.role === 'answer') return { role: 'assistant', content: entry.answer.raw };
  if (entry.role === 'system') return { role: 'system', content: entry.text };
  if (entry.role !== 'results') {
    return { role: entry.role, content: entry.parts.map(write_part) };
  }
  return { role: 'user', content: [...entry.results.map((result) => ({ type: 'tool_result',
    tool_use_id: result.id,
    content: result.parts.every((part) => part.text === '') ? '' : result.parts.map(write_part),
    ...(result.error ? { is_error: true } : {}) })),
  ...(entry.parts ?? []).map(write_part)] };
};

const choices = { auto: { type: 'auto' }, any: { type: 'any' }, none: { type: 'none' } };

export function write_request(talk) {
  const body = { model: talk.model, max_tokens: talk.limit ?? 1000,
    messages: talk.history.map(write_entry) };
  if (talk.system) body.system = talk.system.map((one) => ({ type: 'text', text: one }));
  if (talk.tools) {
    body.tools = talk.tools.map((tool) => ({ name: tool.name, description: tool.description,
      input_schema: tool.schema }));
  }
  if (talk.choice) body.tool_choice = choices[talk.choice] ?? { type: 'tool', name: talk.choice };
  if (talk.serial) body.tool_choice = { type: 'auto', disable_parallel_tool_use: true };
  if (talk.stop) body.stop_sequences = talk.stop;
  if (talk.schema) body.output_config = { format: { type: 'json_schema', schema: talk.schema } };
  if (talk.thinking) body.max_tokens = 8000;
  if (talk.thinking === 'adaptive') {
    body.thinking = { type: 'adaptive' };
    body.output_config = { effort: 'high' };
  } else if (talk.thinking) body.thinking = { type: 'enabled', budget_tokens: 4000 };
  if (talk.stream) body.stream = true;
  return body;
}

const usage_fields = ['cache_creation_input_tokens', 'cache_read_input_tokens', 'cache_creation',
  'server_tool_use', 'service_tier', 'inference_geo', 'output_tokens_details', 'iterations'];

function read_usage(usage, where) {
  fields(usage, where, ['input_tokens', 'output_tokens'], usage_fields);
  const cache_read = usage.cache_read_input_tokens ?? 0;
  const cache_write = usage.cache_creation_input_tokens ?? 0;
  return { prompt: whole(usage.input_tokens, where) + cache_read + cache_write, cache_read,
    cache_write, output: whole(usage.output_tokens, where) };
}

function take_blocks(blocks, answer) {
  for (const [at, block] of blocks.entries()) {
    const where = `content[${at}]`;
    one_of(block.type, ['text', 'thinking', 'redacted_thinking', 'tool_use'], where);
    answer.order.push(block.type === 'tool_use' ? 'call' : block.type);
    if (block.type === 'text') {
      fields(block, where, ['type', 'text'], ['citations']);
      answer.text += text(block.text, where);
    } else if (block.type === 'thinking') {
      fields(block, where, ['type', 'thinking', 'signature']);
      answer.thinking.push({ text: text(block.thinking, where), signature: block.signature });
    } else if (block.type === 'tool_use') {
      fields(block, where, ['type', 'id', 'name', 'input'], ['caller']);
      matches(block.id, /^[a-zA-Z0-9_-]+$/, `${where}.id`);
      need(block.input !== null && typeof block.input === 'object', `${where}.input: an object`);
      answer.calls.push({ id: block.id, name: block.name, input: block.input });
    }
  }
  unique(answer.calls.map((call) => call.id), 'ids of calls');
}

const empty = (more) => ({ text: '', thinking: [], calls: [], order: [], ...more });

export function read_error(json) {
  fields(json, 'error body', ['type', 'error'], ['request_id']);
  need(json.type === 'error', 'error body: type must be error');
  fields(json.error, 'error', ['type', 'message'], ['details']);
  text(json.error.message, 'error.message', { empty: false });
  return { type: text(json.error.type, 'error.type'), message: json.error.message };
}

const message_fields = ['type', 'role', 'id', 'model', 'content', 'stop_reason', 'stop_sequence',
  'usage'];

function read_message_head(message, where) {
  fields(message, where, message_fields, ['container', 'stop_details', 'context_management']);
  need(message.type === 'message' && message.role === 'assistant', `${where}: type and role`);
  matches(message.id, /^msg_/, `${where}.id`);
  return { id: message.id, model: message.model };
}

export function read_plain(json) {
  const answer = empty(read_message_head(json, 'message'));
  take_blocks(list(json.content, 'content'), answer);
  return Object.assign(answer, { raw: json.content, stop: json.stop_reason,
    stop_sequence: json.stop_sequence, usage: read_usage(json.usage, 'usage') });
}

const deltas = { text: ['text_delta', 'citations_delta'],
  thinking: ['thinking_delta', 'signature_delta'], tool_use: ['input_json_delta'],
  redacted_thinking: [] };

class StreamReader {
  constructor() {
    this.blocks = [];
    this.open = undefined;
    this.partial = '';
  }

  take(event) {
    need(event.json, `frame is no JSON: ${event.data.slice(0, 200)}`);
    need(event.event === event.json.type, `event ${event.event} holds type ${event.json.type}`);
    need(!this.over, `${event.event} after the end`);
    if (event.event === 'ping') return;
    if (event.event === 'error') {
      this.error = read_error(event.json);
      this.over = true;
      return;
    }
    need(this.start || event.event === 'message_start', `${event.event} before message_start`);
    const handler = this[`on_${event.event}`];
    need(handler, `unknown event ${event.event}`);
    handler.call(this, event.json);
  }

  on_message_start({ message }) {
    need(!this.start, 'a second message_start');
    this.start = read_message_head(message, 'message_start');
    need(message.content.length === 0 && message.stop_reason === null, 'an empty message begins');
    this.first_usage = read_usage(message.usage, 'message_start.usage');
  }

  on_content_block_start({ index, content_block }) {
    need(this.open === undefined && !this.delta, 'a block begins inside another or too late');
    need(index === this.blocks.length, `block ${index} begins, ${this.blocks.length} was next`);
    const block = { ...content_block };
    if (block.type === 'thinking') block.signature ??= '';
    this.blocks.push(block);
    this.open = index;
    this.partial = '';
  }

  on_content_block_delta({ index, delta }) {
    need(index === this.open, `a delta for block ${index}, open is ${this.open}`);
    const block = this.blocks[index];
    one_of(delta.type, deltas[block.type], `delta of a ${block.type} block`);
    if (delta.type === 'text_delta') block.text += delta.text;
    if (delta.type === 'thinking_delta') block.thinking += delta.thinking;
    if (delta.type === 'signature_delta') block.signature += delta.signature;
    if (delta.type === 'input_json_delta') this.partial += delta.partial_json;
  }

  on_content_block_stop({ index }) {
    need(index === this.open, `block ${index} ends, open is ${this.open}`);
    const block = this.blocks[index];
    if (block.type === 'tool_use' && this.partial) block.input = JSON.parse(this.partial);
    need(block.type !== 'text' || block.text !== '', 'an empty text block');
    this.open = undefined;
  }

  on_message_delta({ delta, usage }) {
    need(this.open === undefined, 'message_delta while a block is open');
    need(!this.delta, 'a second message_delta');
    need(delta.stop_reason, 'message_delta has no stop_reason');
    this.delta = delta;
    this.usage = { ...this.first_usage };
    if (usage.input_tokens !== undefined) this.usage = read_usage(usage, 'message_delta.usage');
    this.usage.output = whole(usage.output_tokens, 'output_tokens');
  }

  on_message_stop() {
    need(this.delta, 'message_stop before message_delta');
    this.over = true;
  }
}

export function read_stream(events) {
  const reader = new StreamReader();
  for (const event of events) reader.take(event);
  need(reader.over, 'the stream ended without message_stop or error');
  const answer = empty({ ...reader.start, error: reader.error, first_usage: reader.first_usage });
  if (reader.error) {
    answer.text = reader.blocks.map((block) => block.text ?? '').join('');
    return answer;
  }
  take_blocks(reader.blocks, answer);
  return Object.assign(answer, { raw: reader.blocks, usage: reader.usage,
    stop: reader.delta.stop_reason, stop_sequence: reader.delta.stop_sequence });
}
