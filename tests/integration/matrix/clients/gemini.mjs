// A client of Gemini's generateContent: writes requests, reads answers strictly.
import { parse_events } from '../../lib/http_bytes.mjs';
import { base64, fields, list, need, one_of, same, text, unique, whole } from '../strict.mjs';

export const id = 'gemini';
export const title = 'Gemini generateContent';
export const path = (talk) => `/v1beta/models/${encodeURIComponent(talk.model)}:`
  + (talk.stream ? 'streamGenerateContent?alt=sse' : 'generateContent');
export const headers = {};
export const credential = (key) => ({ 'x-goog-api-key': key });

// A call ends a turn like any other end does.
export const stops = { end: 'STOP', limit: 'MAX_TOKENS', calls: 'STOP', sequence: 'STOP',
  refusal: 'SAFETY' };

export const knows = { mid_system: false, tool_errors: true, tool_images: true,
  stop_sequence: false, signatures: true, cache_write: false, serial: false };

/** What Google calls each refusal. */
export const error_types = { 400: 'INVALID_ARGUMENT', 403: 'PERMISSION_DENIED', 404: 'NOT_FOUND',
  413: 'INVALID_ARGUMENT', 429: 'RESOURCE_EXHAUSTED', 498: 'FAILED_PRECONDITION', 500: 'INTERNAL',
  502: 'INTERNAL', 503: 'UNAVAILABLE', 504: 'DEADLINE_EXCEEDED', 529: 'UNAVAILABLE' };

/** What a relay leaves as it is: all but the model's name. */
export const relayed_bytes = (bytes) => bytes.toString('utf8')
  .replaceAll(/("modelVersion": ?)"[^"]*"/g, '$1""');

const writers = {
  text: (part) => ({ text: part.text }),
  image: (part) => ({ inlineData: { mimeType: part.type, data: part.image } }),
  document: (part) => ({ inlineData: { mimeType: part.type, data: part.document } }),
};

const write_part = (part) => writers[Object.keys(writers).find((name) => name in part)](part);

/** Ids that the reader gave to calls without one stay here. */
const unnamed = /^#/;

function write_result(result, call) {
  const said = result.parts.filter((part) => 'text' in part).map((part) => part.text).join('\n');
  const media = result.parts.filter((part) => !('text' in part)).map(write_part);
  return { functionResponse: { ...(unnamed.test(call.id) ? {} : { id: call.id }), name: call.name,
    response: { [result.error ? 'error' : 'output']: said },
    ...(media.length > 0 ? { parts: media } : {}) } };
}

function write_results(entry, calls) {
  const order = (result) => calls.findIndex((call) => call.id === result.id);
  // Without ids the order alone tells which call a result is for.
  const results = unnamed.test(calls[0].id)
    ? [...entry.results].sort((a, b) => order(a) - order(b)) : entry.results;
  return { role: 'user', parts: [...results.map((result) =>
    write_result(result, calls[order(result)])), ...(entry.parts ?? []).map(write_part)] };
}

function write_contents(history) {
  let calls = [];
  return history.map((entry) => {
    if (entry.role === 'answer') {
      calls = entry.answer.calls;
      return { role: 'model', parts: entry.answer.raw };
    }
    if (entry.role === 'results') return write_results(entry, calls);
    return { role: entry.role === 'assistant' ? 'model' : 'user',
      parts: entry.parts.map(write_part) };
  });
}

const types = { string: 'STRING', integer: 'INTEGER', boolean: 'BOOLEAN', array: 'ARRAY',
  object: 'OBJECT' };

/** A JSON schema in Google's own words, which know no additionalProperties. */
const write_schema = ({ type, properties, items, additionalProperties, ...rest }) => ({ ...rest,
  type: types[type],
  ...(properties ? { properties: Object.fromEntries(Object.entries(properties)
    .map(([name, one]) => [name, write_schema(one)])) } : {}),
  ...(items ? { items: write_schema(items) } : {}) });

const choices = { auto: { mode: 'AUTO' }, any: { mode: 'ANY' }, none: { mode: 'NONE' } };

export function write_request(talk) {
  const config = { maxOutputTokens: talk.limit ?? 1000 };
  const body = { contents: write_contents(talk.history), generationConfig: config };
  if (talk.system) body.systemInstruction = { parts: talk.system.map((one) => ({ text: one })) };
  if (talk.tools) {
    body.tools = [{ functionDeclarations: talk.tools.map((tool) => ({ name: tool.name,
      description: tool.description, parameters: write_schema(tool.schema) })) }];
  }
  if (talk.choice) {
    body.toolConfig = { functionCallingConfig: choices[talk.choice]
      ?? { mode: 'ANY', allowedFunctionNames: [talk.choice] } };
  }
  if (talk.stop) config.stopSequences = talk.stop;
  if (talk.schema) {
    Object.assign(config, { responseMimeType: 'application/json',
      responseSchema: write_schema(talk.schema) });
  }
  if (talk.thinking) {
    config.maxOutputTokens = 8000;
    config.thinkingConfig = { includeThoughts: true,
      ...(talk.thinking === 'adaptive' ? { thinkingLevel: 'HIGH' } : { thinkingBudget: 4000 }) };
  }
  return body;
}

const usage_more = ['candidatesTokenCount', 'thoughtsTokenCount', 'cachedContentTokenCount',
  'toolUsePromptTokenCount', 'promptTokensDetails', 'cacheTokensDetails',
  'candidatesTokensDetails', 'toolUsePromptTokensDetails', 'trafficType'];

