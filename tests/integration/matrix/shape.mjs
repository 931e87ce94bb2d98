// Recorded provider shapes: what providers document or were seen to say, kept as files in
// shapes/<provider>/, read into the bytes that go over the wire.
//   NAME.stream.sse / .ndjson   the body of a stream as it is
//   NAME.stream.events          Bedrock: one event per line, `type {json}`; framed here
//   NAME.plain.json             the body of an answer that is no stream
//   errors.json                 refusals by name: {status, headers, body}
//   stream_errors.json          what ends a stream, by class, in the words of the stream's file
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { encode_frame } from './event_stream.mjs';

const folder = path.join(path.dirname(new URL(import.meta.url).pathname), 'shapes');
const types = { sse: 'text/event-stream; charset=utf-8', ndjson: 'application/x-ndjson',
  events: 'application/vnd.amazon.eventstream', json: 'application/json' };

const known = new Map();

function load(column, key, make) {
  const name = `${column.id} ${key}`;
  if (!known.has(name)) known.set(name, make());
  return known.get(name);
}

function find(column, names) {
  for (const shapes of column.shapes) {
    for (const name of names) {
      const file = path.join(folder, shapes, name);
      if (existsSync(file)) return { text: readFileSync(file, 'utf8'),
        ending: name.split('.').pop() };
    }
  }
  throw new Error(`no recorded shape ${names} in ${column.shapes}`);
}

const sse_frames = (text) => text.split(/(?<=\n\n)/).filter((frame) => frame.trim())
  .map((frame) => Buffer.from(frame));
const line_frames = (text) => text.split(/(?<=\n)/).filter((frame) => frame.trim())
  .map((frame) => Buffer.from(frame));

const exception_line = /^!(\w+) (.*)$/s;
const event_frames = (text) => text.trim().split('\n').map((line) => {
  const exception = exception_line.exec(line);
  if (exception) {
    return encode_frame({ ':exception-type': exception[1], ':content-type': 'application/json',
      ':message-type': 'exception' }, exception[2]);
  }
  const [, type, payload] = /^(\w+) (.*)$/s.exec(line);
  return encode_frame({ ':event-type': type, ':content-type': 'application/json',
    ':message-type': 'event' }, payload);
});

/** Anthropic's events inside InvokeModel's frames; a line `!type {json}` is an exception. */
export const invoke_frames = (text) => sse_frames(text).map((frame) => {
  const said = frame.toString();
  const exception = exception_line.exec(said.trim());
  if (exception) return event_frames(said.trim())[0];
  const json = /^data: (.*)$/m.exec(said)[1];
  return encode_frame({ ':event-type': 'chunk', ':content-type': 'application/json',
    ':message-type': 'event' },
  JSON.stringify({ bytes: Buffer.from(json).toString('base64'), p: 'abcdefgh' }));
});

const framers = { sse: sse_frames, ndjson: line_frames, events: event_frames };

/** {headers, frames} of a recorded stream. */
export function stream_shape(column, name) {
  return load(column, `stream ${name}`, () => {
    const { text, ending } = find(column, ['sse', 'ndjson', 'events']
      .map((one) => `${name}.stream.${one}`));
    const framer = column.framed ? invoke_frames : framers[ending];
    return { headers: { 'content-type': types[column.framed ? 'events' : ending] },
      frames: framer(text), framer };
  });
}

/** The same with another end: that of the class, if the provider knows it in streams. */
export function stream_fault(column, name, fault) {
  const all = load(column, 'stream errors', () =>
    JSON.parse(find(column, ['stream_errors.json']).text));
  if (!all[fault]) return undefined;
  const { headers, frames, framer } = stream_shape(column, name);
  return { headers, frames: [...frames.slice(0, -1), ...framer(all[fault])] };
}

/** {headers, body} of a recorded plain answer. */
export function plain_shape(column, name) {
  return load(column, `plain ${name}`, () => ({ headers: { 'content-type': types.json },
    body: Buffer.from(find(column, [`${name}.plain.json`]).text) }));
}

/** What stands before a provider says when it does not reach it: a page, in no protocol. */
const page = (status, words) => ({ status, headers: { 'content-type': 'text/html' },
  body: `<html><head><title>${status} ${words}</title></head><body>${words}</body></html>` });
const pages = { 502: page(502, 'Bad Gateway'), 504: page(504, 'Gateway Time-out') };

/** Whether the provider refuses so. */
export const has_refusal = (column, name) => name in pages || name in errors_of(column);

const errors_of = (column) => load(column, 'errors', () =>
  JSON.parse(find(column, ['errors.json']).text));

/** {status, headers, body} of a refusal. */
export function refusal(column, name) {
  if (pages[name]) return pages[name];
  const all = errors_of(column);
  if (!all[name]) throw new Error(`no refusal ${name} in ${column.shapes}`);
  return { headers: {}, ...all[name] };
}
