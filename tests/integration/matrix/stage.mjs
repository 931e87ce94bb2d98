// Everything that runs while the matrix is made: the mock, a tap before each provider protocol, one
// gateway, and the table of cells by marker, by which a request that reaches a tap finds its cell.
import { LLMock } from '@copilotkit/aimock';
import http from 'node:http';
import * as faults from '../lib/faults.mjs';
import { format_chunk, format_head, last_chunk } from '../lib/http_bytes.mjs';
import { Tap } from '../lib/tap.mjs';
import { Tollgate, free_port } from '../lib/tollgate.mjs';
import { deployments } from './columns.mjs';
import { invoke_frames, plain_shape, refusal, stream_fault, stream_shape } from './shape.mjs';

const marker_pattern = /TGM[0-9]+X/;

/** The marker is in the first user turn; a large prompt begins with it. */
function marker_of(text) {
  return marker_pattern.exec(text)?.[0];
}

const skipped = new Set(['transfer-encoding', 'content-length', 'connection', 'host']);

export class Stage {
  static async start(columns) {
    const stage = new Stage();
    stage.columns = columns;
    stage.cells = new Map();
    stage.markers = 0;
    stage.strays = [];
    stage.mock = new LLMock({ host: '127.0.0.1', port: 0, strict: true, latency: 0, chunkSize: 12,
      journalMaxEntries: 1 });
    stage.mock.on({ predicate: () => true },
      (request) => stage.cells.get(marker_of(JSON.stringify(request.messages)))?.mock_reply);
    await stage.mock.start();
    stage.taps = new Map();
    for (const column of columns) {
      const tap = await Tap.start(stage.mock.url);
      stage.taps.set(column.id, tap.each((exchange) => (context) =>
        stage.serve(column, exchange, context)));
    }
    const closed_url = `http://127.0.0.1:${await free_port()}`;
    stage.gateway = await Tollgate.start({
      model_list: columns.flatMap((column) =>
        deployments(column, stage.taps.get(column.id).url, closed_url)),
      // A cell sees its provider's first word: retries have tests of their own.
      router_settings: { num_retries: 0 },
    });
    // Whatever ends this process ends the gateway.
    process.once('exit', () => stage.gateway.child.kill('SIGKILL'));
    return stage;
  }

  add(cell) {
    this.markers += 1;
    const marker = `TGM${this.markers}X`;
    this.cells.set(marker, cell);
    return marker;
  }

  remove(cell) { this.cells.delete(cell.marker); }

  async serve(column, exchange, context) {
    const tap = this.taps.get(column.id);
    // What has been handed to its cell is kept there; the tap's own list would grow without end.
    tap.exchanges.splice(tap.exchanges.indexOf(exchange), 1);
    const cell = this.cells.get(marker_of(exchange.request.body.toString('latin1')));
    if (!cell) {
      this.strays.push(exchange.excerpt());
      return faults.fails(500, 'the matrix knows no such request')(context);
    }
    cell.exchanges.push(exchange);
    const reply = cell.replies.shift();
    if (!reply) return faults.fails(500, 'the matrix expected no request here')(context);
    try {
      return await reply({ ...context, stage: this, column: cell.column, cell,
        stream: asks_stream(exchange) });
    } catch (error) {
      cell.problem = error;
      return faults.fails(500, `the matrix: ${error.message}`)(context);
    }
  }

  /** Passes a request to the mock, perhaps in another form, and the answer back as it comes. */
  relay(exchange, answer, column) {
    const { method, path, raw_headers, body } = exchange.request;
    const plain = { path, headers: Object.fromEntries(raw_headers
      .filter(([name]) => !skipped.has(name.toLowerCase()))), body };
    const sent = column.to_mock?.(plain) ?? plain;
    const target = new URL(this.mock.url);
    return new Promise((resolve) => {
      const call = http.request({ host: target.hostname, port: target.port, method,
        path: sent.path, agent: false,
        headers: { ...sent.headers, 'content-length': sent.body.length } });
      call.on('error', (error) => {
        answer.write(faults.plain_answer(502, `mock: ${error.message}`));
        answer.finish({ close: true });
        resolve();
      });
      call.on('response', (response) => {
        const framed = column.framed && /event-stream/.test(response.headers['content-type']);
        (framed ? reframed(response, answer)
          : faults.relay_response(response, answer, { method })).then(resolve, resolve);
      });
      call.end(sent.body);
    });
  }

