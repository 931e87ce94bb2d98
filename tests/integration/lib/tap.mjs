// A recording tap between the gateway and a provider.
// It keeps the raw bytes of every request and of every answer with their SHA-256, tells when the
// gateway left, and can answer with a fault instead of (or on top of) what the provider says.
import { createHash } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import { RequestCutter, decode_chunked, parse_events, parse_head } from './http_bytes.mjs';
import * as faults from './faults.mjs';

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** One request that reached the provider's side and what was answered. */
class Exchange {
  constructor(connection_id, request) {
    Object.assign(this, { connection_id, request, sent: [], finished: false });
    this.request.sha256 = sha256(request.raw);
    this.request.body_sha256 = sha256(request.body);
    this.arrived_at = performance.now();
    this.left_at = undefined; // when the gateway closed before the answer ended
    this.left = new Promise((resolve) => { this.mark_left = resolve; });
    this.done = new Promise((resolve) => { this.mark_done = resolve; });
  }

  /** Milliseconds from `since` until the gateway left this call; rejects if it stays. */
  async left_after(since, limit_ms = 10000) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the gateway did not leave the provider call `
        + `within ${limit_ms} ms`)), limit_ms);
    });
    try {
      return await Promise.race([this.left, late]) - since;
    } finally {
      clearTimeout(timer);
    }
  }

  get json() { return JSON.parse(this.request.body.toString('utf8')); }
  get response_raw() { return Buffer.concat(this.sent); }
  get response_sha256() { return sha256(this.response_raw); }

  /** The answer's status, headers and body (chunked coding undone), as far as it was sent. */
  get response() {
    const raw = this.response_raw;
    const end = raw.indexOf('\r\n\r\n');
    const head = parse_head(raw.subarray(0, end));
    let body = raw.subarray(end + 4);
    if (/chunked/i.test(head.headers['transfer-encoding'] ?? '')) {
      body = (decode_chunked(raw, end + 4) ?? { body }).body;
    }
    return { status: Number(head.start_line.split(' ')[1]), headers: head.headers, body };
  }

  get response_events() { return parse_events(this.response.body.toString('utf8')); }

  /** A short text for a failure report. */
  excerpt(limit = 600) {
    const { method, path, headers, body } = this.request;
    const shown = Object.entries(headers).filter(([name]) => !name.startsWith('x-stainless'))
      .map(([name, value]) => `${name}: ${value}`).join('; ').slice(0, 500);
    return `> ${method} ${path} [${shown}] ${body.toString('utf8').slice(0, limit)}\n`
      + `< ${this.response_raw.toString('utf8').slice(0, 2 * limit)}`;
  }
}

/** What faults and the plain relay write to; everything written is recorded. */
class Answer {
  constructor(socket, exchange) {
    this.socket = socket;
    this.exchange = exchange;
  }

  write(bytes) {
    if (this.socket.destroyed) return true;
    const copy = Buffer.from(bytes);
    this.exchange.sent.push(copy);
    return this.socket.write(copy);
  }

  finish({ close = false } = {}) {
    this.exchange.finished = true;
    this.exchange.mark_done();
    if (close) this.socket.end();
  }

  reset() {
    this.exchange.finished = true;
    this.exchange.mark_done();
    this.socket.resetAndDestroy();
  }

  drained() {
    if (this.socket.destroyed || !this.socket.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      this.socket.once('drain', resolve);
      this.socket.once('close', resolve);
    });
  }
}

export class Tap {
  /** provider_url may be undefined when every exchange is answered by a fault. */
  constructor(provider_url) {
    this.provider_url = provider_url;
    this.exchanges = [];
    this.waiters = [];
    this.queued = [];
    this.always = undefined;
    this.sockets = new Set();
    this.connections = 0;
    this.server = net.createServer((socket) => this.serve(socket));
  }

  static async start(provider_url) {
    const tap = new Tap(provider_url);
    await tap.listen(0);
    return tap;
  }

  async listen(port) {
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    this.port = this.server.address().port;
  }

  get url() { return `http://127.0.0.1:${this.port}`; }

