// One cell of the matrix: a client protocol, a provider protocol, streamed or not, one scenario.
// It asks as that client, has the provider say what the scenario wants, and reads both sides
// strictly; the scenario then compares.
import http from 'node:http';
import { master_key } from '../lib/tollgate.mjs';
import { parse_events } from '../lib/http_bytes.mjs';
import { column_for, model_for, name_for } from './columns.mjs';
import { need, same } from './strict.mjs';

const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

/** Sends bytes, resolves with the answer's head at once and its body when it is there. */
function send(url, headers, body, on_request) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', agent, headers: {
      ...headers, 'content-length': Buffer.byteLength(body) } });
    on_request(request);
    request.on('error', reject);
    request.on('response', (response) => {
      const pieces = [];
      const listeners = [];
      response.on('data', (piece) => {
        pieces.push(piece);
        for (const listener of listeners) listener(Buffer.concat(pieces).toString('utf8'));
      });
      // Bytes: an event stream is no text.
      const whole = new Promise((done) => {
        response.on('end', () => done(Buffer.concat(pieces)));
        response.on('error', () => done(undefined));
        response.on('close', () => done(undefined));
      });
      resolve({ status: response.statusCode, headers: response.headers, whole,
        on_text: (listener) => {
          listeners.push(listener);
          listener(Buffer.concat(pieces).toString('utf8'));
        } });
    });
    request.end(body);
  });
}

export class Cell {
  constructor(stage, client, column, stream) {
    Object.assign(this, { stage, client, stream, column: column_for(column, client),
      table_column: column, replies: [], exchanges: [] });
    this.marker = stage.add(this);
  }

  /** A conversation that begins with this; parts or a text. */
  talk(first, more = {}) {
    const parts = typeof first === 'string' ? [{ text: first }] : first;
    const marked = [{ text: `${this.marker} ${parts[0].text}` }, ...parts.slice(1)];
    return { model: name_for(this.column, more), stream: this.stream,
      history: [{ role: 'user', parts: marked }], ...more };
  }

  get same_protocol() { return this.column.family === this.client.id; }

  async begin(talk, ...replies) {
    this.replies = replies;
    this.exchanges = [];
    this.asked = talk;
    const body = JSON.stringify(this.client.write_request(talk));
    this.sent = body;
    const { path, credential = bearer } = this.client;
    return send(`${this.stage.gateway.url}${typeof path === 'function' ? path(talk) : path}`,
      { 'content-type': 'application/json', ...credential(master_key), ...this.client.headers,
        ...talk.headers },
      body, (request) => { this.asking = request; });
  }

  /** A cell of the same place for one more question at the same time; leave() when done. */
  another() { return new Cell(this.stage, this.client, this.table_column, this.stream); }

  leave() { this.stage.remove(this); }

  /** Asks and reads the answer, whatever its status: {status, headers, answer or error}. */
  async ask_any(talk, ...replies) {
    const response = await this.begin(talk, ...replies);
    const bytes = await response.whole;
    const text = bytes?.toString('utf8');
    this.answered = text;
    need(bytes !== undefined, 'the gateway cut its answer');
    need(response.headers['x-request-id'], 'every answer has x-request-id');
    const type = response.headers['content-type'];
    const got = { status: response.status, headers: response.headers, text, bytes,
      dropped: (response.headers['x-tollgate-dropped'] ?? '').split(',')
        .map((one) => one.trim()).filter(Boolean) };
    if (response.status !== 200) {
      got.error = this.client.read_error(JSON.parse(text), response.headers);
      return got;
    }
    const { stream_type = 'text/event-stream', read_frames = read_events } = this.client;
    need(type.startsWith(talk.stream ? stream_type : 'application/json'), `type ${type}`);
    // What a provider of the same protocol said is passed on with what it left out.
    const relayed = this.same_protocol && !this.column.framed;
    got.answer = talk.stream ? this.client.read_stream(read_frames(bytes), { relayed })
      : this.client.read_plain(JSON.parse(text), { relayed });
    return got;
  }

  /** Asks, expects a good answer: {answer, view, dropped}; view is what the provider was asked. */
  async ask(talk, ...replies) {
    const got = await this.ask_any(talk, ...replies);
    need(got.status === 200, `status ${got.status}: ${got.text.slice(0, 600)}`);
    need(!got.answer.error, `an error in the stream: ${JSON.stringify(got.answer.error)}`);
    // A provider of the same protocol may not say it.
    if (this.client.knows.model !== false && (!this.same_protocol || got.answer.model)) {
      same(got.answer.model, talk.model, 'the model is called as the client called it');
    }
    same(this.exchanges.length, 1, 'calls to the provider');
    if (this.same_protocol && this.client.relayed_bytes) await this.assert_relayed(got.bytes);
    return { ...got, view: this.view(0) };
  }

  /** Not a byte is lost or added on the way, in either direction. */
  async assert_relayed(bytes) {
    const [exchange] = this.exchanges;
    // The client may have all of it before the provider's side has ended.
    await exchange.done;
    const { request, response } = exchange;
    need(without_marks(request.body) === this.sent, 'the request is relayed as it is');
    const { relayed_bytes } = this.client;
    same(relayed_bytes(bytes, this.stream), relayed_bytes(response.body, this.stream),
      'the answer is relayed as it is');
  }

  /** Call `index` to the provider, checked to be one that this provider accepts. */
  view(index) {
    const exchange = this.exchanges[index];
    need(exchange, `call ${index} to the provider`);
    const { headers, path, raw } = exchange.request;
    const { model } = model_for(this.column, this.asked);
    need(this.column.path(model).test(path), `the provider's path: ${path}`);
    const { credential } = this.column;
    if (typeof credential === 'function') credential(exchange.request);
    for (const [name, pattern] of Object.entries(credential)) {
      need(pattern.test(headers[name] ?? ''), `the header ${name}: ${headers[name]}`);
    }
    need(!raw.includes(master_key), 'the client\'s key reached the provider');
    for (const name of Object.keys(headers)) {
      need(this.column.family === 'anthropic' || !name.startsWith('anthropic-'),
        `header ${name} is not for this provider`);
    }
    const view = this.column.protocol.read_request(exchange, this.column.request);
    same(view.stream || exchange.request.path.includes('-stream')
      || /:stream/.test(path), this.stream, 'streamed or not, as the client asked');
    if (view.model !== undefined) same(view.model, model, 'the model at the provider');
    return view;
  }

  /** For a failed cell's report. */
  excerpt(limit = 2500) {
    const calls = this.exchanges.map((exchange) => exchange.excerpt(limit)).join('\n');
    return `client sent ${this.sent?.slice(0, limit)}\n${calls}\n`
      + `client got ${this.answered?.slice(0, limit)}`;
  }
}

/** A long prompt may get marks for prompt caches where the client set none, but nothing else. */
function without_marks(body) {
  const text = body.toString('utf8');
  const pieces = text.split(',{"cachePoint":{"type":"default"}}');
  return pieces.length <= 5 && text.length > 4096 ? pieces.join('') : text;
}

const bearer = (key) => ({ authorization: `Bearer ${key}` });

/** Frames of a stream; it must end with a whole one. */
function read_events(bytes) {
  const text = bytes.toString('utf8');
  need(text === '' || /\n\n$/.test(text), `the stream ends inside a frame: ${text.slice(-200)}`);
  return parse_events(text);
}