  async stop() {
    const problems = [];
    await this.gateway.stop().catch((error) => problems.push(error));
    for (const tap of this.taps.values()) await tap.stop();
    await this.mock.stop();
    if (problems.length > 0) throw problems[0];
  }
}

/** The mock's Anthropic events in InvokeModel's frames. */
async function reframed(response, answer) {
  const pieces = [];
  for await (const piece of response) pieces.push(piece);
  const frames = invoke_frames(Buffer.concat(pieces).toString('utf8'));
  await faults.streams(frames, { headers: {
    'content-type': 'application/vnd.amazon.eventstream' } })({ answer });
}

/** What the provider is asked for, by path or by field. */
function asks_stream(exchange) {
  if (/:stream|-stream|alt=sse/.test(exchange.request.path)) return true;
  return /"stream": ?true/.test(exchange.request.body.toString('latin1'));
}

// Replies: what a cell's next request to the provider is answered. Each is a function of
// {answer, exchange, stage, column, cell, stream}.

/** Said by the mock: what, in aimock's words. */
export const mock = (reply) => async ({ exchange, answer, stage, column, cell }) => {
  cell.mock_reply = reply;
  await stage.relay(exchange, answer, column);
};

const stream_head = (headers) => format_head('HTTP/1.1 200 OK', { ...headers,
  'transfer-encoding': 'chunked' });

/** A recorded shape, in the form that was asked for. */
export const shape = (name) => async (context) => {
  if (!context.stream) {
    const { headers, body } = plain_shape(context.column, name);
    return faults.answers(200, body, headers)(context);
  }
  const { headers, frames } = stream_shape(context.column, name);
  return faults.streams(frames, { headers })(context);
};

/** A recorded stream that ends as the class says. */
export const ends_with = (name, fault) => (context) => {
  const { headers, frames } = stream_fault(context.column, name, fault);
  return faults.streams(frames, { headers })(context);
};

/** A recorded refusal. */
export const refuses = (name) => (context) => {
  const { status, headers, body } = refusal(context.column, name);
  return faults.answers(status, body, headers)(context);
};

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** A recorded stream in two pieces, cut at that byte of its body; at 0 byte by byte. */
export const split_at = (name, offset) => async ({ column, answer }) => {
  const { headers, frames } = stream_shape(column, name);
  const body = Buffer.concat(frames);
  answer.write(stream_head(headers));
  if (offset > 0) {
    answer.write(format_chunk(body.subarray(0, offset)));
    await pause(1);
    answer.write(format_chunk(body.subarray(offset)));
  } else {
    for (let at = 0; at < body.length; at += 1) {
      answer.write(format_chunk(body.subarray(at, at + 1)));
      await new Promise((resolve) => { setImmediate(resolve); });
    }
  }
  answer.write(last_chunk);
  answer.finish();
};

/** How many of a stream's frames it takes until this text has been said. */
export function frames_until(column, name, text) {
  const { frames } = stream_shape(column, name);
  let said = '';
  const at = frames.findIndex((frame) => {
    const raw = frame.toString('latin1');
    const inner = /"bytes":"([^"]+)"/.exec(raw);
    said = inner ? Buffer.from(inner[1], 'base64').toString('utf8') : frame.toString('utf8');
    return said.includes(text);
  });
  if (at < 0) throw new Error(`${text} is in no frame of ${name} of ${column.id}`);
  return at + 1;
}

/** Of a stream, what comes until this text has been said; then 'cut', 'reset' or 'stall'. */
export const stream_until = (name, text, then) => (context) => {
  const { headers, frames } = stream_shape(context.column, name);
  return faults.streams(frames.slice(0, frames_until(context.column, name, text)),
    { headers, then })(context);
};

/** The first half of a plain answer, then the end of the connection. */
export const half_of_plain = (name) => ({ answer, column }) => {
  const { headers, body } = plain_shape(column, name);
  answer.write(format_head('HTTP/1.1 200 OK', { ...headers, 'content-length': body.length }));
  answer.write(body.subarray(0, Math.floor(body.length / 2)));
  answer.finish({ close: true });
};
