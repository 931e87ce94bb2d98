// A client that is nothing but a socket: it sends exactly the bytes it is told, when it is told.
import net from 'node:net';
import tls from 'node:tls';
import { decode_chunked, parse_head } from './http_bytes.mjs';
import { master_key } from './tollgate.mjs';

export class RawClient {
  static connect(port, { secure, ...options } = {}) {
    return new Promise((resolve, reject) => {
      const client = new RawClient();
      const ready = () => { socket.removeListener('error', reject); resolve(client); };
      const socket = secure ? tls.connect({ host: '127.0.0.1', port, ...options }, ready)
        : net.connect({ host: '127.0.0.1', port, ...options }, ready);
      socket.once('error', reject);
      client.attach(socket);
    });
  }

  attach(socket) {
    this.socket = socket;
    this.bytes = Buffer.alloc(0);
    this.waiters = [];
    this.closed = false;
    const check = () => { this.waiters = this.waiters.filter((waiter) => !waiter()); };
    socket.on('data', (piece) => { this.bytes = Buffer.concat([this.bytes, piece]); check(); });
    const over = () => { this.closed = true; check(); };
    socket.on('end', over);
    socket.on('close', over);
    socket.on('error', over);
  }

  send(bytes) { this.socket.write(bytes); return this; }

  /** Resolves with what take() returns once that is not undefined; null if the peer closed. */
  until(take, limit_ms = 10000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters = this.waiters.filter((one) => one !== check);
        reject(new Error(`nothing within ${limit_ms} ms, have: `
          + `${this.bytes.toString('latin1').slice(0, 500)}`));
      }, limit_ms);
      const check = () => {
        const taken = take();
        if (taken === undefined && !this.closed) return false;
        clearTimeout(timer);
        resolve(taken ?? null);
        return true;
      };
      if (!check()) this.waiters.push(check);
    });
  }

  /** The next whole answer: {status, headers, body, trailers}, or null if the peer closed. */
  response({ head_only = false, limit_ms } = {}) {
    return this.until(() => this.take_response(head_only), limit_ms);
  }

  take_response(head_only) {
    const end = this.bytes.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const head = parse_head(this.bytes.subarray(0, end));
    const status = Number(head.start_line.split(' ')[1]);
    let used = end + 4;
    let body = Buffer.alloc(0);
    let trailers = {};
    if (!head_only && status >= 200 && status !== 204 && status !== 304) {
      if (/chunked/i.test(head.headers['transfer-encoding'] ?? '')) {
        const decoded = decode_chunked(this.bytes, used);
        if (decoded === undefined) return undefined;
        ({ body, used, trailers } = decoded);
      } else {
        const length = Number(head.headers['content-length'] ?? 0);
        if (this.bytes.length < used + length) return undefined;
        body = this.bytes.subarray(used, used + length);
        used += length;
      }
    }
    this.bytes = this.bytes.subarray(used);
    return { status, headers: head.headers, body: body.toString('utf8'), trailers };
  }

  /** Resolves when the peer has closed; true if it did within the limit. */
  async closes(limit_ms = 10000) {
    try {
      await this.until(() => undefined, limit_ms);
      return true;
    } catch {
      return false;
    }
  }

  end() { this.socket.destroy(); }
}

/** A request as text. body may be empty. */
export function request_text(method, where, { headers = {}, body = '', key = master_key } = {}) {
  const all = { host: 'gateway.test', ...(key && { authorization: `Bearer ${key}` }),
    ...(body && { 'content-type': 'application/json',
      'content-length': Buffer.byteLength(body) }), ...headers };
  const lines = Object.entries(all).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${method} ${where} HTTP/1.1\r\n${lines}\r\n${body}`;
}

export const message_body = (text, more = {}) => JSON.stringify({ model: 'claude-sonnet',
  max_tokens: 50, messages: [{ role: 'user', content: text }], ...more });
