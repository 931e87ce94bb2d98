// Gemini's generateContent, at Google AI and on Vertex: is this request one that it accepts, and
// what does it say?
import { base64, fields, list, matches, need, one_of, text, whole } from '../strict.mjs';

const part_optional = ['thought', 'thoughtSignature', 'videoMetadata', 'mediaResolution'];
const kinds = ['text', 'inlineData', 'fileData', 'functionCall', 'functionResponse'];

function read_result(response, where) {
  fields(response, where, ['name', 'response'], ['id', 'parts']);
  need(response.response && typeof response.response === 'object'
    && !Array.isArray(response.response), `${where}.response: an object`);
  const parts = (response.parts ?? []).map((one) => ({ image: one.inlineData?.data,
    type: one.inlineData?.mimeType }));
  return { result: { id: response.id, name: response.name, error: 'error' in response.response,
    parts: [{ text: JSON.stringify(response.response) }, ...parts] } };
}

function read_part(part, where, { ids }) {
  const found = kinds.filter((kind) => kind in part);
  need(found.length === 1, `${where}: one of ${kinds} is expected, found ${found}`);
  fields(part, where, found, part_optional);
  const signature = part.thoughtSignature;
  if ('text' in part) {
    if (part.thought) return { thinking: part.text, signature };
    return { text: text(part.text, where), signature };
  }
  if ('inlineData' in part) {
    fields(part.inlineData, where, ['mimeType', 'data'], ids ? [] : ['displayName']);
    base64(part.inlineData.data, where);
    const kind = part.inlineData.mimeType.startsWith('image/') ? 'image' : 'document';
    return { [kind]: part.inlineData.data, type: part.inlineData.mimeType };
  }
  if ('functionCall' in part) {
    fields(part.functionCall, where, ['name', 'args'], ['id']);
    matches(part.functionCall.name, /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/, `${where}.name`);
    need(typeof part.functionCall.args === 'object', `${where}.args: an object`);
    return { call: { id: part.functionCall.id, name: part.functionCall.name,
      input: part.functionCall.args }, signature };
  }
  need('functionResponse' in part, `${where}: fileData is not expected here`);
  return read_result(part.functionResponse, where);
}

/** As many responses as calls, of the same names in the same order, in the turn right after. */
function results_follow(turns) {
  let open = [];
  turns.forEach((turn, at) => {
    const results = turn.parts.filter((part) => part.result).map((part) => part.result);
    need(turn.role === 'user' || results.length === 0, `contents[${at}]: results of a model`);
    if (turn.role === 'assistant') {
      need(open.length === 0, `contents[${at}]: calls before it have no response`);
      open = turn.parts.filter((part) => part.call).map((part) => part.call);
      return;
    }
    need(results.map((one) => one.name).join() === open.map((one) => one.name).join(),
      `contents[${at}]: responses ${results.map((one) => one.name)} to calls ${
        open.map((one) => one.name)}`);
    results.forEach((result, which) => {
      need(result.id === open[which].id, `contents[${at}]: id of response ${which}`);
      result.id = open[which].id ?? `${open[which].name}#${which}`;
      open[which].id ??= result.id;
    });
    open = [];
  });
  need(open.length === 0, 'the last calls have no response');
}

const schema_words = ['type', 'format', 'title', 'description', 'nullable', 'enum', 'maxItems',
  'minItems', 'properties', 'required', 'minProperties', 'maxProperties', 'minLength', 'maxLength',
  'pattern', 'example', 'anyOf', 'propertyOrdering', 'default', 'items', 'minimum', 'maximum'];

/** The subset of OpenAPI that `parameters` and `responseSchema` take. */
function check_schema(schema, where) {
  fields(schema, where, [], schema_words);
  if (schema.type !== undefined) {
    one_of(String(schema.type).toLowerCase(),
      ['string', 'number', 'integer', 'boolean', 'array', 'object', 'null'], `${where}.type`);
  }
  for (const [name, one] of Object.entries(schema.properties ?? {})) {
    check_schema(one, `${where}.${name}`);
  }
  if (schema.items) check_schema(schema.items, `${where}.items`);
  (schema.anyOf ?? []).forEach((one, at) => check_schema(one, `${where}.anyOf[${at}]`));
}

