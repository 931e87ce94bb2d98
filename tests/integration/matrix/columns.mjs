// The provider protocols under test: how each is configured, what its requests must look like on
// the way out, which model stands for it, and where its recorded shapes are.
import * as anthropic from './protocols/anthropic.mjs';
import * as bedrock_converse from './protocols/bedrock_converse.mjs';
import * as cohere from './protocols/cohere.mjs';
import * as gemini from './protocols/gemini.mjs';
import * as ollama from './protocols/ollama.mjs';
import * as openai_chat from './protocols/openai_chat.mjs';
import * as openai_responses from './protocols/openai_responses.mjs';
import { check_signature } from './sigv4.mjs';

export const provider_key = 'sk-provider-made-up';
const aws = { aws_access_key_id: 'AKIDEXAMPLE',
  aws_secret_access_key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', aws_region_name: 'us-east-1' };

const bearer = { authorization: /^Bearer sk-provider-made-up$/ };
const x_api_key = { 'x-api-key': /^sk-provider-made-up$/ };
const api_key = { 'api-key': /^sk-provider-made-up$/ };
const signed = (request) => check_signature(request, { key_id: aws.aws_access_key_id,
  secret: aws.aws_secret_access_key, region: 'us-east-1', service: 'bedrock' });

const vertex = { vertex_project: 'made-up', vertex_location: 'us-east5' };
const google = (publisher, plain, stream) => (model) => new RegExp('^/v1/projects/made-up/'
  + `locations/us-east5/publishers/${publisher}/models/${model}:(${plain}|${stream})$`);

/**
 * Claude on Vertex and streams of InvokeModel go to the mock as the Messages API that they are: it
 * does not know the first, and its frames of the second hold no `bytes`.
 */
const as_messages = (model, streams) => ({ path, headers, body }) => ({ path: '/v1/messages',
  headers: { ...headers, 'anthropic-version': '2023-06-01' },
  body: Buffer.from(JSON.stringify({ ...JSON.parse(body), anthropic_version: undefined,
    anthropic_beta: undefined, model, stream: streams.test(path) })) });

const gemini_cannot = { serial: 'serial_dropped', tool_result_image: 'image_after_result' };

/**
 * params(url): litellm_params but for model. path(model): the path that is asked.
 * model: as the provider calls it. Others stand in where that one lacks an ability: thinker, one
 * that reasons; adaptive, the one that reasons by effort alone; seer, the one that takes pictures.
 * for_client: what differs for a client.
 * shapes: folders in which recorded shapes are looked for, first hit wins.
 * to_mock: what the mock is sent instead, where it speaks the protocol at another address.
 * recorded_limit: the mock does not say here that a limit was reached as the provider does.
 * cannot: scenario -> note, see notes.mjs.
 */
export const columns = [
  { id: 'anthropic', title: 'Anthropic', protocol: anthropic, prefix: 'anthropic',
    model: 'claude-sonnet-4-5-20250929', params: (url) => ({ api_base: url }),
    adaptive: { model: 'claude-opus-4-7' },
    path: () => /^\/v1\/messages$/, credential: x_api_key, shapes: ['anthropic'],
    family: 'anthropic', cannot: {} },
  { id: 'openai_chat', title: 'OpenAI Chat', protocol: openai_chat, prefix: 'openai',
    model: 'gpt-4.1', params: (url) => ({ api_base: `${url}/v1` }),
    path: () => /^\/v1\/chat\/completions$/, credential: bearer, shapes: ['openai_chat'],
    family: 'openai_chat',
    // OpenAI's own Chat Completions never shows reasoning; DeepSeek stands for those that do.
    thinker: { prefix: 'deepseek', model: 'deepseek-v4-flash' },
    // A Responses client reaches OpenAI through Responses; a server of Chat alone stands in.
    for_client: { openai_responses: { prefix: 'hosted_vllm', model: 'house-model',
      cannot: { tool_result_image: 'image_after_result', document: 'no_documents' } } },
    request: { extra: ['thinking'] },
    cannot: { tool_result_image: 'image_after_result', thinking_signature: 'no_signatures' } },
  { id: 'openai_responses', title: 'OpenAI Responses', protocol: openai_responses,
    prefix: 'openai', model: 'gpt-5.3-codex', params: (url) => ({ api_base: `${url}/v1` }),
    path: () => /^\/v1\/responses$/, credential: bearer, shapes: ['openai_responses'],
    family: 'openai_responses', recorded_limit: true, cannot: { stop: 'stop_cut_here' } },
  { id: 'gemini', title: 'Gemini', protocol: gemini, prefix: 'gemini', model: 'gemini-2.5-flash',
    adaptive: { model: 'gemini-3-pro-preview' }, params: (url) => ({ api_base: url }),
    path: (model) => new RegExp(`^/v1beta/models/${model}:(generateContent|`
      + 'streamGenerateContent\\?alt=sse)$'),
    credential: { 'x-goog-api-key': /^sk-provider-made-up$/ }, shapes: ['gemini'],
    family: 'gemini', cannot: { ...gemini_cannot } },
  { id: 'vertex_gemini', title: 'Vertex Gemini', protocol: gemini, prefix: 'vertex_ai',
    model: 'gemini-2.5-flash', adaptive: { model: 'gemini-3-pro-preview' },
    params: (url) => ({ api_base: url, ...vertex }),
    path: google('google', 'generateContent', 'streamGenerateContent\\?alt=sse'),
    credential: bearer, shapes: ['vertex_gemini', 'gemini'], family: 'gemini',
    request: { ids: false }, cannot: { ...gemini_cannot } },
  { id: 'vertex_claude', title: 'Vertex Claude', protocol: anthropic, prefix: 'vertex_ai',
    model: 'claude-sonnet-4-5@20250929', adaptive: { model: 'claude-opus-4-7' },
    params: (url) => ({ api_base: url, ...vertex }),
    path: google('anthropic', 'rawPredict', 'streamRawPredict'), credential: bearer,
    shapes: ['vertex_claude', 'anthropic'], family: 'anthropic', request: { within: 'vertex' },
    to_mock: as_messages('claude-sonnet-4-5', /:streamRawPredict/),
    cannot: { structured: 'format_dropped' } },
  { id: 'bedrock_converse', title: 'Bedrock Converse', protocol: bedrock_converse,
    prefix: 'bedrock/converse', model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    adaptive: { model: 'us.anthropic.claude-opus-4-7' },
    params: (url) => ({ api_base: url, api_key: undefined, ...aws }),
    path: (model) => new RegExp(`^/model/${encodeURIComponent(model)}/converse(-stream)?$`),
    credential: signed, shapes: ['bedrock_converse'],
    family: 'bedrock_converse', cannot: { serial: 'serial_dropped' } },
  { id: 'bedrock_invoke', title: 'Bedrock Invoke', protocol: anthropic,
    prefix: 'bedrock/invoke', model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    adaptive: { model: 'us.anthropic.claude-opus-4-7' },
    params: (url) => ({ api_base: url, aws_region_name: 'us-east-1' }),
    path: (model) => new RegExp(`^/model/${encodeURIComponent(model)}/`
      + 'invoke(-with-response-stream)?$'),
    credential: bearer, shapes: ['bedrock_invoke', 'anthropic'], family: 'anthropic',
    framed: true, request: { within: 'bedrock' }, cannot: {},
    to_mock: (request) => (request.path.endsWith('-stream')
      ? as_messages('claude-sonnet-4-5', /-stream/)(request) : request) },
  { id: 'azure_chat', title: 'Azure Chat', protocol: openai_chat, prefix: 'azure',
    model: 'gpt-4.1', params: (url) => ({ api_base: url, api_version: '2024-10-21' }),
    path: (model) => new RegExp(`^/openai/deployments/${model}/chat/completions`
      + '\\?api-version=2024-10-21$'),
    credential: api_key, shapes: ['azure_chat', 'openai_chat'], family: 'openai_chat',
    // A Responses client reaches Azure OpenAI through Responses; Foundry's other models have Chat
    // alone.
    for_client: { openai_responses: { prefix: 'azure_ai', model: 'mistral-large-2411',
      params: (url) => ({ api_base: `${url}/openai/v1` }), credential: bearer,
      path: () => /^\/openai\/v1\/chat\/completions$/,
      cannot: { tool_result_image: 'image_after_result', thinking: 'chat_hides_reasoning',
        thinking_loop: 'chat_hides_reasoning', document: 'no_documents',
        serial: 'serial_dropped' },
      to_mock: (request) => ({ ...request, path: '/v1/chat/completions' }) } },
    cannot: { tool_result_image: 'image_after_result', thinking: 'chat_hides_reasoning',
      thinking_loop: 'chat_hides_reasoning', document: 'no_documents' } },
  { id: 'azure_responses', title: 'Azure Responses', protocol: openai_responses, prefix: 'azure',
    model: 'gpt-5.3-codex', params: (url) => ({ api_base: `${url}/openai/v1` }),
    path: () => /^\/openai\/v1\/responses(\?api-version=preview)?$/, credential: api_key,
    shapes: ['azure_responses', 'openai_responses'], family: 'openai_responses',
    to_mock: (request) => ({ ...request, path: '/v1/responses' }),
    recorded_limit: true, cannot: { stop: 'stop_cut_here' } },
  { id: 'azure_claude', title: 'Foundry Claude', protocol: anthropic, prefix: 'azure_ai',
    model: 'claude-sonnet-4-5', adaptive: { model: 'claude-opus-4-7' },
    params: (url) => ({ api_base: url }), path: () => /^\/anthropic\/v1\/messages$/,
    credential: x_api_key,
    shapes: ['azure_claude', 'anthropic'], family: 'anthropic',
    to_mock: (request) => ({ ...request, path: '/v1/messages' }), cannot: {} },
  { id: 'ollama', title: 'Ollama', protocol: ollama, prefix: 'ollama', model: 'qwen3-vl',
    params: (url) => ({ api_base: url }), path: () => /^\/api\/chat$/, credential: bearer,
    shapes: ['ollama'], family: 'ollama', mock_tells_usage: false,
    recorded_limit: true,
    cannot: { choice_any: 'choice_dropped', choice_named: 'choice_dropped',
      serial: 'serial_dropped', document: 'no_documents', refusal: 'no_refusals',
      cache: 'no_cache_figures', tool_result_image: 'image_after_result' } },
  { id: 'cohere', title: 'Cohere', protocol: cohere, prefix: 'cohere', model: 'command-a-03-2025',
    params: (url) => ({ api_base: url }), path: () => /^\/v2\/chat$/, credential: bearer,
    shapes: ['cohere'], family: 'cohere', thinker: { model: 'command-a-reasoning-08-2025' },
    seer: { model: 'command-a-vision-07-2025' },
    cannot: { refusal: 'no_refusals', document: 'no_documents', serial: 'serial_dropped',
      tool_result_image: 'result_image_left_out' } },
  { id: 'openrouter', title: 'OpenRouter', protocol: openai_chat, prefix: 'openrouter',
    model: 'anthropic/claude-sonnet-4.5', params: (url) => ({ api_base: `${url}/api/v1` }),
    path: () => /^\/api\/v1\/chat\/completions$/, credential: bearer,
    shapes: ['openrouter', 'openai_chat'], family: 'openai_chat',
    request: { usage_option: false, extra: ['reasoning', 'user', 'usage', 'provider', 'top_k'] },
    cannot: { tool_result_image: 'image_after_result' } },
];

/** The column as this client meets it; `name` is the model name it asks for. */
export function column_for(column, client) {
  const own = column.for_client?.[client.id];
  return { ...column, ...own, name: own ? `${column.id}-${client.id}` : column.id };
}

/** Which of a column's models serves a talk: one that thinks or sees, where that is another. */
export const model_for = (column, talk) => ({ prefix: column.prefix, model: column.model,
  ...column[able(column, talk)] });

/** The ability that another model than the usual one has here, if the talk needs such a one. */
function able(column, talk) {
  const wanted = [talk.thinking === 'adaptive' && 'adaptive', talk.thinking && 'thinker',
    talk.vision && 'seer'];
  return wanted.find((ability) => ability && column[ability]);
}

export function name_for(column, talk) {
  if (talk.closed) return closed_name(column);
  const ability = able(column, talk);
  return ability ? `${column.name}-${ability}` : column.name;
}

const closed_name = (column) => `${column.name}-closed`;

/** The deployments of one column behind its tap; one more leads where nobody listens. */
export function deployments(column, url, closed_url) {
  const variants = [{ ...column, name: column.id }, ...Object.keys(column.for_client ?? {})
    .map((id) => column_for(column, { id }))];
  const talks = [{}, { thinking: true }, { thinking: 'adaptive' }, { vision: true }];
  const entries = variants.flatMap((variant) => talks.map((talk) => {
    const { prefix, model } = model_for(variant, talk);
    return [name_for(variant, talk), { model: `${prefix}/${model}`, api_key: provider_key,
      ...variant.params(url) }];
  }));
  for (const variant of variants) {
    entries.push([closed_name(variant), { model: `${variant.prefix}/${variant.model}`,
      api_key: provider_key, ...variant.params(closed_url) }]);
  }
  return Object.entries(Object.fromEntries(entries))
    .map(([model_name, litellm_params]) => ({ model_name, litellm_params }));
}
