// A prompt of any protocol as the model reads it: a list of blocks of text, the same for the same
// conversation whoever carries it. Tools come first, then the system prompt, then the messages.
// A block: {text, kind: tool|system|user|assistant|result, marked: the client marked it for the
// prompt cache}.

const block = (kind, text, marked = false) => ({ kind, text, marked });
const parts_of = (content) => (typeof content === 'string' ? [{ type: 'text', text: content }]
  : content ?? []);
const joined = (content) => parts_of(content).map((part) => part.text ?? '').join('');
const tool_text = (name, description, schema) =>
  `${name}\n${description ?? ''}\n${JSON.stringify(schema ?? {})}`;

// The client's attribution, which differs from session to session and is no part of the prompt.
const attribution = (text) => text.startsWith('x-anthropic-billing-header');

function of_messages(asked) {
  const blocks = (asked.tools ?? []).map((tool) => block('tool',
    tool_text(tool.name, tool.description, tool.input_schema), Boolean(tool.cache_control)));
  for (const part of parts_of(asked.system)) {
    if (!attribution(part.text)) {
      blocks.push(block('system', part.text, Boolean(part.cache_control)));
    }
  }
  for (const message of asked.messages) {
    for (const part of parts_of(message.content)) {
      const marked = Boolean(part.cache_control);
      if (part.type === 'text') blocks.push(block(message.role, part.text, marked));
      else if (part.type === 'tool_use') {
        blocks.push(block('assistant', part.name + JSON.stringify(part.input), marked));
      } else if (part.type === 'tool_result') {
        blocks.push(block('result', joined(part.content), marked));
      }
    }
  }
  return blocks;
}

function of_chat(asked) {
  const blocks = (asked.tools ?? []).map(({ function: tool }) => block('tool',
    tool_text(tool.name, tool.description, tool.parameters)));
  for (const message of asked.messages) {
    const role = message.role === 'developer' ? 'system' : message.role;
    const kind = role === 'tool' ? 'result' : role;
    if (kind === 'result') blocks.push(block(kind, joined(message.content)));
    else for (const part of parts_of(message.content)) blocks.push(block(kind, part.text ?? ''));
    for (const call of message.tool_calls ?? []) {
      blocks.push(block('assistant', call.function.name + call.function.arguments));
    }
  }
  return blocks;
}

function of_responses(asked) {
  const blocks = (asked.tools ?? []).map((tool) => block('tool',
    tool_text(tool.name, tool.description, tool.parameters)));
  if (asked.instructions) blocks.push(block('system', asked.instructions));
  for (const item of parts_of(asked.input)) {
    if (item.type === 'function_call') blocks.push(block('assistant', item.name + item.arguments));
    else if (item.type === 'function_call_output') {
      blocks.push(block('result', joined(item.output)));
    } else if (item.role) {
      const role = item.role === 'developer' ? 'system' : item.role;
      for (const part of parts_of(item.content)) blocks.push(block(role, part.text ?? ''));
    }
  }
  return blocks;
}

/** protocol: messages, chat or responses. */
export const blocks_of = (protocol, asked) =>
  ({ messages: of_messages, chat: of_chat, responses: of_responses })[protocol](asked);
