// What a provider can do wrong, as values for Tap.next() and Tap.each().
// A fault is a function of {answer, exchange, relay, socket}; it writes what the gateway shall see.
import zlib from 'node:zlib';
import { format_chunk, format_head, last_chunk } from './http_bytes.mjs';

const reasons = { 200: 'OK', 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden',
  404: 'Not Found', 413: 'Content Too Large', 422: 'Unprocessable Content',
  429: 'Too Many Requests', 500: 'Internal Server Error', 502: 'Bad Gateway',
  503: 'Service Unavailable', 529: 'Overloaded' };

const status_line = (status) => `HTTP/1.1 ${status} ${reasons[status] ?? 'Answer'}`;

export function plain_answer(status, text, headers = {}) {
  const body = Buffer.from(text);
  return Buffer.concat([format_head(status_line(status), { 'content-type': 'text/plain',
    ...headers, 'content-length': body.length }), body]);
}

const stream_head = (headers = {}) => format_head(status_line(200), {
  'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache',
  'transfer-encoding': 'chunked', ...headers });

/** Copies a provider's answer to the gateway piece by piece, chunked unless it has a length. */
export async function relay_response(response, answer, { method, on_head, on_piece }) {
  const headers = {};
  for (let i = 0; i < response.rawHeaders.length; i += 2) {
    const name = response.rawHeaders[i].toLowerCase();
    if (!['connection', 'keep-alive', 'transfer-encoding'].includes(name)) {
      headers[name] = response.rawHeaders[i + 1];
    }
  }
  const bodyless = method === 'HEAD' || response.statusCode === 204;
  const chunked = !bodyless && (on_piece || headers['content-length'] === undefined);
  if (chunked) {
    delete headers['content-length'];
    headers['transfer-encoding'] = 'chunked';
  }
  on_head?.(headers, response);
  answer.write(format_head(status_line(response.statusCode), headers));
  let index = 0;
  for await (const piece of response) {
    let bytes = piece;
    if (on_piece) {
      bytes = await on_piece(piece, index);
      index += 1;
      if (bytes === false) return;
    }
    answer.write(chunked ? format_chunk(bytes) : bytes);
    await answer.drained();
  }
  if (chunked) answer.write(last_chunk);
  answer.finish();
}

// Errors as providers word them.
export const anthropic_error = (type, message) =>
  JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_from_provider' });
export const openai_error = (type, message, code = null) =>
  JSON.stringify({ error: { message, type, param: null, code } });

/** A whole answer with a length. body: string, Buffer or a value to be written as JSON. */
export const answers = (status, body, headers = {}) => ({ answer }) => {
  const raw = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const bytes = Buffer.from(raw);
  answer.write(Buffer.concat([format_head(status_line(status), {
    'content-type': 'application/json', ...headers, 'content-length': bytes.length }), bytes]));
  answer.finish();
};

const error_types = { 400: 'invalid_request_error', 401: 'authentication_error',
  403: 'permission_error', 404: 'not_found_error', 413: 'request_too_large',
  429: 'rate_limit_error', 500: 'api_error', 529: 'overloaded_error' };

/** An error in the wording of the protocol of the path that was called. */
export const fails = (status, message, headers = {}) => (context) => {
  const anthropic = context.exchange.request.path.includes('/messages');
  const type = error_types[status] ?? 'api_error';
  const body = anthropic ? anthropic_error(type, message) : openai_error(type, message);
  return answers(status, body, headers)(context);
};

export const resets = () => ({ answer }) => answer.reset();

/** Closes in an orderly way without a byte. */
export const hangs_up = () => ({ answer }) => answer.finish({ close: true });

/** Takes the request and says nothing until the gateway leaves. */
export const stalls_before_headers = () => () => {};

export const stalls_after_headers = () => ({ answer }) => { answer.write(stream_head()); };

export const garbage = () => ({ answer }) => {
  answer.write(Buffer.from([0x16, 0x03, 0x01, 0x00, 0xff, 0xfe, 0x0d, 0x0a, 0x0d, 0x0a]));
  answer.finish({ close: true });
};

/** 200 and a body of that type which is no JSON and no events. */
export const nonsense_body = (content_type = 'application/json') => ({ answer }) => {
  answer.write(plain_answer(200, '<html>not what you asked for</html>',
    { 'content-type': content_type }));
  answer.finish();
};

/** Streams these events; then ends, unless told to 'stall', 'reset' or 'cut' (no last chunk). */
export const streams = (events, { then = 'end', headers } = {}) => async ({ answer }) => {
  answer.write(stream_head(headers));
  for (const event of events) {
    answer.write(format_chunk(typeof event === 'string' || Buffer.isBuffer(event)
      ? event : sse(event)));
    await answer.drained();
  }
  end_as(answer, then);
};

