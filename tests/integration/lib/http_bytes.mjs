// Raw HTTP/1.1 bytes: cutting requests out of a byte stream, and building answers byte by byte.
// Used where a test must see or send exactly what is on the wire, so no HTTP library is involved.

const head_end = Buffer.from('\r\n\r\n');

/** Parses a head (start line and header lines) into its parts. Names are kept and lower-cased. */
export function parse_head(bytes) {
  const lines = bytes.toString('latin1').split('\r\n').filter((line) => line.length > 0);
  const raw_headers = lines.slice(1).map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const headers = {};
  for (const [name, value] of raw_headers) {
    const key = name.toLowerCase();
    headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
  }
  return { start_line: lines[0], raw_headers, headers };
}

/** Undoes chunked coding. Returns undefined while incomplete, else {body, used, trailers}. */
export function decode_chunked(bytes, from = 0) {
  const parts = [];
  let at = from;
  for (;;) {
    const line_end = bytes.indexOf('\r\n', at);
    if (line_end < 0) return undefined;
    const size = parseInt(bytes.toString('latin1', at, line_end).split(';')[0], 16);
    if (Number.isNaN(size)) throw new Error(`bad chunk size at byte ${at}`);
    at = line_end + 2;
    if (size === 0) break;
    if (bytes.length < at + size + 2) return undefined;
    parts.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
  const trailers = {};
  for (;;) {
    const line_end = bytes.indexOf('\r\n', at);
    if (line_end < 0) return undefined;
    const line = bytes.toString('latin1', at, line_end);
    at = line_end + 2;
    if (line === '') return { body: Buffer.concat(parts), used: at, trailers };
    const colon = line.indexOf(':');
    trailers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
}

/** Cuts requests out of what arrives on one connection; on_request gets each as it completes. */
export class RequestCutter {
  constructor(on_request, on_head = () => {}) {
    this.pieces = [];
    this.size = 0;
    this.needed = 0;
    this.on_request = on_request;
    this.on_head = on_head;
    this.head_seen = false;
  }

  push(piece) {
    this.pieces.push(piece);
    this.size += piece.length;
    // Joining at every piece would be quadratic for large bodies, so wait for the known length.
    while (this.size > 0 && this.size >= this.needed) {
      const bytes = this.pieces.length === 1 ? this.pieces[0] : Buffer.concat(this.pieces);
      this.pieces = [bytes];
      if (!this.cut(bytes)) return;
    }
  }

  cut(bytes) {
    const end = bytes.indexOf(head_end);
    if (end < 0) return this.wait_for(bytes.length + 1);
    const head = bytes.subarray(0, end + 4);
    const parsed = parse_head(head);
    if (!this.head_seen) this.on_head(parsed);
    this.head_seen = true;
    let used = end + 4;
    let body = Buffer.alloc(0);
    if (/chunked/i.test(parsed.headers['transfer-encoding'] ?? '')) {
      const decoded = decode_chunked(bytes, used);
      if (decoded === undefined) return this.wait_for(bytes.length + 1);
      ({ body, used } = decoded);
    } else {
      const length = Number(parsed.headers['content-length'] ?? 0);
      if (bytes.length < used + length) return this.wait_for(used + length);
      body = bytes.subarray(used, used + length);
      used += length;
    }
    const rest = bytes.subarray(used);
    this.pieces = rest.length > 0 ? [rest] : [];
    this.size = rest.length;
    this.needed = 0;
    this.head_seen = false;
    const [method, path] = parsed.start_line.split(' ');
    this.on_request({ ...parsed, method, path, raw: bytes.subarray(0, used), head, body });
    return true;
  }

  wait_for(size) {
    this.needed = size;
    return false;
  }
}

export function format_head(start_line, headers) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${start_line}\r\n${lines.join('')}\r\n`, 'latin1');
}

export function format_chunk(data) {
  const bytes = Buffer.from(data);
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes,
    Buffer.from('\r\n')]);
}

export const last_chunk = Buffer.from('0\r\n\r\n');

/** Splits the bytes of a server-sent-event stream into {event, data} pairs. */
export function parse_events(text) {
  const events = [];
  for (const block of text.replace(/\r\n?/g, '\n').split('\n\n')) {
    let event;
    const data = [];
    for (const line of block.split('\n')) {
      if (line.startsWith('event:')) event = line.slice(6).trim();
      if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
    }
    if (data.length === 0) continue;
    const joined = data.join('\n');
    let json;
    try { json = JSON.parse(joined); } catch { json = undefined; }
    events.push({ event, data: joined, json });
  }
  return events;
}
