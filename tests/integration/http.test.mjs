// HTTP as a raw socket sees it: framing, refused shapes, probes, limits, TLS, health, metrics.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { targets, use_stack } from './lib/kit.mjs';
import { RawClient, message_body, request_text } from './lib/raw_client.mjs';
import { master_key, single_provider } from './lib/tollgate.mjs';
import { says, step } from './lib/provider.mjs';
import { format_chunk, last_chunk } from './lib/http_bytes.mjs';

describe('HTTP/1.1', () => {
  const stack = use_stack(targets.anthropic, { config: (url) => ({
    ...single_provider('anthropic', url, 'claude-sonnet-4-5'),
    server: { limits: { body: 1024 * 1024 } } }) });

  /** Sends bytes on a new connection and gives the first answer (null when just closed). */
  async function once(bytes, options) {
    const client = await RawClient.connect(stack.gateway.port);
    try {
      client.send(bytes);
      const response = await client.response(options);
      return { response, client };
    } finally {
      client.end();
    }
  }

  test('a connection serves several requests one after the other', async () => {
    stack.provider.on(step('TG-KEEP', 0), says('kept'));
    const client = await RawClient.connect(stack.gateway.port);
    for (let i = 0; i < 5; i += 1) {
      client.send(request_text('POST', '/v1/messages', { body: message_body('TG-KEEP') }));
      const response = await client.response();
      assert.equal(response.status, 200, response.body);
      assert.equal(JSON.parse(response.body).content[0].text, 'kept');
    }
    client.end();
  });

  test('pipelined requests are answered in order', async () => {
    stack.provider.on({ predicate: (request) => /TG-PIPE/.test(JSON.stringify(request)) },
      (request) => says(`saw ${request.messages.at(-1).content}`));
    const client = await RawClient.connect(stack.gateway.port);
    const texts = ['TG-PIPE-1', 'TG-PIPE-2', 'TG-PIPE-3'];
    client.send(texts.map((text) => request_text('POST', '/v1/messages',
      { body: message_body(text) })).join('') + request_text('GET', '/livez'));
    for (const text of texts) {
      assert.equal(JSON.parse((await client.response()).body).content[0].text, `saw ${text}`);
    }
    assert.equal((await client.response()).status, 200);
    client.end();
  });

  test('a chunked request body is understood', async () => {
    stack.provider.on(step('TG-CHUNKED', 0), says('chunked'));
    const client = await RawClient.connect(stack.gateway.port);
    client.send(request_text('POST', '/v1/messages', { headers: {
      'content-type': 'application/json', 'transfer-encoding': 'chunked' } }));
    const body = message_body('TG-CHUNKED');
    for (let at = 0; at < body.length; at += 20) client.send(format_chunk(body.slice(at, at + 20)));
    client.send(last_chunk);
    const response = await client.response();
    assert.equal(response.status, 200, response.body);
    assert.equal(stack.tap.calls[0].request.headers['transfer-encoding'], undefined);
    client.end();
  });

  test('Expect: 100-continue is answered before the body', async () => {
    stack.provider.on(step('TG-EXPECT', 0), says('expected'));
    const client = await RawClient.connect(stack.gateway.port);
    const body = message_body('TG-EXPECT');
    client.send(request_text('POST', '/v1/messages', { headers: { expect: '100-continue',
      'content-type': 'application/json', 'content-length': body.length } }));
    assert.equal((await client.response()).status, 100);
    client.send(body);
    assert.equal((await client.response()).status, 200);
    client.end();
  });

  const head = (lines) => `POST /v1/messages HTTP/1.1\r\nhost: g\r\nauthorization: Bearer `
    + `${master_key}\r\ncontent-type: application/json\r\n${lines}\r\n`;
  const smuggled = 'GET /v1/models HTTP/1.1\r\nhost: g\r\n\r\n';
  const refused = {
    'content-length with transfer-encoding':
      `${head('content-length: 5\r\ntransfer-encoding: chunked\r\n')}0\r\n\r\n${smuggled}`,
    'two content-lengths that differ':
      `${head('content-length: 2\r\ncontent-length: 60\r\n')}{}${smuggled}`,
    'two content-lengths in one field': `${head('content-length: 2, 60\r\n')}{}${smuggled}`,
    'a signed content-length': `${head('content-length: +2\r\n')}{}`,
    'a content-length that overflows': `${head('content-length: 18446744073709551618\r\n')}{}`,
    'transfer-encoding other than chunked': `${head('transfer-encoding: xchunked\r\n')}0\r\n\r\n`,
    'chunked not last': `${head('transfer-encoding: chunked, gzip\r\n')}0\r\n\r\n`,
    'space before the colon': `${head('content-length : 2\r\n')}{}`,
    'a folded field line': `${head('x-a: 1\r\n 2\r\ncontent-length: 2\r\n')}{}`,
    'a bare line feed': head('content-length: 2\r\n').replaceAll('\r\n', '\n'),
    'a bad chunk size': `${head('transfer-encoding: chunked\r\n')}zz\r\n{}\r\n0\r\n\r\n`,
    'a chunk longer than it says':
      `${head('transfer-encoding: chunked\r\n')}2\r\n{}{}\r\n0\r\n\r\n`,
    'a NUL in a field': `${head('x-a: b\0c\r\ncontent-length: 2\r\n')}{}`,
    'no host': 'GET /livez HTTP/1.1\r\n\r\n',
    'a request line without a version': 'GET /livez\r\n\r\n',
    'HTTP/2 without asking': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'TLS on a plain port': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  };
  for (const [title, bytes] of Object.entries(refused)) {
    test(`${title} is refused and the connection closed`, async () => {
      const client = await RawClient.connect(stack.gateway.port);
      client.send(Buffer.from(bytes, 'latin1'));
      if (title.startsWith('TLS')) client.socket.end();
      const response = await client.response();
      if (response) assert.match(String(response.status), /^(400|411|431|501|505)$/);
      assert.ok(await client.closes(), 'closed');
      assert.equal(client.take_response(false), undefined, 'nothing smuggled was answered');
      assert.equal(stack.tap.calls.length, 0);
      client.end();
    });
  }

  test('a body above the limit is a 413 in Anthropic\'s shape', async () => {
    for (const headers of [{ 'content-length': 5 * 1024 * 1024 },
      { 'transfer-encoding': 'chunked' }]) {
      const client = await RawClient.connect(stack.gateway.port);
      client.send(request_text('POST', '/v1/messages',
        { headers: { 'content-type': 'application/json', ...headers } }));
      if ('transfer-encoding' in headers) {
        for (let i = 0; i < 3; i += 1) client.send(format_chunk('x'.repeat(512 * 1024)));
      }
      const response = await client.response();
      assert.equal(response.status, 413);
      assert.equal(JSON.parse(response.body).error.type, 'request_too_large');
      client.end();
    }
  });

  test('a head above the limit is a 431', async () => {
    const { response } = await once(request_text('GET', '/livez',
      { headers: { 'x-long': 'y'.repeat(200 * 1024) } }));
    assert.equal(response.status, 431);
  });

  test('unknown paths and methods', async () => {
    for (const [method, where, status] of [['GET', '/v1/nothing', 404],
      ['DELETE', '/v1/messages', 405], ['GET', '/v1/messages', 405]]) {
      const response = await stack.gateway.fetch(where, { method });
      assert.equal(response.status, status, `${method} ${where}`);
      if (status === 405) assert.match(response.headers.get('allow'), /POST/);
      assert.equal(typeof (await response.json()).error.message, 'string');
    }
  });

  test('Claude Code\'s probes are answered at once, without a key', async () => {
    for (const where of ['/', '/api/hello']) {
      const client = await RawClient.connect(stack.gateway.port);
      client.send(request_text('HEAD', where, { key: null })
        + request_text('GET', '/livez', { key: null }));
      assert.equal((await client.response({ head_only: true })).status, 200, where);
      assert.equal((await client.response()).status, 200, 'a HEAD answer has no body');
      client.end();
    }
    const events = await stack.gateway.fetch('/api/event_logging/batch',
      { key: null, json: { events: [] } });
    assert.equal(events.status, 200);
    await events.text();
  });

  test('each answer carries a request id, its own', async () => {
    const ids = new Set();
    for (let i = 0; i < 3; i += 1) {
      ids.add((await stack.gateway.fetch('/v1/models')).headers.get('x-request-id'));
    }
    assert.equal(ids.size, 3);
    assert.ok(!ids.has(null));
  });

  test('HTTP/1.0 and Connection: close are honoured', async () => {
    for (const bytes of [request_text('GET', '/livez', { headers: { connection: 'close' } }),
      `GET /livez HTTP/1.0\r\nhost: g\r\n\r\n`]) {
      const client = await RawClient.connect(stack.gateway.port);
      client.send(bytes);
      assert.equal((await client.response()).status, 200);
      assert.ok(await client.closes());
    }
  });
});

