// A Bedrock that answers what a test tells it to. Frames are made by AWS's own encoder, and the
// signature of each request is checked by AWS's own signer.
import { createHash } from 'node:crypto';
import http from 'node:http';
import { EventStreamCodec } from '@smithy/eventstream-codec';
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '@aws-crypto/sha256-js';

export const keys = { accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'made/up+for/tests000000000000000000000000' };

const utf8 = { encode: (text) => Buffer.from(text, 'utf8'),
  decode: (bytes) => Buffer.from(bytes).toString('utf8') };
const codec = new EventStreamCodec(utf8.decode, utf8.encode);

const frame = (headers, body) => Buffer.from(codec.encode({
  headers: Object.fromEntries(Object.entries(headers)
    .map(([name, value]) => [name, { type: 'string', value }])),
  body: utf8.encode(body) }));

/** One event of a stream. */
export const event = (type, payload) => frame({ ':event-type': type,
  ':content-type': 'application/json', ':message-type': 'event' }, JSON.stringify(payload));

/** An exception inside a stream. */
export const exception = (type, message) => frame({ ':exception-type': type,
  ':content-type': 'application/json', ':message-type': 'exception' },
JSON.stringify({ message }));

/** An event of Anthropic's as InvokeModel wraps it. */
export const chunk = (anthropic) => event('chunk', {
  bytes: Buffer.from(JSON.stringify(anthropic)).toString('base64'), p: 'abcdefghij' });

export const usage = (input, output, more = {}) => ({ inputTokens: input, outputTokens: output,
  totalTokens: input + output, ...more });

/** The events of one answer of ConverseStream; blocks: texts or {name, input}. */
export function converse_stream(blocks, { stop = 'end_turn', counted = usage(21, 7) } = {}) {
  const events = [event('messageStart', { role: 'assistant', p: 'abc' })];
  blocks.forEach((block, contentBlockIndex) => {
    const pieces = (text) => text.match(/.{1,5}/gsu) ?? [];
    if (typeof block === 'string') {
      for (const text of pieces(block)) {
        events.push(event('contentBlockDelta', { contentBlockIndex, delta: { text } }));
      }
    } else {
      events.push(event('contentBlockStart', { contentBlockIndex,
        start: { toolUse: { toolUseId: `tooluse_${contentBlockIndex}`, name: block.name } } }));
      for (const input of pieces(JSON.stringify(block.input))) {
        events.push(event('contentBlockDelta', { contentBlockIndex,
          delta: { toolUse: { input } } }));
      }
    }
    events.push(event('contentBlockStop', { contentBlockIndex }));
  });
  events.push(event('messageStop', { stopReason: stop }),
    event('metadata', { usage: counted, metrics: { latencyMs: 5 } }));
  return Buffer.concat(events);
}

