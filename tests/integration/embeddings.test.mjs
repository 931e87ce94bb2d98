// POST /v1/embeddings: the OpenAI SDK and raw requests, to the mock where it has the provider's
// embeddings and to scripted answers in the documented shapes elsewhere.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import OpenAI from 'openai';
import * as faults from './lib/faults.mjs';
import { targets, use_stack } from './lib/kit.mjs';
import { Scripted } from './lib/scripted.mjs';
import { Tollgate, deployment, master_key } from './lib/tollgate.mjs';
import { check_signature } from './matrix/sigv4.mjs';

const client_of = (base_url, options = {}) => new OpenAI({ apiKey: master_key,
  baseURL: `${base_url}/v1`, maxRetries: 0, ...options });

const near = (actual, expected) => {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs(actual[i] - value) < 1e-6,
    `${actual[i]} should be ${value}`));
};

const embedder = (name, model, api_base, extra = {}) => ({
  ...deployment(name, model.split('/')[0], model.split('/').slice(1).join('/'), api_base, extra),
  model_info: { mode: 'embedding' } });

/** The access line that `pick` is true for; lines are written a moment after the answer. */
async function access_line(gateway, pick) {
  for (const until = Date.now() + 5000; Date.now() < until;) {
    const found = gateway.access_log.findLast(pick);
    if (found) return found;
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
  throw new Error(`no such access line:\n${gateway.log.slice(-2000)}`);
}

describe('the OpenAI SDK to an OpenAI-shaped provider', () => {
  const stack = use_stack(targets.openai_chat, { config: (url) => ({ model_list: [
    embedder('house-embedder', 'hosted_vllm/e5', `${url}/v1`),
    embedder('openai-embedder', 'openai/text-embedding-3-small', `${url}/v1`),
    deployment('talker', 'openai', 'gpt-4.1', `${url}/v1`)] }) });

  test('one text: the SDK asks for base64 and reads numbers', async () => {
    stack.provider.mock.onEmbedding('TG-ONE', { embedding: [0.25, -0.5, 1] });
    const answer = await client_of(stack.base_url).embeddings.create({
      model: 'openai-embedder', input: 'TG-ONE Grüße' });
    near(answer.data[0].embedding, [0.25, -0.5, 1]);
    assert.equal(answer.object, 'list');
    assert.equal(answer.model, 'openai-embedder', 'the name the client asked for');
    const sent = stack.tap.calls[0];
    assert.equal(sent.request.path, '/v1/embeddings');
    assert.equal(sent.json.model, 'text-embedding-3-small');
    assert.equal(sent.json.encoding_format, 'base64');
    assert.equal(sent.request.headers.authorization, 'Bearer sk-provider-made-up');
  });

  test('several texts, floats, and the bytes untouched but for the model', async () => {
    stack.provider.mock.onEmbedding('TG-TWO', { embedding: [0.125, 2] });
    const response = await fetch(`${stack.base_url}/embeddings`, { method: 'POST',
      headers: { authorization: `Bearer ${master_key}`, 'content-type': 'application/json' },
      body: '{ "input":["TG-TWO","b"] ,"model": "house-embedder", "user":"u1", "x": 1.50 }' });
    const answer = await response.json();
    assert.equal(response.status, 200);
    assert.equal(stack.tap.calls[0].request.body.toString(),
      '{ "input":["TG-TWO","b"] ,"model": "e5", "user":"u1", "x": 1.50 }');
    assert.equal(answer.data.length, 2);
    near(answer.data[1].embedding, [0.125, 2]);
    assert.equal(response.headers.get('x-tollgate-provider'), 'hosted_vllm');
    assert.equal(response.headers.get('x-tollgate-model'), 'hosted_vllm/e5');
    assert.ok(response.headers.get('x-request-id'));
    const given = stack.tap.calls[0].response.body.toString()
      .replace(/"model":"[^"]*"/, '"model":"house-embedder"');
    assert.equal(stack.client_tap.calls[0].response.body.toString(), given);
  });

  test('a refusal is classified as chat\'s are: its words, or the next try', async () => {
    stack.tap.next(faults.fails(400, 'the input is too long'));
    await assert.rejects(client_of(stack.base_url).embeddings.create({ model: 'house-embedder',
      input: 'x' }), (error) => error.status === 400 && /too long/.test(error.message));
    stack.provider.mock.onEmbedding('TG-AGAIN', { embedding: [1] });
    stack.tap.next(faults.fails(503, 'busy'));
    const answer = await client_of(stack.base_url).embeddings.create({ model: 'house-embedder',
      input: 'TG-AGAIN' });
    near(answer.data[0].embedding, [1]);
    assert.equal(stack.tap.calls.length, 3);
  });

  test('the wrong kind of model is told the path to use', async () => {
    const client = client_of(stack.base_url);
    await assert.rejects(client.embeddings.create({ model: 'talker', input: 'x' }),
      (error) => error.status === 400 && /chat\/completions/.test(error.message)
        && error.param === 'model');
    await assert.rejects(client.chat.completions.create({ model: 'house-embedder',
      messages: [{ role: 'user', content: 'x' }] }),
    (error) => error.status === 400 && /\/v1\/embeddings/.test(error.message));
    assert.equal(stack.tap.calls.length, 0);
  });

  for (const [title, body, field] of [
    ['no input', {}, 'input'], ['an empty list', { input: [] }, 'input'],
    ['texts and numbers mixed', { input: ['a', 1] }, 'input'],
    ['2,049 texts', { input: new Array(2049).fill('a') }, 'input'],
    ['an unknown encoding', { input: 'a', encoding_format: 'hex' }, 'encoding_format'],
    ['no whole dimensions', { input: 'a', dimensions: 1.5 }, 'dimensions']]) {
    test(`${title}: a 400 that names the field`, async () => {
      const response = await stack.gateway.fetch('/v1/embeddings',
        { json: { model: 'house-embedder', ...body } });
      assert.equal(response.status, 400);
      const { error } = await response.json();
      assert.equal(error.param, field);
      assert.match(error.message, new RegExp(`^${field}: `));
      assert.equal(stack.tap.calls.length, 0);
    });
  }

  test('no key, a wrong key, an unknown model', async () => {
    const ask = { json: { model: 'house-embedder', input: 'x' } };
    assert.equal((await stack.gateway.fetch('/v1/embeddings', { ...ask, key: null })).status, 401);
    assert.equal((await stack.gateway.fetch('/v1/embeddings', { ...ask, key: 'sk-no' })).status,
      401);
    const unknown = await stack.gateway.fetch('/v1/embeddings',
      { json: { model: 'house-embeder', input: 'x' } });
    assert.equal(unknown.status, 404);
    assert.match((await unknown.json()).error.message, /house-embedder/);
  });

  test('a client that leaves takes the provider call with it', async () => {
    stack.tap.next(faults.stalls_after_headers());
    const abort = new AbortController();
    const asked = client_of(stack.base_url).embeddings.create({ model: 'house-embedder',
      input: 'x' }, { signal: abort.signal });
    const exchange = await stack.tap.call(0);
    const left_at = performance.now();
    abort.abort();
    await assert.rejects(asked, OpenAI.APIUserAbortError);
    assert.ok(await exchange.left_after(left_at) < 100);
  });

  test('one access line and the metrics', async () => {
    stack.provider.mock.onEmbedding('TG-LINE', { embedding: [1] });
    const { response } = await client_of(stack.base_url).embeddings.create({
      model: 'house-embedder', input: 'TG-LINE one two three' }).withResponse();
    const id = response.headers.get('x-request-id');
    const line = await access_line(stack.gateway, (record) => record.request_id === id);
    assert.deepEqual([line.path, line.status, line.model, line.provider_model],
      ['/v1/embeddings', 200, 'house-embedder', 'e5']);
    assert.equal(line.output_tokens, 0);
    const metrics = await (await fetch(stack.gateway.metrics_url)).text();
    assert.match(metrics, /llm_requests_total\{[^}]*hosted_vllm[^}]*e5[^}]*\}/);
  });
});

