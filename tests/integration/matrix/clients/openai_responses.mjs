// A client of OpenAI Responses: writes requests, reads answers strictly.
import { fields, list, need, one_of, same, text, unique, whole } from '../strict.mjs';

export const id = 'openai_responses';
export const title = 'OpenAI Responses';
export const path = '/v1/responses';
export const headers = {};

// status and incomplete_details.reason, as read_response() joins them.
export const stops = { end: 'completed', limit: 'incomplete: max_output_tokens',
  calls: 'completed', sequence: 'completed', refusal: 'incomplete: content_filter' };

// The protocol has no stop sequences at all.
export const knows = { mid_system: true, tool_errors: false, tool_images: true, stop: false,
  stop_sequence: false, signatures: true, cache_write: false };

const writers = {
  text: (part) => ({ type: 'input_text', text: part.text }),
  image: (part) => ({ type: 'input_image', detail: 'auto',
    image_url: `data:${part.type};base64,${part.image}` }),
  document: (part) => ({ type: 'input_file', filename: part.title,
    file_data: `data:${part.type};base64,${part.document}` }),
};

const write_part = (part) => writers[Object.keys(writers).find((name) => name in part)](part);

function write_entry(entry) {
  if (entry.role === 'answer') return entry.answer.raw;
  if (entry.role === 'system') {
    return [{ type: 'message', role: 'developer',
      content: [{ type: 'input_text', text: entry.text }] }];
  }
  if (entry.role === 'results') {
    return [...entry.results.map((result) => ({ type: 'function_call_output', call_id: result.id,
      output: result.parts.every((part) => 'text' in part)
        ? result.parts.map((part) => part.text).join('\n') : result.parts.map(write_part) })),
    ...(entry.parts ? [{ type: 'message', role: 'user',
      content: entry.parts.map(write_part) }] : [])];
  }
  if (entry.role === 'assistant') {
    return [{ type: 'message', role: 'assistant', content: entry.parts.map((part) =>
      ({ type: 'output_text', text: part.text })) }];
  }
  return [{ type: 'message', role: 'user', content: entry.parts.map(write_part) }];
}

const choices = { auto: 'auto', any: 'required', none: 'none' };

export function write_request(talk) {
  const body = { model: talk.model, max_output_tokens: talk.limit ?? 1000, store: false,
    input: talk.history.flatMap(write_entry) };
  if (talk.system) body.instructions = talk.system.join('\n\n');
  if (talk.tools) {
    body.tools = talk.tools.map((tool) => ({ type: 'function', name: tool.name,
      description: tool.description, parameters: tool.schema, strict: false }));
  }
  if (talk.choice) {
    body.tool_choice = choices[talk.choice] ?? { type: 'function', name: talk.choice };
  }
  if (talk.serial) body.parallel_tool_calls = false;
  if (talk.schema) {
    body.text = { format: { type: 'json_schema', name: 'answer', strict: true,
      schema: talk.schema } };
  }
  if (talk.thinking) {
    Object.assign(body, { max_output_tokens: 8000,
      reasoning: { effort: talk.thinking === 'adaptive' ? 'high' : 'medium', summary: 'auto' },
      include: ['reasoning.encrypted_content'] });
  }
  if (talk.stream) body.stream = true;
  return body;
}

const details = ['input_tokens_details', 'output_tokens_details'];

function read_usage(usage, relayed) {
  fields(usage, 'usage', ['input_tokens', 'output_tokens', 'total_tokens',
    ...(relayed ? [] : details)], details);
  same(usage.total_tokens, whole(usage.input_tokens, 'input_tokens')
    + whole(usage.output_tokens, 'output_tokens'), 'total_tokens');
  if (!relayed) whole(usage.output_tokens_details.reasoning_tokens, 'reasoning_tokens');
  const input = usage.input_tokens_details ?? { cached_tokens: 0 };
  return { prompt: usage.input_tokens, output: usage.output_tokens,
    cache_read: whole(input.cached_tokens, 'cached_tokens'),
    cache_write: input.cache_write_tokens ?? 0 };
}