function read_tools(tools) {
  const functions = tools?.flatMap((tool, at) => {
    fields(tool, `tools[${at}]`, ['functionDeclarations']);
    return tool.functionDeclarations;
  });
  return functions?.map((one, at) => {
    fields(one, `functionDeclarations[${at}]`, ['name'], ['description', 'parameters',
      'parametersJsonSchema']);
    if (one.parameters) check_schema(one.parameters, `functionDeclarations[${at}].parameters`);
    return { name: one.name, description: one.description,
      schema: one.parameters ?? one.parametersJsonSchema };
  });
}

const config_fields = ['temperature', 'topP', 'topK', 'candidateCount', 'maxOutputTokens',
  'stopSequences', 'responseMimeType', 'responseSchema', 'responseJsonSchema', 'thinkingConfig',
  'seed', 'presencePenalty', 'frequencyPenalty', 'responseModalities', 'mediaResolution'];

function read_choice(config) {
  if (!config) return {};
  fields(config, 'functionCallingConfig', ['mode'], ['allowedFunctionNames']);
  one_of(config.mode, ['AUTO', 'ANY', 'NONE', 'VALIDATED'], 'mode');
  if (config.allowedFunctionNames) {
    one_of(config.mode, ['ANY', 'VALIDATED'], 'mode with allowedFunctionNames');
    return { choice: config.allowedFunctionNames.join() };
  }
  return { choice: config.mode.toLowerCase() };
}

export function read_request(exchange, { ids = true } = {}) {
  const body = exchange.json;
  fields(body, 'body', ['contents'], ['systemInstruction', 'tools', 'toolConfig',
    'generationConfig', 'safetySettings', 'cachedContent', 'labels', 'store']);
  const turns = list(body.contents, 'contents', { least: 1 }).map((content, at) => {
    fields(content, `contents[${at}]`, ['role', 'parts']);
    one_of(content.role, ['user', 'model'], `contents[${at}].role`);
    return { role: content.role === 'model' ? 'assistant' : 'user',
      parts: list(content.parts, `contents[${at}].parts`, { least: 1 })
        .map((part, which) => read_part(part, `contents[${at}].parts[${which}]`, { ids })) };
  });
  need(turns[0].role === 'user', 'the first turn is a user\'s');
  results_follow(turns);
  const config = fields(body.generationConfig ?? {}, 'generationConfig', [], config_fields);
  if (config.maxOutputTokens !== undefined) whole(config.maxOutputTokens, 'maxOutputTokens', 1);
  if (config.responseSchema) {
    check_schema(config.responseSchema, 'responseSchema');
    need(config.responseMimeType === 'application/json', 'responseMimeType with a schema');
  }
  need(body.tools || !body.toolConfig, 'toolConfig without tools');
  const [, model, method] = /models\/([^/:]+):(\w+)/.exec(exchange.request.path) ?? [];
  need(method, `path ${exchange.request.path}`);
  return { model, stream: method === 'streamGenerateContent', turns,
    system: (body.systemInstruction?.parts ?? []).map((part) => part.text),
    tools: read_tools(body.tools), ...read_choice(body.toolConfig?.functionCallingConfig),
    stop: config.stopSequences, limit: config.maxOutputTokens,
    schema: config.responseSchema ?? config.responseJsonSchema,
    mode: config.thinkingConfig?.thinkingLevel && 'adaptive',
    effort: config.thinkingConfig?.thinkingLevel?.toLowerCase(),
    thinking: config.thinkingConfig !== undefined
      && config.thinkingConfig.thinkingBudget !== 0 };
}
