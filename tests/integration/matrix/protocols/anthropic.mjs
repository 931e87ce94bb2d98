// A provider of Anthropic Messages: is this request one that it accepts, and what does it say?
// Also Claude on Vertex and in Bedrock's InvokeModel, where model and stream are in the path.
import { alternate, base64, calls_have_results, fields, list, loop_begins_with_thinking, matches,
  need, object_schema, one_of, text, whole } from '../strict.mjs';

const marks = ['cache_control'];

const read_source = (source, where) => {
  one_of(source.type, ['base64', 'url', 'text'], `${where}.source.type`);
  if (source.type === 'url') return fields(source, where, ['type', 'url']);
  fields(source, where, ['type', 'media_type', 'data']);
  if (source.type === 'base64') base64(source.data, `${where}.data`);
  return source;
};

const readers = {
  text: (block, where) => {
    fields(block, where, ['type', 'text'], [...marks, 'citations']);
    return { text: text(block.text, where, { empty: false }) };
  },
  image: (block, where) => {
    fields(block, where, ['type', 'source'], marks);
    const source = read_source(block.source, where);
    return { image: source.data ?? source.url, type: source.media_type };
  },
  document: (block, where) => {
    fields(block, where, ['type', 'source'], [...marks, 'title', 'context', 'citations']);
    const source = read_source(block.source, where);
    return { document: source.data, type: source.media_type, title: block.title };
  },
  tool_use: (block, where) => {
    fields(block, where, ['type', 'id', 'name', 'input'], [...marks, 'caller']);
    matches(block.id, /^[a-zA-Z0-9_-]+$/, `${where}.id`);
    matches(block.name, /^[a-zA-Z0-9_-]{1,128}$/, `${where}.name`);
    need(block.input && typeof block.input === 'object', `${where}.input: an object`);
    return { call: { id: block.id, name: block.name, input: block.input } };
  },
  tool_result: (block, where) => {
    fields(block, where, ['type', 'tool_use_id'], [...marks, 'content', 'is_error']);
    const words = typeof block.content === 'string' ? [{ type: 'text', text: block.content }]
      : block.content ?? [];
    const content = block.content === '' ? [] : words;
    return { result: { id: block.tool_use_id, error: block.is_error === true,
      parts: content.map((one, at) => read_block(one, `${where}.content[${at}]`)) } };
  },
  thinking: (block, where) => {
    fields(block, where, ['type', 'thinking', 'signature']);
    text(block.signature, `${where}.signature`, { empty: false });
    need(!block.signature.startsWith('tg1.'), `${where}: a signature that is not Anthropic's`);
    return { thinking: block.thinking, signature: block.signature };
  },
  redacted_thinking: (block, where) => {
    fields(block, where, ['type', 'data']);
    return { thinking: '', signature: block.data };
  },
};

function read_block(block, where) {
  need(readers[block?.type], `${where}: unknown block ${JSON.stringify(block)?.slice(0, 100)}`);
  return readers[block.type](block, where);
}

const read_content = (content, where) => (typeof content === 'string'
  ? [{ text: text(content, where, { empty: false }) }]
  : list(content, where, { least: 1 }).map((one, at) => read_block(one, `${where}[${at}]`)));

/** System messages stand after a user's turn and before an assistant's or the end. */
function read_messages(messages) {
  const turns = [];
  messages.forEach((message, at) => {
    const where = `messages[${at}]`;
    fields(message, where, ['role', 'content']);
    one_of(message.role, ['user', 'assistant', 'system'], `${where}.role`);
    const parts = read_content(message.content, `${where}.content`);
    if (message.role === 'system') {
      need(messages[at - 1]?.role === 'user', `${where}: system only after a user's turn`);
      need([undefined, 'assistant'].includes(messages[at + 1]?.role),
        `${where}: system only before an assistant's turn or the end`);
    }
    const first_other = parts.findIndex((part) => !part.result);
    need(first_other < 0 || !parts.slice(first_other).some((part) => part.result),
      `${where}: results come first`);
    turns.push({ role: message.role, parts });
  });
  return turns;
}

function read_tools(tools) {
  return tools?.map((tool, at) => {
    fields(tool, `tools[${at}]`, ['name', 'input_schema'], [...marks, 'description', 'type',
      'strict', 'eager_input_streaming']);
    matches(tool.name, /^[a-zA-Z0-9_-]{1,128}$/, `tools[${at}].name`);
    object_schema(tool.input_schema, `tools[${at}].input_schema`);
    return { name: tool.name, description: tool.description, schema: tool.input_schema };
  });
}

function check_thinking(body, turns) {
  if (body.thinking?.type !== 'enabled') return;
  loop_begins_with_thinking(turns);
  whole(body.thinking.budget_tokens, 'thinking.budget_tokens', 1024);
  need(body.max_tokens > body.thinking.budget_tokens, 'max_tokens above the thinking budget');
  need([undefined, 'auto', 'none'].includes(body.tool_choice?.type),
    'thinking does not go with a forced tool');
  need(body.temperature === undefined || body.temperature === 1, 'temperature with thinking');
}

const optional = ['system', 'metadata', 'stop_sequences', 'temperature', 'top_p', 'top_k', 'tools',
  'tool_choice', 'thinking', 'output_config', 'service_tier', 'context_management',
  'cache_control'];

export function read_request(exchange, { within } = {}) {
  const body = exchange.json;
  // Vertex and Bedrock: the version is a field, model and stream are told by the path.
  if (within) {
    fields(body, 'body', ['anthropic_version', 'max_tokens', 'messages'],
      [...optional, 'anthropic_beta', ...(within === 'vertex' ? ['stream'] : [])]);
  } else {
    fields(body, 'body', ['model', 'max_tokens', 'messages'], [...optional, 'stream']);
    need(exchange.request.headers['anthropic-version'], 'the header anthropic-version');
  }
  whole(body.max_tokens, 'max_tokens', 1);
  const turns = read_messages(list(body.messages, 'messages', { least: 1 }));
  check_thinking(body, turns.filter((turn) => turn.role !== 'system'));
  alternate(turns.filter((turn) => turn.role !== 'system'));
  calls_have_results(turns.filter((turn) => turn.role !== 'system'));
  need(body.tools?.length || !body.tool_choice, 'tool_choice without tools');
  if (body.tool_choice) {
    fields(body.tool_choice, 'tool_choice', ['type'], ['name', 'disable_parallel_tool_use']);
  }
  const choice = body.tool_choice?.type;
  return { model: body.model, stream: body.stream === true, turns,
    system: body.system === undefined ? []
      : read_content(body.system, 'system').map((part) => part.text),
    tools: read_tools(body.tools), choice: choice === 'tool' ? body.tool_choice.name : choice,
    serial: body.tool_choice?.disable_parallel_tool_use === true, stop: body.stop_sequences,
    limit: body.max_tokens, schema: body.output_config?.format?.schema,
    thinking: body.thinking !== undefined && body.thinking.type !== 'disabled',
    mode: body.thinking?.type, effort: body.output_config?.effort };
}
