// A client of OpenAI Chat Completions: writes requests, reads answers strictly.
import { fields, list, need, one_of, same, text, unique, whole } from '../strict.mjs';

export const id = 'openai_chat';
export const title = 'OpenAI Chat Completions';
export const path = '/v1/chat/completions';
export const headers = {};

export const stops = { end: 'stop', limit: 'length', calls: 'tool_calls', sequence: 'stop',
  refusal: 'content_filter' };

export const knows = { mid_system: true, tool_errors: false, tool_images: false,
  stop_sequence: false, signatures: false, cache_write: false };

const writers = {
  text: (part) => ({ type: 'text', text: part.text }),
  image: (part) => ({ type: 'image_url',
    image_url: { url: `data:${part.type};base64,${part.image}` } }),
  document: (part) => ({ type: 'file', file: { filename: part.title,
    file_data: `data:${part.type};base64,${part.document}` } }),
};

const write_part = (part) => writers[Object.keys(writers).find((name) => name in part)](part);

function write_entry(entry) {
  if (entry.role === 'answer') return [entry.answer.raw];
  if (entry.role === 'system') return [{ role: 'system', content: entry.text }];
  if (entry.role === 'results') {
    return [...entry.results.map((result) => ({ role: 'tool', tool_call_id: result.id,
      content: result.parts.map((part) => part.text).join('\n') })),
    ...(entry.parts ? [{ role: 'user', content: entry.parts.map(write_part) }] : [])];
  }
  if (entry.role === 'assistant') {
    return [{ role: 'assistant', content: entry.parts.map((part) => part.text).join('') }];
  }
  return [{ role: 'user', content: entry.parts.map(write_part) }];
}

const choices = { auto: 'auto', any: 'required', none: 'none' };

export function write_request(talk) {
  const body = { model: talk.model, max_completion_tokens: talk.limit ?? 1000,
    messages: [...(talk.system ?? []).map((one) => ({ role: 'system', content: one })),
      ...talk.history.flatMap(write_entry)] };
  if (talk.tools) {
    body.tools = talk.tools.map((tool) => ({ type: 'function', function: { name: tool.name,
      description: tool.description, parameters: tool.schema } }));
  }
  if (talk.choice) {
    body.tool_choice = choices[talk.choice] ?? { type: 'function',
      function: { name: talk.choice } };
  }
  if (talk.serial) body.parallel_tool_calls = false;
  if (talk.stop) body.stop = talk.stop;
  if (talk.schema) {
    body.response_format = { type: 'json_schema', json_schema: { name: 'answer', strict: true,
      schema: talk.schema } };
  }
  if (talk.thinking) Object.assign(body, { max_completion_tokens: 8000,
    reasoning_effort: talk.thinking === 'adaptive' ? 'high' : 'medium' });
  if (talk.stream) Object.assign(body, { stream: true, stream_options: { include_usage: true } });
  return body;
}

function read_usage(usage) {
  fields(usage, 'usage', ['prompt_tokens', 'completion_tokens', 'total_tokens'],
    ['prompt_tokens_details', 'completion_tokens_details', 'cost', 'is_byok', 'cost_details',
      'prompt_cache_hit_tokens', 'prompt_cache_miss_tokens']);
  whole(usage.prompt_tokens, 'prompt_tokens');
  whole(usage.completion_tokens, 'completion_tokens');
  same(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens, 'total_tokens');
  return { prompt: usage.prompt_tokens, output: usage.completion_tokens,
    cache_read: usage.prompt_tokens_details?.cached_tokens ?? 0,
    cache_write: usage.prompt_tokens_details?.cache_write_tokens ?? 0 };
}

export function read_error(json) {
  fields(json, 'error body', ['error'], ['user_id']);
  // OpenRouter, whose refusals are passed on as they are, says no type.
  fields(json.error, 'error', ['message'], ['type', 'param', 'code', 'metadata', 'innererror',
    'status']);
  text(json.error.message, 'error.message', { empty: false });
  return { type: json.error.type, message: json.error.message, code: json.error.code };
}

const top = ['id', 'object', 'created', 'model', 'choices'];
const more = ['usage', 'system_fingerprint', 'service_tier', 'provider', 'prompt_filter_results',
  'x_groq', 'obfuscation', 'moderation', 'metadata'];
const reasons = Object.values(stops).concat('function_call');

function read_call(call, where) {
  fields(call, where, ['id', 'type', 'function'], ['extra_content', 'index']);
  text(call.id, `${where}.id`, { empty: false });
  need(call.type === 'function', `${where}.type`);
  return { id: call.id, name: text(call.function.name, `${where}.name`, { empty: false }),
    input: JSON.parse(call.function.arguments) };
}

