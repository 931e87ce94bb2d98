// Bedrock's Converse: is this request one that it accepts, and what does it say?
import { alternate, base64, calls_have_results, fields, list, loop_begins_with_thinking, matches,
  need, object_schema, one_of, text, whole } from '../strict.mjs';

const readers = {
  text: (value, where) => ({ text: text(value, where, { empty: false }) }),
  image: (value, where) => {
    fields(value, where, ['format', 'source']);
    one_of(value.format, ['png', 'jpeg', 'gif', 'webp'], `${where}.format`);
    return { image: base64(value.source.bytes, where), type: `image/${value.format}` };
  },
  document: (value, where) => {
    fields(value, where, ['format', 'name', 'source'], ['context', 'citations']);
    one_of(value.format, ['pdf', 'csv', 'doc', 'docx', 'xls', 'xlsx', 'html', 'txt', 'md'], where);
    // Letters, digits, single spaces, hyphens, parentheses and brackets; no full stop.
    matches(value.name, /^[a-zA-Z0-9\-()[\]]+( [a-zA-Z0-9\-()[\]]+)*$/, `${where}.name`);
    return { document: base64(value.source.bytes, where), title: value.name,
      type: value.format === 'pdf' ? 'application/pdf' : value.format };
  },
  toolUse: (value, where) => {
    fields(value, where, ['toolUseId', 'name', 'input']);
    matches(value.toolUseId, /^[a-zA-Z0-9_.:-]{1,64}$/, `${where}.toolUseId`);
    matches(value.name, /^[a-zA-Z0-9_-]{1,64}$/, `${where}.name`);
    need(value.input && typeof value.input === 'object', `${where}.input: an object`);
    return { call: { id: value.toolUseId, name: value.name, input: value.input } };
  },
  toolResult: (value, where) => {
    fields(value, where, ['toolUseId', 'content'], ['status']);
    if (value.status) one_of(value.status, ['success', 'error'], `${where}.status`);
    return { result: { id: value.toolUseId, error: value.status === 'error',
      parts: value.content.map((one, at) => read_result(one, `${where}.content[${at}]`)) } };
  },
  reasoningContent: (value, where) => {
    if (value.redactedContent) return { thinking: '', signature: value.redactedContent };
    fields(value, where, ['reasoningText']);
    fields(value.reasoningText, where, ['text'], ['signature']);
    return { thinking: value.reasoningText.text, signature: value.reasoningText.signature };
  },
  cachePoint: (value, where) => {
    fields(value, where, ['type'], ['ttl']);
    return { cache_point: true };
  },
};

/** Unlike elsewhere, an empty text is accepted in a result. */
function read_result(block, where) {
  if ('json' in block) return { text: JSON.stringify(block.json) };
  return 'text' in block ? { text: text(block.text, where) } : read_block(block, where);
}

function read_block(block, where) {
  const kinds = Object.keys(block);
  need(kinds.length === 1 && readers[kinds[0]], `${where}: one known member, not ${kinds}`);
  return readers[kinds[0]](block[kinds[0]], `${where}.${kinds[0]}`);
}

const read_blocks = (blocks, where) => list(blocks, where, { least: 1 })
  .map((block, at) => read_block(block, `${where}[${at}]`))
  .filter((part) => !part.cache_point);

function read_tools(config) {
  if (!config) return {};
  fields(config, 'toolConfig', ['tools'], ['toolChoice']);
  const tools = list(config.tools, 'toolConfig.tools', { least: 1 })
    .filter((tool) => !tool.cachePoint).map((tool, at) => {
      const where = `tools[${at}].toolSpec`;
      fields(tool, `tools[${at}]`, ['toolSpec']);
      fields(tool.toolSpec, where, ['name', 'inputSchema'], ['description', 'strict']);
      matches(tool.toolSpec.name, /^[a-zA-Z0-9_-]{1,64}$/, `${where}.name`);
      object_schema(tool.toolSpec.inputSchema.json, `${where}.inputSchema.json`);
      return { name: tool.toolSpec.name, description: tool.toolSpec.description,
        schema: tool.toolSpec.inputSchema.json };
    });
  if (!config.toolChoice) return { tools };
  const [kind] = Object.keys(fields(config.toolChoice, 'toolChoice', [], ['auto', 'any', 'tool']));
  return { tools, choice: kind === 'tool' ? config.toolChoice.tool.name : kind };
}

export function read_request(exchange) {
  const body = exchange.json;
  fields(body, 'body', ['messages'], ['system', 'inferenceConfig', 'toolConfig',
    'additionalModelRequestFields', 'additionalModelResponseFieldPaths', 'requestMetadata',
    'performanceConfig', 'serviceTier', 'guardrailConfig', 'outputConfig']);
  const turns = list(body.messages, 'messages', { least: 1 }).map((message, at) => {
    fields(message, `messages[${at}]`, ['role', 'content']);
    one_of(message.role, ['user', 'assistant'], `messages[${at}].role`);
    return { role: message.role, parts: read_blocks(message.content, `messages[${at}].content`) };
  });
  alternate(turns);
  calls_have_results(turns);
  const config = fields(body.inferenceConfig ?? {}, 'inferenceConfig', [],
    ['maxTokens', 'temperature', 'topP', 'stopSequences']);
  if (config.maxTokens !== undefined) whole(config.maxTokens, 'maxTokens', 1);
  const calls = turns.some((turn) => turn.parts.some((part) => part.call || part.result));
  need(!calls || body.toolConfig, 'toolConfig is required when there are tool blocks');
  const more = body.additionalModelRequestFields ?? {};
  if (more.thinking?.type === 'enabled') loop_begins_with_thinking(turns);
  const [, model, method] = /model\/([^/]+)\/([\w-]+)/.exec(exchange.request.path) ?? [];
  need(method, `path ${exchange.request.path}`);
  const output = fields(body.outputConfig ?? {}, 'outputConfig', [], ['textFormat', 'effort']);
  const format = output.textFormat ?? more.output_config?.format;
  const schema = format?.structure?.jsonSchema?.schema ?? format?.schema;
  return { model: decodeURIComponent(model), stream: method === 'converse-stream', turns,
    system: body.system === undefined ? []
      : read_blocks(body.system, 'system').map((part) => part.text),
    ...read_tools(body.toolConfig), stop: config.stopSequences, limit: config.maxTokens,
    schema: typeof schema === 'string' ? JSON.parse(schema) : schema,
    mode: more.thinking?.type, effort: output.effort,
    thinking: Boolean(more.thinking ?? more.reasoning_config) };
}
