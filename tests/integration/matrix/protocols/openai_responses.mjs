// A provider of OpenAI Responses: is this request one that it accepts, and what does it say?
import { base64, calls_have_results, fields, list, matches, need, object_schema, one_of, text,
  whole } from '../strict.mjs';

const data_url = (url, where) => {
  const found = /^data:([\w/+.-]+);base64,(.*)$/s.exec(url);
  need(found, `${where}: a data URL is expected, not ${String(url).slice(0, 80)}`);
  return { type: found[1], data: base64(found[2], where) };
};

const part_readers = {
  input_text: (part, where) => ({ text: text(part.text, where, { empty: false }) }),
  output_text: (part, where) => ({ text: text(part.text, where, { empty: false }) }),
  refusal: (part, where) => ({ text: text(part.refusal, where) }),
  input_image: (part, where) => {
    fields(part, where, ['type', 'image_url'], ['detail']);
    const { type, data } = data_url(part.image_url, where);
    return { image: data, type };
  },
  input_file: (part, where) => {
    fields(part, where, ['type', 'filename', 'file_data'], ['detail']);
    const { type, data } = data_url(part.file_data, where);
    return { document: data, type, title: part.filename };
  },
};

const read_parts = (content, where) => (typeof content === 'string' ? [{ text: content }]
  : list(content, where).map((part, at) => {
    need(part_readers[part.type], `${where}[${at}]: unknown part ${part.type}`);
    return part_readers[part.type](part, `${where}[${at}]`);
  }));

const item_readers = {
  message: (item, where) => {
    fields(item, where, ['role', 'content'], ['type', 'id', 'status', 'phase']);
    one_of(item.role, ['user', 'assistant', 'system', 'developer'], `${where}.role`);
    const kinds = list(typeof item.content === 'string' ? [] : item.content, where)
      .map((part) => part.type.split('_')[0]);
    const wrong = item.role === 'assistant' ? 'input' : 'output';
    need(!kinds.includes(wrong), `${where}: a part of ${wrong} in a message of ${item.role}`);
    return { role: item.role, parts: read_parts(item.content, `${where}.content`) };
  },
  function_call: (item, where) => {
    fields(item, where, ['type', 'call_id', 'name', 'arguments'], ['id', 'status']);
    matches(item.name, /^[a-zA-Z0-9_-]{1,128}$/, `${where}.name`);
    text(item.call_id, `${where}.call_id`, { empty: false });
    need(item.id === undefined || item.id.startsWith('fc'), `${where}.id begins with fc`);
    return { role: 'assistant', parts: [{ call: { id: item.call_id, name: item.name,
      input: JSON.parse(item.arguments) } }] };
  },
  function_call_output: (item, where) => {
    fields(item, where, ['type', 'call_id', 'output'], ['id', 'status']);
    return { role: 'user', parts: [{ result: { id: item.call_id,
      parts: read_parts(item.output, `${where}.output`) } }] };
  },
  reasoning: (item, where) => {
    fields(item, where, ['type', 'id', 'summary'], ['encrypted_content', 'content', 'status']);
    need(item.id.startsWith('rs'), `${where}.id begins with rs`);
    return { role: 'assistant', parts: [{ thinking: item.summary.map((one) => one.text).join(''),
      signature: item.encrypted_content }] };
  },
};

function turns_of(items) {
  const turns = [];
  for (const item of items) {
    if (turns.at(-1)?.role === item.role) turns.at(-1).parts.push(...item.parts);
    else turns.push({ role: item.role, parts: [...item.parts] });
  }
  return turns;
}

function read_tools(tools) {
  return tools?.map((tool, at) => {
    fields(tool, `tools[${at}]`, ['type', 'name', 'parameters'], ['description', 'strict']);
    need(tool.type === 'function', `tools[${at}].type`);
    matches(tool.name, /^[a-zA-Z0-9_-]{1,128}$/, `tools[${at}].name`);
    object_schema(tool.parameters, `tools[${at}].parameters`);
    return { name: tool.name, description: tool.description, schema: tool.parameters };
  });
}

const optional = ['instructions', 'stream', 'max_output_tokens', 'tools', 'tool_choice',
  'parallel_tool_calls', 'text', 'reasoning', 'include', 'store', 'temperature', 'top_p',
  'safety_identifier', 'prompt_cache_key', 'service_tier', 'metadata', 'truncation'];

const words = { required: 'any', auto: 'auto', none: 'none' };

export function read_request(exchange) {
  const body = exchange.json;
  fields(body, 'body', ['model', 'input'], optional);
  const items = typeof body.input === 'string' ? [{ role: 'user', parts: [{ text: body.input }] }]
    : list(body.input, 'input', { least: 1 }).map((item, at) => {
      const read = item_readers[item.type ?? 'message'];
      need(read, `input[${at}]: unknown item ${item.type}`);
      return read(item, `input[${at}]`);
    });
  const turns = turns_of(items);
  calls_have_results(turns_of(items.filter((item) => !['system', 'developer']
    .includes(item.role))));
  need(body.tools === undefined || body.tools.length > 0, 'an empty tools');
  need(body.tools || !body.tool_choice, 'tool_choice without tools');
  if (body.max_output_tokens !== undefined) whole(body.max_output_tokens, 'limit', 16);
  const format = body.text?.format;
  if (format?.type === 'json_schema') {
    fields(format, 'text.format', ['type', 'name', 'schema'], ['strict', 'description']);
  }
  const choice = body.tool_choice;
  return { model: body.model, stream: body.stream === true, turns,
    system: [...(body.instructions ? [body.instructions] : []), ...turns
      .filter((turn) => ['system', 'developer'].includes(turn.role))
      .flatMap((turn) => turn.parts.map((part) => part.text))],
    tools: read_tools(body.tools), choice: choice?.name ?? words[choice] ?? choice,
    serial: body.parallel_tool_calls === false, stop: undefined, limit: body.max_output_tokens,
    schema: format?.schema, effort: body.reasoning?.effort,
    thinking: body.reasoning !== undefined };
}
