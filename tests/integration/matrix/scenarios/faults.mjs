// Scenarios about what goes wrong: bytes cut anywhere, refusals, faults inside streams, clients
// that leave.
import { need, same } from '../strict.mjs';
import { half_of_plain, refuses, shape, split_at, stream_until } from '../stage.mjs';
import { note } from '../notes.mjs';
import { stream_shape, refusal as refusal_shape } from '../shape.mjs';

const pieces = ['naïve 日', '本語 🚀'];
const hello = pieces.join('');
const offsets_at_once = 16;

async function check_split(cell, offset) {
  const part = cell.another();
  try {
    const { answer } = await part.ask(part.talk('Greet.'), split_at('hello', offset));
    same(answer.text, hello, `cut at byte ${offset}`);
    same(answer.usage.output, 7, `usage, cut at byte ${offset}`);
  } finally {
    part.leave();
  }
}

/** 0 stands for byte by byte; then each byte of the frames that bring text and each fifth other. */
function offsets_of(frames) {
  const offsets = [0];
  const brings_text = frames.map((frame) => {
    const inner = /"bytes":"([^"]+)"/.exec(frame.toString('latin1'));
    const said = inner ? Buffer.from(inner[1], 'base64').toString() : frame.toString();
    return pieces.some((piece) => said.includes(`"${piece}"`));
  });
  let at = 0;
  frames.forEach((frame, index) => {
    for (let offset = 0; offset < frame.length; offset += 1) {
      const byte = at + offset;
      if (byte > 0 && (brings_text[index] || byte % 5 === 0)) offsets.push(byte);
    }
    at += frame.length;
  });
  return offsets;
}

async function unicode(cell) {
  if (!cell.stream) {
    const { answer } = await cell.ask(cell.talk('Greet.'), shape('hello'));
    same(answer.text, hello, 'the text');
    same(answer.usage, { prompt: 12, output: 7, cache_read: 0, cache_write: 0 }, 'usage');
    return;
  }
  const offsets = offsets_of(stream_shape(cell.column, 'hello').frames);
  const worker = async () => {
    while (offsets.length > 0) await check_split(cell, offsets.shift());
  };
  await Promise.all(Array.from({ length: offsets_at_once }, worker));
}

// What the client sees of each refusal: status, and Anthropic's type.
const classes = {
  400: { status: 400, type: 'invalid_request_error' },
  401: { status: 502, type: 'api_error', credential: true },
  404: { status: 404, type: 'not_found_error' },
  413: { status: 413, type: 'request_too_large' },
  429: { status: 429, type: 'rate_limit_error' },
  500: { status: 500, type: 'api_error' },
  503: { status: 503, type: 'overloaded_error' },
  529: { status: 529, type: 'overloaded_error' },
  overflow: { status: 400, type: 'invalid_request_error' },
};

const words_of = (body) => body.error?.message ?? body.message ?? body.error;

const refusal_scenario = (name) => async (cell) => {
  const got = await cell.ask_any(cell.talk('Hello.'), refuses(name));
  const said = refusal_shape(cell.column, name);
  const expected = classes[name];
  const translated = !cell.same_protocol;
  const anthropic = cell.client.id === 'anthropic';
  need(got.error, `no error reached the client: ${got.text.slice(0, 300)}`);
  same(got.status, expected.status, `status; ${got.text.slice(0, 400)}`);
  if (name === '429') same(got.headers['retry-after'], '17', 'retry-after');
  if (expected.credential) {
    need(!/sk-provider/.test(got.text), 'the credential is not shown');
    return undefined;
  }
  if (!translated && !cell.column.framed) {
    same(JSON.parse(got.text), said.body, 'the provider\'s own body, as it is');
    return undefined;
  }
  if (anthropic && translated) same(got.error.type, expected.type, 'the type');
  const { error_types } = cell.client;
  if (error_types) same(got.error.type, error_types[expected.status], 'the type');
  if (got.error.status) same(got.error.status, expected.status, 'the status in the body');
  if (name === 'overflow') {
    if (anthropic && !got.error.message.startsWith('prompt is too long: 210000')) {
      need(/^prompt is too long: \d+ tokens > \d+ maximum \(capability_rejected: prompt_too_long\)/
        .test(got.error.message), got.error.message);
    }
    if (!anthropic && !error_types) same(got.error.code, 'context_length_exceeded', 'the code');
    if (!error_types) return undefined;
  }
  need(got.error.message.includes(words_of(said.body)), `the provider's words: ${
    got.error.message}`);
  return undefined;
};