export function read_error(json) {
  fields(json, 'error body', ['error']);
  fields(json.error, 'error', ['message', 'type'], ['param', 'code', 'innererror', 'status',
    'metadata']);
  text(json.error.message, 'error.message', { empty: false });
  return { type: json.error.type, message: json.error.message, code: json.error.code };
}

function read_item(item, where, answer) {
  one_of(item.type, ['message', 'reasoning', 'function_call'], `${where}.type`);
  text(item.id, `${where}.id`, { empty: false });
  answer.order.push(item.type);
  if (item.type === 'message') {
    fields(item, where, ['type', 'id', 'role', 'content', 'status'], ['phase']);
    same(item.role, 'assistant', `${where}.role`);
    for (const part of item.content) {
      one_of(part.type, ['output_text', 'refusal'], `${where}.content`);
      if (part.type === 'refusal') answer.refusal = (answer.refusal ?? '') + part.refusal;
      else answer.text += text(part.text, where);
      if (part.type === 'output_text') list(part.annotations, `${where}.annotations`);
    }
  } else if (item.type === 'reasoning') {
    fields(item, where, ['type', 'id', 'summary'], ['content', 'encrypted_content', 'status']);
    answer.thinking.push({ signature: item.encrypted_content,
      text: [...item.summary, ...(item.content ?? [])].map((part) => part.text).join('') });
  } else {
    fields(item, where, ['type', 'id', 'call_id', 'name', 'arguments', 'status'], ['namespace']);
    answer.calls.push({ id: text(item.call_id, where, { empty: false }), name: item.name,
      input: JSON.parse(item.arguments) });
  }
}

const statuses = ['completed', 'incomplete', 'failed'];

const always = ['id', 'object', 'status', 'model', 'output'];
const ours = [...always, 'created_at', 'usage', 'error', 'incomplete_details', 'instructions',
  'metadata', 'parallel_tool_calls', 'temperature', 'tool_choice', 'tools', 'top_p'];

function read_response(response, where, relayed) {
  for (const key of relayed ? always : ours) {
    need(key in response, `${where}: ${key} is missing`);
  }
  same(response.object, 'response', `${where}.object`);
  if (!relayed) whole(response.created_at, `${where}.created_at`);
  one_of(response.status, statuses, `${where}.status`);
  const answer = { id: response.id, model: response.model, text: '', thinking: [], calls: [],
    order: [], raw: response.output, stop: response.status };
  response.output.forEach((item, at) => read_item(item, `output[${at}]`, answer));
  unique(response.output.map((item) => item.id), 'ids of items');
  unique(answer.calls.map((call) => call.id), 'ids of calls');
  if (response.status === 'incomplete') {
    answer.stop += `: ${text(response.incomplete_details?.reason, 'incomplete_details')}`;
  }
  if (response.status === 'failed') answer.error = response.error;
  else answer.usage = read_usage(response.usage, relayed);
  return answer;
}

export const read_plain = (json, { relayed } = {}) => read_response(json, 'response', relayed);

/** Deltas are told again whole by the event that ends them, and by the item's last event. */
class StreamReader {
  constructor(relayed) {
    this.relayed = relayed;
    this.items = [];
    this.number = 0;
    this.parts = new Map();
  }

  take(event) {
    if (event.data === '[DONE]') return;
    const value = event.json;
    need(value, `frame is no JSON: ${event.data.slice(0, 200)}`);
    // An error is followed by the failed response, as at OpenAI.
    need(!this.over || (this.error && !this.failed && value.type === 'response.failed'),
      `${value.type} after the end`);
    need(event.event === value.type, `event ${event.event} holds type ${value.type}`);
    if (!this.relayed || value.sequence_number !== undefined) {
      same(value.sequence_number, this.number, 'sequence_number');
    }
    this.number += 1;
    if (value.type === 'error') {
      this.error = { message: text(value.message, 'error.message', { empty: false }),
        code: value.code };
      this.over = true;
      return;
    }
    need(value.type.startsWith('response.'), `unknown event ${value.type}`);
    const name = value.type.slice('response.'.length).replaceAll('.', '_');
    need(this[`on_${name}`], `unknown event ${value.type}`);
    need(this.number === 1 || this.created, `${value.type} before response.created`);
    this[`on_${name}`](value);
  }

