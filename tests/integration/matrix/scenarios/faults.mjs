// Scenarios about what goes wrong: bytes cut anywhere, refusals, faults inside streams, clients
// that leave.
import { need, one_of, same } from '../strict.mjs';
import { ends_with, half_of_plain, refuses, shape, split_at, stream_until } from '../stage.mjs';
import { note } from '../notes.mjs';
import { stream_fault, stream_shape, has_refusal,
  refusal as refusal_shape } from '../shape.mjs';

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
  502: { status: 502, type: 'api_error' },
  504: { status: 504, type: 'timeout_error' },
  overflow: { status: 400, type: 'invalid_request_error' },
  policy: {},
};

const words_of = (body) => body.error?.message ?? body.message ?? body.error;

const refusal_scenario = (name) => async (cell) => {
  if (!has_refusal(cell.column, name)) return note('no_policy_refusal');
  const got = await cell.ask_any(cell.talk('Hello.'), refuses(name));
  const said = refusal_shape(cell.column, name);
  const expected = { status: said.status, ...classes[name] };
  const page = typeof said.body === 'string';
  const translated = !cell.same_protocol || page;
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
  if (anthropic && translated && expected.type) same(got.error.type, expected.type, 'the type');
  const { error_types } = cell.client;
  if (error_types?.[expected.status]) {
    same(got.error.type, error_types[expected.status], 'the type');
  }
  if (got.error.status) same(got.error.status, expected.status, 'the status in the body');
  if (name === 'overflow') {
    if (anthropic && !got.error.message.startsWith('prompt is too long: 210000')) {
      need(/^prompt is too long: \d+ tokens > \d+ maximum \(capability_rejected: prompt_too_long\)/
        .test(got.error.message), got.error.message);
    }
    if (!anthropic && !error_types) same(got.error.code, 'context_length_exceeded', 'the code');
    if (!error_types) return undefined;
  }
  if (page) need(!/[<>]/.test(got.error.message), `no page is quoted: ${got.error.message}`);
  else {
    need(got.error.message.includes(words_of(said.body)), `the provider's words: ${
      got.error.message}`);
  }
  return undefined;
};

// Faults inside streams: the statuses that stand for them before content, and after it what
// Anthropic calls them, what Bedrock does, and the status in Gemini's envelope.
const stream_classes = {
  rate_limited: { statuses: [429], anthropic: 'rate_limit_error',
    bedrock_converse: ['throttlingException'], gemini: [429] },
  overloaded: { statuses: [503, 529], anthropic: 'overloaded_error',
    bedrock_converse: ['serviceUnavailableException'], gemini: [503] },
  fault: { statuses: [500, 502], anthropic: 'api_error',
    bedrock_converse: ['internalServerException', 'modelStreamErrorException'],
    gemini: [500, 502] },
  timeout: { statuses: [504, 408], anthropic: 'timeout_error',
    bedrock_converse: ['modelTimeoutException'], gemini: [504] },
};

const fault_early = (fault) => async (cell) => {
  if (!cell.stream) return note('streams_only');
  if (!stream_fault(cell.column, 'fault_early', fault)) return note('no_such_fault');
  const got = await cell.ask_any(cell.talk('Hello.'), ends_with('fault_early', fault));
  const { statuses, anthropic } = stream_classes[fault];
  need(statuses.includes(got.status), `a true status, not ${got.status}: ${
    got.text.slice(0, 300)}`);
  need(got.error.message.length > 0, 'a message');
  if (cell.client.id === 'anthropic') same(got.error.type, anthropic, 'the type');
  const { error_types } = cell.client;
  if (error_types) same(got.error.type, error_types[got.status], 'the type');
  return undefined;
};

const fault_late = (fault) => async (cell) => {
  if (!cell.stream) return note('streams_only');
  if (!stream_fault(cell.column, 'fault_late', fault)) return note('no_such_fault');
  const got = await cell.ask_any(cell.talk('Hello.'), ends_with('fault_late', fault));
  same(got.status, 200, 'the stream had begun');
  same(got.answer.text, 'Half an ans', 'what came before');
  const { error } = got.answer;
  need(error?.message, 'the stream ends with an error');
  const classes = stream_classes[fault];
  if (cell.client.id === 'anthropic') same(error.type, classes.anthropic, 'the type');
  if (cell.client.id === 'gemini') one_of(error.status, classes.gemini, 'the status');
  if (cell.client.id === 'bedrock_converse') {
    one_of(error.type, classes.bedrock_converse, 'the exception');
  }
  return undefined;
};

/** No first byte in time: the client's own patience here, so that a cell takes a second. */
async function silent(cell) {
  const talk = cell.talk('Hello.', { headers: { 'x-tollgate-timeout': '1' } });
  const got = await cell.ask_any(talk, () => {});
  same(got.status, 504, got.text.slice(0, 300));
  await cell.exchanges[0].left_after(performance.now());
  return assert_ours(cell, got);
}

/** Nobody listens where the provider should be. */
async function unreachable(cell) {
  const got = await cell.ask_any(cell.talk('Hello.', { closed: true }));
  same(got.status, 503, got.text.slice(0, 300));
  same(cell.exchanges.length, 0, 'calls to the provider');
  return assert_ours(cell, got);
}

/** A failure that no provider has put into words. */
function assert_ours(cell, got) {
  const { error_types } = cell.client;
  if (error_types) same(got.error.type, error_types[got.status], 'the type');
  const types = { 503: 'overloaded_error', 504: 'timeout_error' };
  if (cell.client.id === 'anthropic') same(got.error.type, types[got.status], 'the type');
  need(got.error.message.length > 0, 'a message');
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

const fault_titles = { rate_limited: 'rate limit', overloaded: 'overloaded',
  fault: 'provider fault', timeout: 'timeout' };

const refusal_titles = { 400: 'bad request (400)', 401: 'credential refused (401)',
  404: 'not found (404)', 413: 'too large (413)', 429: 'rate limit (429 with retry-after)',
  500: 'provider fault (500)', 503: 'unavailable (503)', 529: 'overloaded (529)',
  502: 'bad gateway (502 with a page)', 504: 'gateway timeout (504 with a page)',
  overflow: 'prompt longer than the context', policy: 'content policy' };

export const scenarios = [
  { id: 'unicode', title: 'Stream cut anywhere, also inside characters (CJK, emoji)',
    run: unicode, slow: true },
  ...Object.keys(refusal_titles).sort().map((name) => ({ id: `error_${name}`,
    title: `Refused before the stream: ${refusal_titles[name]}`, run: refusal_scenario(name) })),
  ...Object.entries(fault_titles).flatMap(([fault, words]) => [
    { id: `early_${fault}`, title: `Fault in the stream before content: ${words}`,
      run: fault_early(fault) },
    { id: `late_${fault}`, title: `Fault in the stream after content: ${words}`,
      run: fault_late(fault) }]),
  { id: 'silent', title: 'Provider says nothing in time', run: silent, slow: true },
  { id: 'unreachable', title: 'Provider cannot be reached', run: unreachable },
  { id: 'cut', title: 'Provider cuts the answer', run: cut },
  { id: 'abort', title: 'Client leaves: the provider sees the close', run: abort },
];
