// A provider of OpenAI Chat Completions: is this request one that it accepts, what does it say?
import { base64, calls_have_results, fields, list, matches, need, object_schema, one_of, text,
  whole } from '../strict.mjs';

const data_url = (url, where) => {
  const found = /^data:([\w/+.-]+);base64,(.*)$/s.exec(url);
  need(found, `${where}: a data URL is expected, not ${String(url).slice(0, 80)}`);
  base64(found[2], where);
  return { type: found[1], data: found[2] };
};

const part_readers = {
  text: (part, where) => ({ text: text(part.text, where, { empty: false }) }),
  image_url: (part, where) => {
    fields(part.image_url, where, ['url'], ['detail']);
    const { type, data } = data_url(part.image_url.url, where);
    return { image: data, type };
  },
  file: (part, where) => {
    fields(part.file, where, [], ['filename', 'file_data', 'file_id']);
    text(part.file.filename, `${where}.filename`, { empty: false });
    const { type, data } = data_url(part.file.file_data, where);
    return { document: data, type, title: part.file.filename };
  },
};

function read_content(content, where) {
  if (content === null || content === undefined || content === '') return [];
  if (typeof content === 'string') return [{ text: content }];
  return list(content, where, { least: 1 }).map((part, at) => {
    fields(part, `${where}[${at}]`, ['type', part.type], ['cache_control']);
    need(part_readers[part.type], `${where}[${at}]: unknown part ${part.type}`);
    return part_readers[part.type](part, `${where}[${at}]`);
  });
}

const role_fields = { system: ['content'], developer: ['content'], user: ['content'],
  assistant: [], tool: ['content', 'tool_call_id'] };
const assistant_fields = ['content', 'tool_calls', 'refusal', 'reasoning_content', 'reasoning',
  'reasoning_details', 'annotations', 'audio', 'function_call'];

function read_message(message, where) {
  one_of(message.role, Object.keys(role_fields), `${where}.role`);
  fields(message, where, ['role', ...role_fields[message.role]],
    message.role === 'assistant' ? assistant_fields : ['name']);
  if (message.role === 'tool') {
    // Strings are what every server of this protocol takes.
    return { role: 'user', tool: true, parts: [{ result: { id: message.tool_call_id,
      parts: [{ text: text(message.content, `${where}.content`) }] } }] };
  }
  const parts = read_content(message.content, `${where}.content`);
  if (message.role !== 'assistant') return { role: message.role, parts };
  const thought = message.reasoning_content ?? message.reasoning;
  const details = message.reasoning_details ?? [];
  if (details.length > 0) {
    parts.unshift({ thinking: details.map((one) => one.text ?? '').join(''),
      signature: details.find((one) => one.signature)?.signature });
  } else if (thought) parts.unshift({ thinking: thought });
  for (const [at, call] of (message.tool_calls ?? []).entries()) {
    fields(call, `${where}.tool_calls[${at}]`, ['id', 'type', 'function'], ['index']);
    fields(call.function, `${where}.function`, ['name', 'arguments']);
    matches(call.function.name, /^[a-zA-Z0-9_-]{1,64}$/, `${where}.name`);
    parts.push({ call: { id: call.id, name: call.function.name,
      input: JSON.parse(call.function.arguments) } });
  }
  need(parts.length > 0, `${where}: an assistant message without content or calls`);
  return { role: 'assistant', parts };
}

/** Tool messages follow their assistant message at once; they make one turn with what follows. */
function turns_of(messages) {
  const turns = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (last?.tool && message.role === 'user') last.parts.push(...message.parts);
    else turns.push({ ...message, parts: [...message.parts] });
    if (!message.tool && last?.tool && message.role === 'user') last.tool = false;
  }
  return turns;
}

function read_tools(tools) {
  return tools?.map((tool, at) => {
    fields(tool, `tools[${at}]`, ['type', 'function']);
    need(tool.type === 'function', `tools[${at}].type`);
    fields(tool.function, `tools[${at}].function`, ['name', 'parameters'],
      ['description', 'strict']);
    matches(tool.function.name, /^[a-zA-Z0-9_-]{1,64}$/, `tools[${at}].name`);
    object_schema(tool.function.parameters, `tools[${at}].parameters`);
    return { name: tool.function.name, description: tool.function.description,
      schema: tool.function.parameters };
  });
}

const optional = ['stream', 'stream_options', 'max_tokens', 'max_completion_tokens', 'tools',
  'tool_choice', 'parallel_tool_calls', 'stop', 'response_format', 'temperature', 'top_p',
  'reasoning_effort', 'safety_identifier', 'prompt_cache_key', 'service_tier', 'store'];

const words = { required: 'any', auto: 'auto', none: 'none' };

export function read_request(exchange, { extra = [], usage_option = true } = {}) {
  const body = exchange.json;
  fields(body, 'body', ['model', 'messages'], [...optional, ...extra]);
  const messages = list(body.messages, 'messages', { least: 1 })
    .map((message, at) => read_message(message, `messages[${at}]`));
  const turns = turns_of(messages);
  calls_have_results(turns.filter((turn) => !['system', 'developer'].includes(turn.role)));
  messages.forEach((message, at) => need(!message.tool || messages[at - 1].tool
    || messages[at - 1].role === 'assistant', `messages[${at}]: tool after ${
    messages[at - 1]?.role}`));
  need(!('max_tokens' in body && 'max_completion_tokens' in body), 'one output limit');
  need(body.tools === undefined || body.tools.length > 0, 'an empty tools');
  need(body.tools || !body.tool_choice, 'tool_choice without tools');
  need(body.tools || !('parallel_tool_calls' in body), 'parallel_tool_calls without tools');
  if (body.stream && usage_option) {
    need(body.stream_options?.include_usage === true, 'usage is asked for');
  }
  need(body.stream || !body.stream_options, 'stream_options without stream');
  const format = body.response_format;
  if (format?.type === 'json_schema') {
    fields(format.json_schema, 'json_schema', ['name', 'schema'], ['strict', 'description']);
    matches(format.json_schema.name, /^[a-zA-Z0-9_-]{1,64}$/, 'json_schema.name');
  }
  const limit = body.max_completion_tokens ?? body.max_tokens;
  if (limit !== undefined) whole(limit, 'output limit', 1);
  return { model: body.model, stream: body.stream === true, turns,
    system: turns.filter((turn) => ['system', 'developer'].includes(turn.role))
      .flatMap((turn) => turn.parts.map((part) => part.text)),
    tools: read_tools(body.tools),
    choice: body.tool_choice?.function?.name ?? words[body.tool_choice] ?? body.tool_choice,
    serial: body.parallel_tool_calls === false,
    stop: typeof body.stop === 'string' ? [body.stop] : body.stop, limit,
    schema: format?.json_schema?.schema, format: format?.type,
    effort: body.reasoning_effort ?? body.reasoning?.effort,
    thinking: Boolean(body.reasoning_effort || body.thinking?.type === 'enabled'
      || body.reasoning?.effort || body.reasoning?.max_tokens) };
}