function read_usage(usage) {
  fields(usage, 'usageMetadata', ['promptTokenCount', 'totalTokenCount'], usage_more);
  const count = (name) => whole(usage[name] ?? 0, name);
  const output = count('candidatesTokenCount') + count('thoughtsTokenCount');
  same(usage.totalTokenCount, count('promptTokenCount') + count('toolUsePromptTokenCount') + output,
    'totalTokenCount');
  need(count('cachedContentTokenCount') <= count('promptTokenCount'), 'cached is part of prompt');
  return { prompt: usage.promptTokenCount, output, cache_write: 0,
    cache_read: count('cachedContentTokenCount') };
}

export function read_error(json) {
  fields(json, 'error body', ['error']);
  fields(json.error, 'error', ['code', 'message', 'status'], ['details']);
  text(json.error.message, 'error.message', { empty: false });
  one_of(json.error.status, Object.values(error_types), 'error.status');
  return { type: json.error.status, message: json.error.message,
    status: whole(json.error.code, 'error.code', 400) };
}

function read_call(part, where, relayed, at) {
  fields(part, where, ['functionCall'], ['thoughtSignature']);
  fields(part.functionCall, where, relayed ? ['name', 'args'] : ['id', 'name', 'args'], ['id']);
  const { id: given = `#${at}`, name, args } = part.functionCall;
  text(given, `${where}.id`, { empty: false });
  need(args !== null && typeof args === 'object' && !Array.isArray(args), `${where}.args: object`);
  return { id: given, name: text(name, `${where}.name`, { empty: false }), input: args };
}

function take_part(part, where, answer, relayed) {
  // Google's clients decode it.
  if ('thoughtSignature' in part) base64(part.thoughtSignature, `${where}.thoughtSignature`);
  answer.raw.push(part);
  if ('functionCall' in part) {
    answer.order.push('call');
    answer.calls.push(read_call(part, where, relayed, answer.calls.length));
    return;
  }
  fields(part, where, ['text'], ['thought', 'thoughtSignature']);
  text(part.text, where);
  answer.order.push(part.thought ? 'thinking' : 'text');
  if (part.thought) {
    answer.thinking.push({ text: part.text, signature: part.thoughtSignature });
  } else {
    need(relayed || part.text !== '' || part.thoughtSignature, `${where}: an empty text`);
    answer.text += part.text;
  }
}

const reasons = ['STOP', 'MAX_TOKENS', 'SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT',
  'SPII', 'MALFORMED_FUNCTION_CALL', 'OTHER'];

/** One response: whole, or a piece of a stream. */
function take_response(json, answer, relayed) {
  fields(json, 'response', ['candidates', ...(relayed ? [] : ['modelVersion', 'responseId'])],
    ['modelVersion', 'usageMetadata', 'responseId', 'createTime', 'promptFeedback']);
  need(answer.stop === undefined, 'a response after finishReason');
  same(list(json.candidates, 'candidates').length, 1, 'candidates');
  const [candidate] = json.candidates;
  fields(candidate, 'candidate', relayed ? [] : ['content', 'index'], ['content', 'index',
    'finishReason', 'safetyRatings', 'avgLogprobs', 'citationMetadata', 'groundingMetadata',
    'tokenCount', 'finishMessage']);
  same(candidate.index ?? 0, 0, 'candidate.index');
  answer.model ??= json.modelVersion;
  same([answer.model, answer.id ?? json.responseId], [json.modelVersion, json.responseId],
    'one model and one id');
  answer.id = json.responseId;
  const content = candidate.content ?? { role: 'model', parts: [] };
  fields(content, 'content', ['role', 'parts']);
  same(content.role, 'model', 'content.role');
  need(content.parts.length > 0 || candidate.finishReason, 'a response without parts or end');
  content.parts.forEach((part, at) => take_part(part, `parts[${at}]`, answer, relayed));
  if (candidate.finishReason) {
    const reason = candidate.finishReason;
    // The mock has a word of its own where Google says STOP.
    const said = relayed && reason === 'FUNCTION_CALL' ? 'STOP' : reason;
    answer.stop = one_of(said, reasons, 'finishReason');
  }
  if (json.usageMetadata) answer.usage = read_usage(json.usageMetadata);
}

const empty = () => ({ text: '', thinking: [], calls: [], order: [], raw: [] });

function finish(answer) {
  need(answer.stop, 'no finishReason');
  need(answer.usage, 'no usageMetadata');
  unique(answer.calls.map((call) => call.id), 'ids of calls');
  return answer;
}

export function read_plain(json, { relayed } = {}) {
  const answer = empty();
  take_response(json, answer, relayed);
  return finish(answer);
}

/** Pieces of a stream; it must end with a whole one. */
export function read_frames(bytes) {
  const said = bytes.toString('utf8');
  need(/(\r?\n){2}$/.test(said), `the stream ends inside a frame: ${said.slice(-200)}`);
  return parse_events(said);
}

export function read_stream(events, { relayed } = {}) {
  const answer = empty();
  for (const event of events) {
    need(event.json, `frame is no JSON: ${event.data.slice(0, 200)}`);
    same(event.event, undefined, 'frames have no names');
    need(!answer.error, 'a frame after an error');
    if ('error' in event.json) answer.error = read_error(event.json);
    else take_response(event.json, answer, relayed);
  }
  return answer.error ? answer : finish(answer);
}
