// Cohere's v2 chat: is this request one that it accepts, and what does it say?
import { calls_have_results, fields, list, matches, need, object_schema, one_of, text,
  whole } from '../strict.mjs';

const part_readers = {
  text: (part, where) => ({ text: text(part.text, where, { empty: false }) }),
  thinking: (part) => ({ thinking: part.thinking }),
  document: (part) => ({ text: part.document.data?.text ?? JSON.stringify(part.document.data) }),
  image_url: (part, where) => {
    const found = /^data:([\w/+.-]+);base64,(.*)$/s.exec(part.image_url.url);
    need(found, `${where}: a data URL`);
    return { image: found[2], type: found[1] };
  },
};

function read_content(content, where) {
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return content ? [{ text: content }] : [];
  return list(content, where, { least: 1 }).map((part, at) => {
    need(part_readers[part.type], `${where}[${at}]: unknown part ${part.type}`);
    return part_readers[part.type](part, `${where}[${at}]`);
  });
}

function read_message(message, where) {
  one_of(message.role, ['system', 'user', 'assistant', 'tool'], `${where}.role`);
  const allowed = { system: [], user: [], tool: ['tool_call_id'],
    assistant: ['tool_calls', 'tool_plan', 'citations'] }[message.role];
  fields(message, where, ['role'], ['content', ...allowed]);
  const parts = read_content(message.content, `${where}.content`);
  if (message.role === 'tool') {
    need(message.content !== undefined, `${where}: content is missing`);
    return { role: 'user', tool: true, parts: [{ result: { id: message.tool_call_id, parts } }] };
  }
  if (message.tool_plan) parts.unshift({ text: message.tool_plan });
  for (const call of message.tool_calls ?? []) {
    fields(call, `${where}.tool_calls`, ['id', 'type', 'function']);
    matches(call.function.name, /^[a-zA-Z0-9_-]+$/, `${where}.name`);
    parts.push({ call: { id: call.id, name: call.function.name,
      input: JSON.parse(call.function.arguments) } });
  }
  need(message.role !== 'user' || parts.length > 0, `${where}: no content`);
  return { role: message.role, parts };
}

function turns_of(messages) {
  const turns = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (last?.tool && message.role === 'user') last.parts.push(...message.parts);
    else turns.push({ ...message, parts: [...message.parts] });
    if (last?.tool && !message.tool) last.tool = false;
  }
  return turns;
}

const optional = ['stream', 'max_tokens', 'tools', 'tool_choice', 'stop_sequences', 'temperature',
  'p', 'k', 'seed', 'frequency_penalty', 'presence_penalty', 'response_format', 'strict_tools',
  'thinking', 'safety_mode', 'documents', 'citation_options', 'logprobs'];

export function read_request(exchange) {
  const body = exchange.json;
  fields(body, 'body', ['model', 'messages'], optional);
  const turns = turns_of(list(body.messages, 'messages', { least: 1 })
    .map((message, at) => read_message(message, `messages[${at}]`)));
  calls_have_results(turns.filter((turn) => turn.role !== 'system'));
  for (const [at, tool] of (body.tools ?? []).entries()) {
    fields(tool, `tools[${at}]`, ['type', 'function']);
    fields(tool.function, `tools[${at}].function`, ['name', 'parameters'], ['description']);
    object_schema(tool.function.parameters, `tools[${at}].parameters`);
  }
  if (body.tool_choice) one_of(body.tool_choice, ['REQUIRED', 'NONE'], 'tool_choice');
  need(body.tools || !body.tool_choice, 'tool_choice without tools');
  if (body.max_tokens !== undefined) whole(body.max_tokens, 'max_tokens', 1);
  const format = body.response_format;
  if (format) fields(format, 'response_format', ['type'], ['json_schema', 'schema']);
  const tools = body.tools?.map((tool) => ({ name: tool.function.name,
    description: tool.function.description, schema: tool.function.parameters }));
  const choice = { REQUIRED: 'any', NONE: 'none' }[body.tool_choice];
  return { model: body.model, stream: body.stream === true, turns,
    system: turns.filter((turn) => turn.role === 'system')
      .flatMap((turn) => turn.parts.map((part) => part.text)),
    tools, choice: choice === 'any' && tools.length === 1 ? tools[0].name : choice,
    stop: body.stop_sequences, limit: body.max_tokens,
    schema: format?.json_schema ?? format?.schema,
    thinking: body.thinking !== undefined && body.thinking.type !== 'disabled' };
}
