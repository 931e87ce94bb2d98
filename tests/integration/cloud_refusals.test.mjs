// What clients of clouds meet when something is wrong or slow: silence, paths that lead elsewhere,
// names that would leave the place they stand in, uploads without a key.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { patience } from './lib/patience.mjs';
import { RawClient } from './lib/raw_client.mjs';
import { Tollgate, deployment, master_key } from './lib/tollgate.mjs';

const chunk = (delta, finish_reason = null) => `data: ${JSON.stringify({ id: 'c1', model: 'g',
  choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

describe('clients of clouds', () => {
  let provider;
  let gateway;
  const paths = [];
  // Says nothing for `silence_ms` after its head, then a word.
  let silence_ms = 0;

  before(async () => {
    provider = http.createServer((request, response) => {
      paths.push(request.url);
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      setTimeout(() => {
        response.end(`${chunk({ content: 'late' })}${chunk({}, 'stop')}data: [DONE]\n\n`);
      }, silence_ms);
    });
    await new Promise((resolve) => { provider.listen(0, '127.0.0.1', resolve); });
    const url = `http://127.0.0.1:${provider.address().port}`;
    gateway = await Tollgate.start({
      providers: { google: { type: 'gemini', api_base: url, api_key: 'AIza-made-up' } },
      model_list: [deployment('gpt', 'openai', 'gpt-4.1', `${url}/v1`)] }, {
      env: { AWS_BEARER_TOKEN_BEDROCK: 'made-up-bearer', AWS_REGION: 'us-east-1' } });
  });
  after(async () => {
    await gateway?.stop();
    provider?.closeAllConnections();
    provider?.close();
  });

  const ask = (path, body, headers = { authorization: `Bearer ${master_key}` }) =>
    fetch(`${gateway.url}${path}`, { method: 'POST',
      headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  const turn = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
  const talk = { messages: [{ role: 'user', content: [{ text: 'hi' }] }] };

  // Neither protocol has a ping: nothing is sent, and nothing else may come to a halt.
  for (const [name, path, body] of [
    ['Gemini', '/v1beta/models/gpt:streamGenerateContent?alt=sse', turn],
    ['Converse', '/model/gpt/converse-stream', talk]]) {
    test(`a provider silent for longer than our pings' 15 s, for ${name}`, async () => {
      silence_ms = 16_500;
      const started = performance.now();
      const asked = ask(path, body).then((response) => response.text());
      let slowest = 0;
      while (performance.now() - started < 16_000) {
        const before = performance.now();
        // A connection for each, so that all workers are asked.
        await fetch(`${gateway.url}/livez`, { headers: { connection: 'close' },
          signal: AbortSignal.timeout(2000) });
        slowest = Math.max(slowest, performance.now() - before);
        await new Promise((resolve) => { setTimeout(resolve, 50); });
      }
      assert.match(await asked, /late/);
      assert.ok(slowest < 2000 * patience, `${slowest} ms`);
      silence_ms = 0;
    });
  }

  test("a name that leads out of a provider's models is not sent there", async () => {
    paths.length = 0;
    for (const name of ['google/../../v1/files', 'google/models/../x', 'google/..']) {
      const response = await ask(
        `/v1beta/models/${encodeURIComponent(name)}:generateContent`, turn);
      assert.equal(response.status, 404);
      assert.match((await response.json()).error.message, /which no name of a model has/);
    }
    assert.deepEqual(paths, []);
  });

  test("an ARN names no host for the gateway's credential", async () => {
    const model = 'bedrock/arn:aws:bedrock:127.0.0.1/x:1:inference-profile/us.anthropic.claude';
    const response = await ask('/v1/chat/completions', { model,
      messages: [{ role: 'user', content: 'hi' }] });
    assert.equal(response.status, 404);
    assert.match((await response.json()).error.message, /"127\.0\.0\.1\/x" is no AWS region/);
  });

  test('a question for a count is read only for those who have a key', async () => {
    const client = await RawClient.connect(gateway.port);
    client.send('POST /model/gpt/count-tokens HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n'
      + 'expect: 100-continue\r\n\r\n');
    const head = await client.until(() => (client.bytes.includes('\r\n\r\n')
      ? client.bytes.toString('latin1') : undefined), 3000);
    assert.match(head, /^HTTP\/1\.1 401 /);
    client.socket.destroy();
  });

  test('paths that nothing serves are refused in the words of their own client', async () => {
    const google = await ask('/v1beta/models/:generateContent', turn);
    assert.equal(google.status, 404);
    const { error } = await google.json();
    assert.equal(error.status, 'NOT_FOUND');
    assert.match(error.message, /MODEL:generateContent/);
    const bedrock = await ask('/model//invoke', {});
    assert.equal(bedrock.status, 404);
    assert.equal(bedrock.headers.get('x-amzn-errortype'), 'ResourceNotFoundException');
    assert.match((await bedrock.json()).message, /invoke-with-response-stream/);
    const vertex = await ask(
      '/v1/projects/p/locations/l/publishers/anthropic/models/x:predict', {});
    const said = await vertex.json();
    assert.equal(said.type, 'error');
    assert.match(said.error.message, /:rawPredict/);
  });

  test('betas that cannot be a header are the client\'s mistake', async () => {
    for (const anthropic_beta of ['a', ['a\r\nb: c'], [1]]) {
      const response = await ask('/model/gpt/invoke', { max_tokens: 5, anthropic_beta,
        messages: [{ role: 'user', content: 'hi' }] });
      assert.equal(response.status, 400);
      assert.match((await response.json()).message, /^anthropic_beta: /);
    }
  });
});
