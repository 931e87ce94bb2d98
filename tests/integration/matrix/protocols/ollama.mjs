// Ollama's /api/chat: is this request one that it accepts, and what does it say?
import { base64, fields, list, need, object_schema, one_of, text } from '../strict.mjs';

function read_message(message, where) {
  one_of(message.role, ['system', 'user', 'assistant', 'tool'], `${where}.role`);
  fields(message, where, ['role', 'content'], ['images', 'tool_calls', 'tool_name', 'thinking',
    'tool_call_id']);
  text(message.content, `${where}.content`);
  const parts = message.content ? [{ text: message.content }] : [];
  for (const image of message.images ?? []) parts.push({ image: base64(image, `${where}.images`) });
  if (message.thinking) parts.unshift({ thinking: message.thinking });
  for (const call of message.tool_calls ?? []) {
    fields(call, `${where}.tool_calls`, ['function'], ['id', 'type']);
    fields(call.function, `${where}.function`, ['name', 'arguments'], ['index']);
    need(call.function.arguments && typeof call.function.arguments === 'object',
      `${where}: arguments are an object here`);
    parts.push({ call: { id: call.id, name: call.function.name, input: call.function.arguments } });
  }
  if (message.role === 'tool') {
    const images = parts.filter((part) => part.image);
    return { role: 'user', tool: true, parts: [{ result: { id: message.tool_call_id,
      name: message.tool_name, parts: [{ text: message.content }, ...images] } }] };
  }
  return { role: message.role, parts };
}

/** Results carry the tool's name and perhaps the call's id; without ids they stand in order. */
function results_follow(messages) {
  let open = [];
  messages.forEach((message, at) => {
    if (message.tool) {
      const { name, id } = message.parts[0].result;
      const call = id === undefined ? open[0] : open.find((one) => one.id === id);
      need(call, `messages[${at}]: a result without a call`);
      need(name === undefined || name === call.name, `messages[${at}]: ${name}, not ${call.name}`);
      message.parts[0].result.id = call.id ?? call.name;
      open = open.filter((one) => one !== call);
      return;
    }
    need(open.length === 0, `messages[${at}]: calls without results before it`);
    open = message.parts.filter((part) => part.call).map((part) => part.call);
  });
  need(open.length === 0, 'the last calls have no result');
}

const optional = ['tools', 'format', 'options', 'think', 'keep_alive', 'truncate', 'shift',
  'stream'];
const option_names = ['num_ctx', 'num_predict', 'temperature', 'top_p', 'top_k', 'stop', 'seed',
  'presence_penalty', 'frequency_penalty', 'repeat_penalty', 'min_p'];

export function read_request(exchange) {
  const body = exchange.json;
  fields(body, 'body', ['model', 'messages'], optional);
  const messages = list(body.messages, 'messages', { least: 1 })
    .map((message, at) => read_message(message, `messages[${at}]`));
  results_follow(messages);
  const options = fields(body.options ?? {}, 'options', [], option_names);
  // Ollama cuts a longer prompt silently, so the window asked for must hold all of it.
  need(body.truncate === false || options.num_ctx >= exchange.request.body.length / 8,
    `num_ctx ${options.num_ctx} holds the prompt`);
  for (const [at, tool] of (body.tools ?? []).entries()) {
    fields(tool, `tools[${at}]`, ['type', 'function']);
    object_schema(tool.function.parameters, `tools[${at}]`);
  }
  need(typeof body.stream === 'boolean', 'stream is said, because the default is true');
  return { model: body.model, stream: body.stream, turns: messages,
    system: messages.filter((message) => message.role === 'system')
      .flatMap((message) => message.parts.map((part) => part.text)),
    tools: body.tools?.map((tool) => ({ name: tool.function.name,
      description: tool.function.description, schema: tool.function.parameters })),
    stop: options.stop, limit: options.num_predict, schema: body.format,
    thinking: body.think !== undefined && body.think !== false };
}