function finish(message, choice, answer) {
  fields(message, 'message', ['role', 'content'], ['refusal', 'tool_calls', 'reasoning_content',
    'reasoning', 'reasoning_details', 'annotations', 'audio', 'function_call', 'extra_content']);
  need(message.role === 'assistant', 'message.role');
  const thought = message.reasoning_content ?? message.reasoning;
  const calls = (message.tool_calls ?? []).map((call, at) => read_call(call, `tool_calls[${at}]`));
  unique(calls.map((call) => call.id), 'ids of calls');
  need(!('tool_calls' in message) || calls.length > 0, 'an empty tool_calls');
  one_of(choice.finish_reason, reasons, 'finish_reason');
  return Object.assign(answer, { raw: message, text: message.content ?? '',
    refusal: message.refusal ?? undefined, thinking: thought ? [{ text: thought }] : [], calls,
    stop: choice.finish_reason });
}

export function read_plain(json) {
  fields(json, 'completion', [...top, 'usage'], more);
  need(json.object === 'chat.completion', `object is ${json.object}`);
  whole(json.created, 'created');
  text(json.id, 'id', { empty: false });
  same(list(json.choices, 'choices').length, 1, 'choices');
  const [choice] = json.choices;
  fields(choice, 'choices[0]', ['index', 'message', 'finish_reason'], ['logprobs',
    'content_filter_results', 'native_finish_reason', 'content_filter_result']);
  return finish(choice.message, choice, { id: json.id, model: json.model, order: [],
    usage: read_usage(json.usage) });
}

class StreamReader {
  constructor() {
    this.message = { role: undefined, content: null };
    this.calls = [];
    this.chunks = 0;
  }

  take(event) {
    need(!this.done, 'something follows [DONE]');
    if (event.data === '[DONE]') {
      this.done = true;
      return;
    }
    const chunk = event.json;
    need(chunk, `frame is no JSON: ${event.data.slice(0, 200)}`);
    if (chunk.error && !this.error) {
      this.error = { message: text(chunk.error.message, 'error.message', { empty: false }),
        type: chunk.error.type, code: chunk.error.code };
      return;
    }
    need(!this.error, 'a chunk follows the error');
    this.take_chunk(chunk);
  }

  take_chunk(chunk) {
    fields(chunk, 'chunk', top, more);
    // Azure begins with a chunk that has nothing but what its filter found in the prompt.
    if (chunk.prompt_filter_results && chunk.choices.length === 0 && !chunk.object) return;
    need(chunk.object === 'chat.completion.chunk', `object is ${chunk.object}`);
    this.id ??= chunk.id;
    this.model ??= chunk.model;
    if (chunk.choices.length > 0) same(chunk.id, this.id, 'one id for all chunks');
    need(!this.usage, 'a chunk follows the usage');
    if (chunk.usage) this.usage = read_usage(chunk.usage);
    for (const choice of chunk.choices) this.take_choice(choice);
  }

  take_choice(choice) {
    fields(choice, 'choice', ['index', 'delta', 'finish_reason'], ['logprobs',
      'content_filter_results', 'content_filter_offsets', 'native_finish_reason']);
    same(choice.index, 0, 'choice index');
    const { role, content, refusal, tool_calls: calls, ...rest } = choice.delta;
    const said = content || refusal || calls || rest.reasoning_content || rest.reasoning;
    need(!said || !this.finish_reason, 'content follows finish_reason');
    if (role) this.message.role ??= role;
    if (typeof content === 'string') this.message.content = (this.message.content ?? '') + content;
    for (const [name, value] of Object.entries({ refusal, ...rest })) {
      if (typeof value === 'string') this.message[name] = (this.message[name] ?? '') + value;
      else if (value) this.message[name] = value;
    }
    for (const call of calls ?? []) this.take_call(call);
    if (choice.finish_reason) {
      need(!this.finish_reason, 'a second finish_reason');
      this.finish_reason = choice.finish_reason;
    }
  }

  take_call(call) {
    whole(call.index, 'tool_calls index');
    const known = this.calls[call.index];
    if (!known) {
      same(call.index, this.calls.length, 'calls are numbered in order');
      text(call.function?.name, 'the first fragment names the function', { empty: false });
      this.calls.push({ id: call.id, type: call.type, function: { name: call.function.name,
        arguments: call.function.arguments ?? '' },
      ...(call.extra_content ? { extra_content: call.extra_content } : {}) });
    } else {
      need(!call.function?.name, 'a later fragment names the function again');
      known.function.arguments += call.function?.arguments ?? '';
      if (call.extra_content) known.extra_content = call.extra_content;
    }
  }
}

export function read_stream(events) {
  const reader = new StreamReader();
  for (const event of events) reader.take(event);
  const answer = { id: reader.id, model: reader.model, order: [], thinking: [], calls: [],
    error: reader.error, text: reader.message.content ?? '' };
  if (reader.error) return answer;
  need(reader.done, 'the stream ended without [DONE]');
  need(reader.finish_reason, 'no finish_reason');
  need(reader.usage, 'usage was asked for and did not come');
  if (reader.calls.length > 0) reader.message.tool_calls = reader.calls;
  return finish(reader.message, { finish_reason: reader.finish_reason },
    Object.assign(answer, { usage: reader.usage }));
}