describe('health and metrics', () => {
  const stack = use_stack(targets.openai_chat);

  test('liveness and readiness', async () => {
    for (const where of ['/health/liveliness', '/health/liveness', '/livez', '/readyz',
      '/health/readiness']) {
      const response = await stack.gateway.fetch(where, { key: null });
      assert.equal(response.status, 200, where);
      await response.text();
    }
  });

  test('/health shows counts to all and endpoints to those with a key', async () => {
    const open = await (await stack.gateway.fetch('/health', { key: null })).json();
    assert.equal(typeof open.healthy_count, 'number');
    assert.equal(typeof open.unhealthy_count, 'number');
    assert.ok(!open.healthy_endpoints?.length, 'no endpoints without a key');
    const full = await (await stack.gateway.fetch('/health')).json();
    assert.equal(full.healthy_endpoints.length, full.healthy_count);
    assert.doesNotMatch(JSON.stringify(full), /sk-provider-made-up/);
  });

  test('metrics count requests, tokens and time', async () => {
    stack.provider.on(step('TG-METER', 0), says('metered', { input: 77, output: 11 }));
    const read = async () => {
      const response = await fetch(stack.gateway.metrics_url);
      assert.equal(response.status, 200);
      assert.match(response.headers.get('content-type'), /^text\/plain/);
      return response.text();
    };
    const response = await stack.gateway.fetch('/v1/messages', { body: message_body('TG-METER',
      { stream: true }), method: 'POST', headers: { 'content-type': 'application/json' } });
    await response.text();
    const text = await read();
    for (const line of text.trim().split('\n')) {
      assert.match(line, /^(# (HELP|TYPE) \w+ .*|\w+(\{.*\})? -?[0-9.e+Inf-]+|\w+.* NaN)$/, line);
    }
    assert.match(text, /^llm_requests_total\{[^}]*\} [1-9]/m);
    assert.match(text, /^llm_\w*tokens\w*\{[^}]*\} 77$/m);
    assert.match(text, /^llm_\w*tokens\w*\{[^}]*\} 11$/m);
    assert.match(text, /^\w*first_token\w*_bucket/m);
    for (const counter of ['connections_accepted_total', 'provider_connects_total']) {
      assert.match(text, new RegExp(`^tollgate_${counter} [1-9]`, 'm'), counter);
    }
    assert.doesNotMatch(text, /sk-/, 'no key in any label');
    assert.equal((await stack.gateway.fetch('/metrics')).status, 404,
      'not on the main listener by default');
  });

  test('one access-log line per request, with what happened, without secrets', async () => {
    stack.provider.on(step('TG-LOGGED', 0), says('logged', { input: 77, output: 11 }));
    const response = await stack.gateway.fetch('/v1/messages', { method: 'POST',
      headers: { 'content-type': 'application/json' }, body: message_body('TG-LOGGED') });
    const id = response.headers.get('x-request-id');
    await response.text();
    await stack.gateway.logged(new RegExp(id));
    const lines = stack.gateway.access_log
      .filter((record) => JSON.stringify(record).includes(id));
    assert.equal(lines.length, 1);
    const text = JSON.stringify(lines[0]);
    for (const part of ['claude-sonnet', stack.target.model, 'openai', ':77', ':11', ':200']) {
      assert.ok(text.includes(part), `${part} in ${text}`);
    }
    assert.doesNotMatch(stack.gateway.log, new RegExp(master_key));
    assert.doesNotMatch(stack.gateway.log, /sk-provider-made-up|TG-LOGGED/);
  });
});