function end_as(answer, then) {
  if (then === 'end') {
    answer.write(last_chunk);
    answer.finish();
  } else if (then === 'cut') answer.finish({ close: true });
  else if (then === 'reset') answer.reset();
  else if (then !== 'stall') throw new Error(`unknown ending ${then}`);
}

/** One event's text: Anthropic style when the value has a type, OpenAI style otherwise. */
export function sse(value) {
  if (value === '[DONE]') return 'data: [DONE]\n\n';
  const name = value.type && !value.object ? `event: ${value.type}\n` : '';
  return `${name}data: ${JSON.stringify(value)}\n\n`;
}

/** The provider's true stream, ended after so many bytes of body: 'cut', 'reset' or 'stall'. */
export const stops_after_bytes = (limit, then = 'cut') => async ({ answer, relay }) => {
  let passed = 0;
  let over = false;
  await relay({ on_piece: (piece) => {
    if (over) return false;
    const room = limit - passed;
    passed += piece.length;
    if (piece.length < room) return piece;
    over = true;
    answer.write(format_chunk(piece.subarray(0, room)));
    end_as(answer, then);
    return false;
  } });
  if (!over) throw new Error(`the provider's stream ended before ${limit} bytes`);
};

/** The provider's true stream up to the event in which that byte is, then this event, then end. */
export const event_after_bytes = (limit, event) => async ({ answer, relay }) => {
  const pieces = [];
  const nowhere = { write: () => true, drained: async () => {}, finish() {} };
  await relay({ sink: nowhere, on_piece: (piece) => { pieces.push(piece); return piece; } });
  const whole = Buffer.concat(pieces);
  const end = whole.indexOf('\n\n', limit) + 2;
  if (end < 2) throw new Error(`the provider's stream ended before ${limit} bytes`);
  await streams([whole.subarray(0, end), event])({ answer });
};

/** The provider's true answer, but in pieces of so many bytes, which splits UTF-8 anywhere. */
export const in_pieces_of = (size) => async ({ answer, relay }) => relay({
  on_piece: async (piece) => {
    for (let at = 0; at + size < piece.length; at += size) {
      answer.write(format_chunk(piece.subarray(at, at + size)));
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    const rest = piece.length % size || size;
    return piece.subarray(Math.max(0, piece.length - rest));
  } });

// Node 20 has no zstd encoder; a frame of raw blocks is as valid a frame as a compressed one.
function zstd_raw_frame(bytes) {
  const block_bytes_max = 64 * 1024;
  const parts = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58])];
  for (let at = 0; at === 0 || at < bytes.length; at += block_bytes_max) {
    const data = bytes.subarray(at, at + block_bytes_max);
    const last = at + block_bytes_max >= bytes.length ? 1 : 0;
    const header = Buffer.alloc(3);
    header.writeUIntLE(last | (data.length << 3), 0, 3);
    parts.push(header, data);
  }
  return Buffer.concat(parts);
}

const encoders = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync ?? zstd_raw_frame };

export const codings = Object.keys(encoders);

/** The provider's true answer under a content coding, whole, though identity was asked for. */
export const encoded = (coding) => async ({ answer, relay }) => {
  const pieces = [];
  let head;
  const nowhere = { write: () => true, drained: async () => {}, finish() {} };
  await relay({ sink: nowhere, on_head: (headers) => { head = { ...headers }; },
    on_piece: (piece) => { pieces.push(piece); return piece; } });
  const body = encoders[coding](Buffer.concat(pieces));
  delete head['transfer-encoding'];
  answer.write(format_head(status_line(200), { ...head, 'content-encoding': coding,
    'content-length': body.length }));
  answer.write(body);
  answer.finish();
};

/** The provider's true answer with a trailer field after the last chunk. */
export const with_trailers = () => async ({ answer, relay }) => {
  const trailer = Buffer.from('0\r\nx-checksum: none\r\n\r\n');
  const sink = { write: (bytes) => answer.write(bytes === last_chunk ? trailer : bytes),
    drained: () => answer.drained(), finish: () => answer.finish() };
  await relay({ sink, on_head: (headers) => { headers.trailer = 'x-checksum'; },
    on_piece: (piece) => piece });
};

/** A full keep-alive answer now; the connection is dropped as soon as it is used again. */
export const closes_when_reused = () => async ({ relay, socket }) => {
  await relay({});
  socket.removeAllListeners('data');
  socket.on('data', () => socket.destroy());
};

/** Holds the true answer back until the promise resolves. */
export const after = (promise, then_fault) => async (context) => {
  await promise;
  return then_fault ? then_fault(context) : context.relay({});
};