  /** The next model call meets this fault (later calls the following ones, in order). */
  next(...list) { this.queued.push(...list); return this; }

  /** Every model call for which pick(exchange) returns a fault meets it. */
  each(pick) { this.always = pick; return this; }

  /** Forgets faults and recordings, keeps the port. */
  clear() {
    this.exchanges = [];
    this.queued = [];
    this.always = undefined;
    return this;
  }

  /** From now on connections are refused, as by a provider that is down. */
  async refuse() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async accept_again() {
    this.server = net.createServer((socket) => this.serve(socket));
    await this.listen(this.port);
  }

  async stop() {
    for (const socket of this.sockets) socket.destroy();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }

  /** Model calls only (POST, without token counting). */
  get calls() {
    return this.exchanges.filter((one) => one.request.method === 'POST'
      && !one.request.path.includes('count_tokens'));
  }

  /** Resolves with the nth (from 0) model call once it has arrived whole. */
  call(index, limit_ms = 10000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters = this.waiters.filter((one) => one !== check);
        reject(new Error(`no provider call ${index} within ${limit_ms} ms, have `
          + `${this.calls.length}`));
      }, limit_ms);
      const check = () => {
        if (this.calls.length <= index) return false;
        clearTimeout(timer);
        resolve(this.calls[index]);
        return true;
      };
      if (!check()) this.waiters.push(check);
    });
  }

  serve(socket) {
    this.sockets.add(socket);
    const connection_id = this.connections;
    this.connections += 1;
    socket.setNoDelay(true);
    let current;
    let order = Promise.resolve();
    const left = () => {
      this.sockets.delete(socket);
      if (current && !current.finished && current.left_at === undefined) {
        current.left_at = performance.now();
        current.mark_left(current.left_at);
        current.mark_done();
      }
    };
    socket.on('close', left);
    socket.on('end', left);
    socket.on('error', left);
    const cutter = new RequestCutter((request) => {
      order = order.then(() => {
        current = new Exchange(connection_id, request);
        return this.handle(socket, current);
      });
    });
    socket.on('data', (piece) => cutter.push(piece));
  }

  async handle(socket, exchange) {
    this.exchanges.push(exchange);
    const is_call = exchange.request.method === 'POST'
      && !exchange.request.path.includes('count_tokens');
    const fault = is_call ? this.always?.(exchange) ?? this.queued.shift() : undefined;
    this.waiters = this.waiters.filter((check) => !check());
    const answer = new Answer(socket, exchange);
    const relay = (options) => this.relay(exchange, answer, options);
    if (fault) await fault({ answer, exchange, relay, socket });
    else await relay({});
    await exchange.done;
  }

  /**
   * Passes the request to the provider and its answer back as it comes.
   * on_piece(bytes, index) may change a piece of the body or return false to stop there;
   * sink takes what would be written, where a fault wants it in its own hands.
   */
  relay(exchange, answer, { on_head, on_piece, sink = answer } = {}) {
    const { method, path, raw_headers, body } = exchange.request;
    const target = new URL(this.provider_url);
    const skipped = new Set(['transfer-encoding', 'content-length', 'connection', 'host']);
    const headers = raw_headers.filter(([name]) => !skipped.has(name.toLowerCase()));
    return new Promise((resolve) => {
      const upstream = http.request({ host: target.hostname, port: target.port, method, path,
        headers: Object.fromEntries([...headers, ['content-length', body.length]]),
        agent: false });
      exchange.left.then(() => { upstream.destroy(); resolve(); });
      upstream.on('error', (error) => {
        if (!exchange.finished && exchange.left_at === undefined) {
          answer.write(faults.plain_answer(502, `tap: provider failed: ${error.message}`));
          answer.finish({ close: true });
        }
        resolve();
      });
      upstream.on('response', (response) => {
        faults.relay_response(response, sink, { method, on_head, on_piece })
          .then(resolve, resolve);
      });
      upstream.end(body);
    });
  }
}