/** The events of one answer of InvokeModelWithResponseStream. */
export const invoke_stream = (text) => Buffer.concat([
  chunk({ type: 'message_start', message: { id: 'msg_bdrk_01', type: 'message',
    role: 'assistant', model: 'claude-sonnet-4-5-20250929', content: [], stop_reason: null,
    usage: { input_tokens: 21, output_tokens: 1 } } }),
  chunk({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  chunk({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
  chunk({ type: 'content_block_stop', index: 0 }),
  chunk({ type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 7 } }),
  chunk({ type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 21,
    outputTokenCount: 7, invocationLatency: 5, firstByteLatency: 3 } })]);

// The mock's frames of InvokeModel hold the event itself, Bedrock's hold it as base64; and the mock
// tells the output's tokens at the start, Bedrock at the end.
function wrap_events(raw) {
  const frames = [];
  let output_tokens = 0;
  const wrap = (anthropic) => {
    output_tokens = anthropic.message?.usage?.output_tokens ?? output_tokens;
    return chunk(anthropic.type === 'message_delta'
      ? { ...anthropic, usage: { output_tokens } } : anthropic);
  };
  for (let at = 0; at < raw.length;) {
    const length = raw.readUInt32BE(at);
    const { headers, body } = codec.decode(raw.subarray(at, at + length));
    frames.push(headers[':event-type']?.value === 'chunk' ? wrap(JSON.parse(utf8.decode(body)))
      : raw.subarray(at, at + length));
    at += length;
  }
  return Buffer.concat(frames);
}

/** Stands before the mock and gives its streams of InvokeModel the form that Bedrock's have. */
export class InvokeFraming {
  /** target(): the URL behind it, asked at each request. */
  static async start(target) {
    const framing = new InvokeFraming();
    framing.server = http.createServer(async (request, response) => {
      const pieces = [];
      for await (const piece of request) pieces.push(piece);
      const headers = Object.fromEntries(Object.entries(request.headers)
        .filter(([name]) => !['host', 'connection', 'content-length'].includes(name)));
      const answer = await fetch(target() + request.url,
        { method: request.method, headers, body: Buffer.concat(pieces) });
      let body = Buffer.from(await answer.arrayBuffer());
      const type = answer.headers.get('content-type') ?? 'application/json';
      if (/eventstream/.test(type) && /\/invoke-/.test(request.url)) body = wrap_events(body);
      response.writeHead(answer.status, { 'content-type': type });
      response.end(body);
    });
    await new Promise((resolve) => framing.server.listen(0, '127.0.0.1', resolve));
    framing.url = `http://127.0.0.1:${framing.server.address().port}`;
    return framing;
  }

  stop() { return new Promise((resolve) => { this.server.closeAllConnections();
    this.server.close(resolve); }); }
}

/** What AWS would have computed for the request that arrived; undefined when it is not signed. */
async function expected_authorization(request, body, { service, region, token }) {
  const date = request.headers['x-amz-date'];
  if (!date) return undefined;
  const iso = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const [path, query] = request.url.split('?');
  const signer = new SignatureV4({ service, region, sha256: Sha256,
    credentials: { ...keys, sessionToken: token } });
  const signed = await signer.sign({ method: request.method, protocol: 'http:',
    hostname: '127.0.0.1', path, query: Object.fromEntries(new URLSearchParams(query ?? '')),
    headers: { host: request.headers.host, 'content-type': request.headers['content-type'] },
    body }, { signingDate: new Date(iso) });
  return signed.headers.authorization;
}

export class FakeBedrock {
  static async start({ service = 'bedrock', region = 'us-west-2', token } = {}) {
    const fake = new FakeBedrock();
    Object.assign(fake, { service, region, token, requests: [], answers: [] });
    fake.server = http.createServer((request, response) => fake.handle(request, response));
    await new Promise((resolve) => fake.server.listen(0, '127.0.0.1', resolve));
    fake.url = `http://127.0.0.1:${fake.server.address().port}`;
    return fake;
  }

  /**
   * The next request is answered so: {status, headers, json} or {stream, pieces}. `pieces`: into
   * how many bytes at a time the stream is cut; `cut`: the connection breaks after it.
   */
  next(...answers) { this.answers.push(...answers); return this; }

  async handle(request, response) {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces);
    this.requests.push({ path: request.url, headers: request.headers,
      json: JSON.parse(body.toString('utf8')),
      body_hash: createHash('sha256').update(body).digest('hex'),
      expected: await expected_authorization(request, body, this) });
    const answer = this.answers.shift() ?? { status: 500, json: { message: 'nothing planned' } };
    if (answer.stream === undefined) {
      response.writeHead(answer.status ?? 200,
        { 'content-type': 'application/json', ...answer.headers });
      response.end(JSON.stringify(answer.json));
      return;
    }
    response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' });
    const size = answer.pieces ?? answer.stream.length;
    for (let at = 0; at < answer.stream.length; at += size) {
      response.write(answer.stream.subarray(at, at + size));
      // Each piece in a read of its own, as far as the kernel goes along.
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    if (answer.cut) response.destroy();
    else response.end();
  }

  get last() { return this.requests.at(-1); }
  clear() { this.requests = []; this.answers = []; }
  stop() { return new Promise((resolve) => { this.server.closeAllConnections();
    this.server.close(resolve); }); }
}