describe('Cohere and Azure at the mock', () => {
  const stack = use_stack(targets.openai_chat, { config: (url) => ({ model_list: [
    embedder('cohere-embedder', 'cohere/embed-v4.0', url),
    embedder('azure-embedder', 'azure/house-deployment', url, { api_version: '2024-10-21' })] }) });

  test('Cohere: /v2/embed', async () => {
    stack.provider.mock.onEmbedding('TG-COHERE', { embedding: [0.5, 0.75] });
    const answer = await client_of(stack.base_url).embeddings.create({ model: 'cohere-embedder',
      input: ['TG-COHERE', 'b'], dimensions: 256 });
    const sent = stack.tap.calls[0];
    assert.equal(sent.request.path, '/v2/embed');
    assert.deepEqual(sent.json, { model: 'embed-v4.0', texts: ['TG-COHERE', 'b'],
      input_type: 'search_document', embedding_types: ['float'], output_dimension: 256 });
    assert.equal(answer.data.length, 2);
    near(answer.data[1].embedding, [0.5, 0.75]);
    assert.ok(answer.usage.prompt_tokens >= 0);
  });

  test('Azure: the deployment in the path', async () => {
    stack.provider.mock.onEmbedding('TG-AZURE', { embedding: [0.5] });
    const answer = await client_of(stack.base_url).embeddings.create({ model: 'azure-embedder',
      input: 'TG-AZURE' });
    near(answer.data[0].embedding, [0.5]);
    const sent = stack.tap.calls[0];
    assert.equal(sent.request.path,
      '/openai/deployments/house-deployment/embeddings?api-version=2024-10-21');
    assert.equal(sent.request.headers['api-key'], 'sk-provider-made-up');
  });
});