  on_created({ response }) {
    same(response.status, 'in_progress', 'response.created status');
    same(response.output, [], 'response.created output');
    this.created = response;
  }

  on_in_progress({ response }) { same(response.id, this.created.id, 'one id'); }

  on_output_item_added({ output_index: at, item }) {
    same(at, this.items.length, 'items are numbered in order');
    need(item.id, 'a new item has an id');
    this.items.push({ item, done: undefined });
  }

  item(value) {
    const found = this.items[value.output_index];
    need(found && !found.done, `${value.type} for item ${value.output_index}, which is not open`);
    if (value.item_id !== undefined) same(value.item_id, found.item.id, 'item_id');
    return found;
  }

  add(value, kind) {
    this.item(value);
    const key = `${kind} ${value.output_index} ${value.content_index ?? value.summary_index ?? ''}`;
    if ('delta' in value) this.parts.set(key, (this.parts.get(key) ?? '') + value.delta);
    return this.parts.get(key) ?? '';
  }

  begin(value) { this.item(value); }

  finish(value, kind, field) {
    same(value[field], this.add(value, kind), `${value.type} is whole`);
  }

  on_content_part_added(value) { this.begin(value); }
  on_content_part_done(value) { this.item(value); }
  on_output_text_delta(value) { this.add(value, 'text'); }
  on_output_text_done(value) { this.finish(value, 'text', 'text'); }
  on_output_text_annotation_added(value) { this.item(value); }
  on_refusal_delta(value) { this.add(value, 'refusal'); }
  on_refusal_done(value) { this.finish(value, 'refusal', 'refusal'); }
  on_reasoning_summary_part_added(value) { this.begin(value); }
  on_reasoning_summary_part_done(value) { this.item(value); }
  on_reasoning_summary_text_delta(value) { this.add(value, 'summary'); }
  on_reasoning_summary_text_done(value) { this.finish(value, 'summary', 'text'); }
  on_reasoning_text_delta(value) { this.add(value, 'reasoning'); }
  on_reasoning_text_done(value) { this.finish(value, 'reasoning', 'text'); }
  on_function_call_arguments_delta(value) { this.add(value, 'arguments'); }
  on_function_call_arguments_done(value) { this.finish(value, 'arguments', 'arguments'); }

  on_output_item_done(value) {
    const found = this.item({ ...value, item_id: value.item.id });
    found.done = value.item;
    if (value.item.type === 'function_call') {
      const key = `arguments ${value.output_index} `;
      same(value.item.arguments, this.parts.get(key) ?? '', 'the item has the arguments whole');
    }
  }

  end(value) {
    if (this.error && this.relayed) {
      // Made by the gateway when the provider's own stream broke off.
      same([value.type, value.response.status], ['response.failed', 'failed'], 'the last event');
      this.failed = true;
      return;
    }
    this.answer = read_response(value.response, value.type, this.relayed);
    same(value.type, `response.${value.response.status}`, 'the last event names the status');
    same(value.response.id, this.created.id, 'one id');
    this.over = true;
    this.failed = value.response.status === 'failed';
    if (this.failed) return;
    need(this.items.every((one) => one.done), 'all items are done');
    same(value.response.output, this.items.map((one) => one.done), 'the output is what was sent');
  }

  on_completed(value) { this.end(value); }
  on_incomplete(value) { this.end(value); }
  on_failed(value) { this.end(value); }
}

export function read_stream(events, { relayed } = {}) {
  const reader = new StreamReader(relayed);
  for (const event of events) reader.take(event);
  need(reader.over, 'the stream ended without a last event');
  const said = [...reader.parts].filter(([key]) => key.startsWith('text'))
    .map(([, part]) => part).join('');
  return reader.answer?.error === undefined && !reader.error ? reader.answer
    : { error: reader.error ?? reader.answer.error, text: said, thinking: [], calls: [],
      order: [] };
}