async function fault_early(cell) {
  if (!cell.stream) return note('streams_only');
  const got = await cell.ask_any(cell.talk('Hello.'), shape('fault_early'));
  need(got.status >= 429, `a true status, not ${got.status}: ${got.text.slice(0, 300)}`);
  need(got.error.message.length > 0, 'a message');
  return undefined;
}

async function fault_late(cell) {
  if (!cell.stream) return note('streams_only');
  const got = await cell.ask_any(cell.talk('Hello.'), shape('fault_late'));
  same(got.status, 200, 'the stream had begun');
  same(got.answer.text, 'Half an ans', 'what came before');
  need(got.answer.error?.message, 'the stream ends with an error');
  return undefined;
}

async function cut(cell) {
  if (!cell.stream) {
    const got = await cell.ask_any(cell.talk('Hello.'), half_of_plain('hello'));
    same(got.status, 502, got.text.slice(0, 300));
    return;
  }
  for (const then of ['cut', 'reset']) {
    const got = await cell.ask_any(cell.talk('Hello.'), stream_until('hello', 'naïve', then));
    same(got.status, 200, `${then}: the stream had begun`);
    need(hello.startsWith(got.answer.text) && got.answer.text.startsWith('naïve'),
      `${then}: what came before: ${got.answer.text}`);
    need(got.answer.error?.message, `${then}: the stream ends with an error`);
  }
}

const leave_limit_ms = 1000; // a busy machine; the fault tests measure the promised 100 ms

async function abort(cell) {
  const answered = (response) => {
    if (response.status !== 200 || !cell.stream) throw new Error(`answered ${response.status}`);
    return response;
  };
  const stalls = cell.stream ? stream_until('hello', 'naïve', 'stall') : () => {};
  const talk = cell.talk('Hello.');
  let heard;
  const content = new Promise((resolve) => { heard = resolve; });
  if (!cell.stream) {
    const asked = cell.begin(talk, (context) => { heard(); return stalls(context); });
    await Promise.race([content, asked.then(answered)]);
    asked.catch(() => {});
    cell.asking.destroy();
  } else {
    const response = answered(await cell.begin(talk, stalls));
    response.on_text((text) => { if (text.includes('na')) heard(); });
    await content;
    cell.asking.destroy();
  }
  const since = performance.now();
  const took = await cell.exchanges[0].left_after(since, 10000);
  need(took < leave_limit_ms, `the provider saw the close after ${Math.round(took)} ms`);
}

const refusal_titles = { 400: 'bad request (400)', 401: 'credential refused (401)',
  404: 'not found (404)', 413: 'too large (413)', 429: 'rate limit (429 with retry-after)',
  500: 'provider fault (500)', 503: 'unavailable (503)', 529: 'overloaded (529)',
  overflow: 'prompt longer than the context' };

export const scenarios = [
  { id: 'unicode', title: 'Stream cut anywhere, also inside characters (CJK, emoji)',
    run: unicode, slow: true },
  ...Object.keys(refusal_titles).sort().map((name) => ({ id: `error_${name}`,
    title: `Refused before the stream: ${refusal_titles[name]}`, run: refusal_scenario(name) })),
  { id: 'fault_early', title: 'Fault in the stream before content', run: fault_early },
  { id: 'fault_late', title: 'Fault in the stream after content', run: fault_late },
  { id: 'cut', title: 'Provider cuts the answer', run: cut },
  { id: 'abort', title: 'Client leaves: the provider sees the close', run: abort },
];