/** A gateway with these models before one scripted provider, for a describe(). */
function use_scripted(models, more = {}) {
  const stack = {};
  before(async () => {
    stack.provider = await Scripted.start(() => ({ json: {} }));
    stack.gateway = await Tollgate.start({ model_list: models(stack.provider.url), ...more });
  });
  afterEach(() => stack.provider.reset(() => ({ json: {} })));
  after(async () => {
    try {
      await stack.gateway?.stop();
    } finally {
      await stack.provider?.stop();
    }
  });
  stack.ask = async (json) => {
    const response = await stack.gateway.fetch('/v1/embeddings', { json });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  return stack;
}

describe('Ollama and other servers, scripted', () => {
  const stack = use_scripted((url) => [
    embedder('local-embedder', 'ollama/nomic-embed-text', url),
    embedder('mistral-embedder', 'mistral/codestral-embed', `${url}/v1`),
    embedder('azure-new', 'azure/house', url, { api_version: 'v1' }),
    deployment('claude-opus', 'anthropic', 'claude-opus-4-6', url)]);

  test('Ollama: /api/embed, its own count of the prompt', async () => {
    stack.provider.reset(() => ({ json: { model: 'nomic-embed-text',
      embeddings: [[0.1, 0.2], [0.3, 0.4]], total_duration: 1, prompt_eval_count: 9 } }));
    const { status, body } = await stack.ask({ model: 'local-embedder', input: ['a', 'b'],
      encoding_format: 'base64' });
    assert.equal(status, 200);
    assert.equal(stack.provider.calls[0].path, '/api/embed');
    assert.deepEqual(stack.provider.calls[0].json, { model: 'nomic-embed-text',
      input: ['a', 'b'] });
    const bytes = Buffer.from(body.data[1].embedding, 'base64');
    near([bytes.readFloatLE(0), bytes.readFloatLE(4)], [0.3, 0.4]);
    assert.deepEqual(body.usage, { prompt_tokens: 9, total_tokens: 9 });
  });

  test('a server that counts nothing: estimated and marked', async () => {
    stack.provider.reset(() => ({ json: { embeddings: [[0.1]] } }));
    const { headers, body } = await stack.ask({ model: 'local-embedder',
      input: 'How many tokens are these words, do you think?' });
    assert.equal(headers.get('x-tollgate-estimated'), 'true');
    assert.ok(body.usage.prompt_tokens >= 9 && body.usage.prompt_tokens <= 13);
    const id = headers.get('x-request-id');
    const line = await access_line(stack.gateway, (record) => record.request_id === id);
    assert.equal(line.estimated, true);
    assert.equal(line.input_tokens, body.usage.prompt_tokens);
  });

  test('token ids are a clear 400 there', async () => {
    const { status, body } = await stack.ask({ model: 'local-embedder', input: [1, 2] });
    assert.equal(status, 400);
    assert.match(body.error.message, /token ids/);
    assert.equal(stack.provider.calls.length, 0);
  });

  test('a number of vectors that is wrong, and no JSON: 502', async () => {
    for (const json of [{ embeddings: [[1]] }, 'no JSON']) {
      stack.provider.reset(() => ({ json }));
      const { status, body } = await stack.ask({ model: 'local-embedder', input: ['a', 'b'] });
      assert.equal(status, 502);
      assert.match(body.error.message, /embeddings answer/);
    }
  });

  test('Mistral: the size by its own name, no user', async () => {
    stack.provider.reset(() => ({ json: { object: 'list', model: 'codestral-embed',
      data: [{ object: 'embedding', index: 0, embedding: [0.5] }],
      usage: { prompt_tokens: 4, total_tokens: 4 } } }));
    const { status, headers, body } = await stack.ask({ model: 'mistral-embedder', input: 'a',
      dimensions: 512, user: 'u1', encoding_format: 'base64' });
    assert.equal(status, 200);
    assert.deepEqual(stack.provider.calls[0].json, { model: 'codestral-embed', input: 'a',
      output_dimension: 512, encoding_format: 'base64' });
    assert.equal(headers.get('x-tollgate-dropped'), 'user');
    assert.equal(Buffer.from(body.data[0].embedding, 'base64').readFloatLE(0), 0.5,
      'floats came, base64 was asked for');
  });

  test('Azure\'s newer form: /openai/v1/embeddings', async () => {
    stack.provider.reset(() => ({ json: { object: 'list', model: 'x',
      data: [{ index: 0, embedding: [1] }], usage: { prompt_tokens: 1, total_tokens: 1 } } }));
    const { status, body } = await stack.ask({ model: 'azure-new', input: 'a' });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(stack.provider.calls[0].path, '/openai/v1/embeddings');
    assert.equal(stack.provider.calls[0].json.model, 'house');
  });

  test('a provider without embeddings says so', async () => {
    const { status, body } = await stack.ask({ model: 'claude-opus', input: 'a' });
    assert.equal(status, 400);
    assert.match(body.error.message, /embeddings/);
    assert.equal(stack.provider.calls.length, 0);
  });
});

describe('clouds, scripted', () => {
  const aws = { aws_access_key_id: 'AKIDEXAMPLE',
    aws_secret_access_key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    aws_region_name: 'us-east-1', api_key: undefined };
  const place = { vertex_project: 'made-up', vertex_location: 'us-east5' };
  const stack = use_scripted((url) => [
    embedder('titan', 'bedrock/amazon.titan-embed-text-v2:0', url, aws),
    embedder('titan-1', 'bedrock/amazon.titan-embed-text-v1', url, aws),
    embedder('bedrock-cohere', 'bedrock/us.cohere.embed-v4:0', url, aws),
    embedder('gemini-embedder', 'gemini/gemini-embedding-001', url),
    embedder('vertex-gemini', 'vertex_ai/gemini-embedding-001', url, place),
    embedder('vertex-text', 'vertex_ai/text-embedding-005', url, place)]);
  const texts = Array.from({ length: 10 }, (_, i) => `text ${i}`);

  test('Titan: one call per text, four at a time, signed, in order', async () => {
    stack.provider.reset((call) => {
      const number = Number(call.json.inputText.slice(5));
      // Later texts are answered sooner.
      return { wait_ms: (10 - number) * 10, json: { embedding: [number, 0.5],
        inputTextTokenCount: 3 } };
    });
    const { status, headers, body } = await stack.ask({ model: 'titan', input: texts,
      dimensions: 256 });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body.data.map((each) => each.embedding[0]), texts.map((_, i) => i));
    assert.deepEqual(body.data.map((each) => each.index), texts.map((_, i) => i));
    assert.equal(body.usage.prompt_tokens, 30);
    assert.equal(stack.provider.calls.length, 10);
    assert.ok(stack.provider.open_max <= 4 && stack.provider.open_max > 1,
      `${stack.provider.open_max} at once`);
    for (const call of stack.provider.calls) {
      assert.equal(call.path, '/model/amazon.titan-embed-text-v2%3A0/invoke');
      assert.equal(call.json.dimensions, 256);
      check_signature({ method: 'POST', path: call.path, headers: call.headers, body: call.body },
        { key_id: aws.aws_access_key_id, secret: aws.aws_secret_access_key, region: 'us-east-1',
          service: 'bedrock' });
    }
    assert.equal(headers.get('x-tollgate-model'), 'bedrock/amazon.titan-embed-text-v2:0');
  });

  test('Titan: one refused call ends the request with its words', async () => {
    stack.provider.reset((call) => (call.json.inputText === 'text 5'
      ? { status: 400, json: { message: 'too many tokens for this model' },
        headers: { 'x-amzn-errortype': 'ValidationException' } }
      : { json: { embedding: [1], inputTextTokenCount: 1 } }));
    const { status, body } = await stack.ask({ model: 'titan', input: texts });
    assert.equal(status, 400);
    assert.match(body.error.message, /too many tokens/);
  });

  test('Titan 1 has one size', async () => {
    const { status, body } = await stack.ask({ model: 'titan-1', input: 'a', dimensions: 256 });
    assert.equal(status, 400);
    assert.equal(body.error.param, 'dimensions');
  });

  test('a client that leaves takes all calls with it', async () => {
    stack.provider.reset(() => ({}));
    const abort = new AbortController();
    const asked = stack.gateway.fetch('/v1/embeddings', { json: { model: 'titan', input: texts },
      signal: abort.signal });
    while (stack.provider.calls.length < 4) {
      await new Promise((resolve) => { setTimeout(resolve, 5); });
    }
    const left_at = performance.now();
    abort.abort();
    await assert.rejects(asked);
    for (const call of stack.provider.calls) assert.ok(await call.left - left_at < 200);
    assert.equal(stack.provider.calls.length, 4, 'none was begun afterwards');
  });

  test('Cohere on Bedrock: 96 texts per call, tokens in a header', async () => {
    stack.provider.reset((call) => ({ json: { response_type: 'embeddings_by_type',
      embeddings: { float: call.json.texts.map((text) => [Number(text)]) } },
    headers: { 'x-amzn-bedrock-input-token-count': String(call.json.texts.length) } }));
    const { body } = await stack.ask({ model: 'bedrock-cohere',
      input: Array.from({ length: 100 }, (_, i) => String(i)), input_type: 'query' });
    assert.deepEqual(stack.provider.calls.map((call) => call.json.texts.length).sort(), [4, 96]);
    assert.equal(stack.provider.calls[0].json.input_type, 'search_query');
    assert.deepEqual(body.data.map((each) => each.embedding[0]),
      Array.from({ length: 100 }, (_, i) => i));
    assert.equal(body.usage.prompt_tokens, 100);
  });

  test('Gemini: embedContent and batchEmbedContents', async () => {
    stack.provider.reset((call) => ({ json: call.json.requests
      ? { embeddings: call.json.requests.map((_, i) => ({ values: [i] })) }
      : { embedding: { values: [0.5] } } }));
    const one = await stack.ask({ model: 'gemini-embedder', input: 'a', dimensions: 768 });
    assert.deepEqual(one.body.data[0].embedding, [0.5]);
    assert.equal(stack.provider.calls[0].path, '/v1beta/models/gemini-embedding-001:embedContent');
    assert.equal(stack.provider.calls[0].headers['x-goog-api-key'], 'sk-provider-made-up');
    assert.equal(stack.provider.calls[0].json.outputDimensionality, 768);
    const many = await stack.ask({ model: 'gemini-embedder', input: ['a', 'b', 'c'] });
    assert.deepEqual(many.body.data.map((each) => each.embedding[0]), [0, 1, 2]);
    assert.equal(stack.provider.calls[1].path,
      '/v1beta/models/gemini-embedding-001:batchEmbedContents');
    assert.equal(many.headers.get('x-tollgate-estimated'), 'true');
  });

  test('Vertex: predict, Gemini\'s models one text at a time', async () => {
    stack.provider.reset((call) => ({ json: { predictions: call.json.instances.map((each) => ({
      embeddings: { values: [each.content.length], statistics: { token_count: 2 } } })) } }));
    const many = await stack.ask({ model: 'vertex-text', input: ['a', 'bb'], dimensions: 64 });
    assert.deepEqual(many.body.data.map((each) => each.embedding[0]), [1, 2]);
    assert.equal(many.body.usage.prompt_tokens, 4);
    assert.equal(stack.provider.calls.length, 1);
    assert.equal(stack.provider.calls[0].path, '/v1/projects/made-up/locations/us-east5/'
      + 'publishers/google/models/text-embedding-005:predict');
    assert.deepEqual(stack.provider.calls[0].json.parameters, { outputDimensionality: 64 });
    await stack.ask({ model: 'vertex-gemini', input: ['a', 'bb'] });
    assert.equal(stack.provider.calls.length, 3);
  });
});

describe('one name, two providers', () => {
  const stack = use_scripted((url) => [
    embedder('house', 'ollama/nomic-embed-text', `${url}/down`),
    embedder('spare', 'hosted_vllm/e5', `${url}/v1`)],
  { router_settings: { fallbacks: [{ house: ['spare'] }] } });

  test('the next one answers when the first is overloaded', async () => {
    stack.provider.reset((call) => (call.path.startsWith('/down')
      ? { status: 503, json: { error: 'overloaded' } }
      : { json: { object: 'list', data: [{ index: 0, embedding: [1] }], model: 'e5',
        usage: { prompt_tokens: 1, total_tokens: 1 } } }));
    const { status, headers, body } = await stack.ask({ model: 'house', input: 'a' });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.model, 'house');
    assert.equal(headers.get('x-tollgate-provider'), 'hosted_vllm');
    assert.equal(headers.get('x-tollgate-fallback'), 'overloaded');
  });
});
