// Claude on Vertex, before a mock that knows only the Messages API: takes the wrapped calls, holds
// them to what Vertex wants of them, and passes them on as plain ones.
import http from 'node:http';

const wrapped = new RegExp('^/v1/projects/([^/]+)/locations/([^/]+)/publishers/anthropic/models/'
  + '([^/:]+):(rawPredict|streamRawPredict)$');

/** What Vertex would say about the call; undefined when it would take it. */
function complaint(path, headers, body) {
  if (!wrapped.test(path)) return `no such method: ${path}`;
  if (!/^Bearer ./.test(headers.authorization ?? '')) return 'no bearer token';
  if (headers['x-api-key']) return 'x-api-key is not for this host';
  if (body.anthropic_version !== 'vertex-2023-10-16') return 'anthropic_version is required';
  const [, , , model] = wrapped.exec(path);
  if (model === 'count-tokens') {
    return /@|^$/.test(body.model ?? '') ? `${body.model} is not supported for token counting`
      : undefined;
  }
  if ('model' in body) return 'model: Extra inputs are not permitted';
  if ('stream' in body) return 'stream: Extra inputs are not permitted';
  return undefined;
}

const refusal = (message) => JSON.stringify({ type: 'error',
  error: { type: 'invalid_request_error', message } });

async function pass_on(mock_url, request, response) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const body = JSON.parse(Buffer.concat(pieces).toString('utf8'));
  const wrong = complaint(request.url, request.headers, body);
  if (wrong) {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(refusal(wrong));
    return;
  }
  const [, , , model, method] = wrapped.exec(request.url);
  const counting = model === 'count-tokens';
  const plain = { ...body, anthropic_version: undefined,
    ...(counting ? {} : { model, stream: method === 'streamRawPredict' }) };
  const answer = await fetch(`${mock_url}/v1/messages${counting ? '/count_tokens' : ''}`, {
    method: 'POST', body: JSON.stringify(plain), headers: { 'content-type': 'application/json',
      'x-api-key': 'sk-provider-made-up', 'anthropic-version': '2023-06-01' } });
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') });
  for await (const piece of answer.body) response.write(piece);
  response.end();
}

/** Starts it before the mock; {url, stop}. */
export async function start_vertex_bridge(mock_url) {
  const server = http.createServer((request, response) => {
    pass_on(mock_url, request, response).catch((error) => {
      if (!response.headersSent) response.writeHead(502);
      response.end(`bridge: ${error.message}`);
    });
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { url: `http://127.0.0.1:${server.address().port}`,
    stop: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    }) };
}