describe('TLS', () => {
  let folder;
  let certificate;
  const make = async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'tollgate-tls-'));
    const [cert, key] = ['cert.pem', 'key.pem'].map((name) => path.join(folder, name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
      'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=gateway.test', '-addext',
      'subjectAltName=DNS:gateway.test,IP:127.0.0.1', '-keyout', key, '-out', cert],
    { stdio: 'ignore' });
    certificate = readFileSync(cert);
    return { cert, key };
  };
  const stack = use_stack(targets.anthropic, {
    config: async (url) => ({ ...single_provider('anthropic', url, 'claude-sonnet-4-5'),
      server: { tls: await make() } }),
    options: { ready: false } });
  before(() => stack.gateway.logged(/listen/i));
  after(() => rm(folder, { recursive: true, force: true }));

  const connect = (options) => RawClient.connect(stack.gateway.port, { secure: true,
    ca: certificate, servername: 'gateway.test', ...options });

  test('TLS 1.3 serves a request', async () => {
    stack.provider.on(step('TG-TLS', 0), says('secret'));
    const client = await connect({ minVersion: 'TLSv1.3' });
    assert.equal(client.socket.getProtocol(), 'TLSv1.3');
    client.send(request_text('POST', '/v1/messages', { body: message_body('TG-TLS') }));
    const response = await client.response();
    assert.equal(JSON.parse(response.body).content[0].text, 'secret');
    client.end();
  });

  test('older versions and plain HTTP are refused', async () => {
    await assert.rejects(connect({ maxVersion: 'TLSv1.2' }));
    const plain = await RawClient.connect(stack.gateway.port);
    plain.send(request_text('GET', '/livez'));
    const response = await plain.response();
    if (response) assert.equal(response.status, 400);
    assert.ok(await plain.closes());
  });
});
