// Scenarios about what is said: text, pictures, documents, system words, limits.
import { need, same } from '../strict.mjs';
import { mock, shape } from '../stage.mjs';
import { note, refused_with } from '../notes.mjs';
import { small_pdf, small_png } from '../samples.mjs';

export const usage = { input: 1200, output: 34 };
export const mock_usage = { input_tokens: 1200, output_tokens: 34, prompt_tokens: 1200,
  completion_tokens: 34, total_tokens: 1234 };
export const says = (content, more = {}) => mock({ content, usage: mock_usage, ...more });

/** All that users said in a request, and all text anywhere in it. */
export const user_texts = (view) => view.turns.filter((turn) => turn.role === 'user')
  .flatMap((turn) => turn.parts.map((part) => part.text ?? '')).join('\n');

/** What the mock said arrived, with its figures; unknown figures are estimated, never zero. */
export function assert_said(cell, answer, text, stop = 'end') {
  same(answer.text, text, 'the text');
  same(answer.stop, cell.client.stops[stop], 'why it ended');
  if (cell.column.mock_tells_usage === false) {
    need(answer.usage.prompt > 0 && answer.usage.output > 0, 'usage is estimated, not zero');
  } else {
    same(answer.usage, { prompt: 1200, output: 34, cache_read: 0, cache_write: 0 }, 'usage');
  }
}

async function text(cell) {
  const talk = cell.talk('What is the answer?', { system: ['Be brief.', 'Be kind.'], limit: 777 });
  const { answer, view } = await cell.ask(talk, says('The answer is 42 – naïve, 日本語, 🚀.'));
  assert_said(cell, answer, 'The answer is 42 – naïve, 日本語, 🚀.');
  need(answer.calls.length === 0 && answer.thinking.length === 0, 'text and nothing else');
  if (answer.first_usage && !cell.same_protocol) {
    need(answer.first_usage.prompt > 0, 'a stream begins with the input tokens, never with zero');
  }
  need(user_texts(view).endsWith('What is the answer?'), 'the question reached the provider');
  need(/Be brief\.\s*Be kind\./.test(view.system.join('\n\n')), 'both system blocks, in order');
  same(view.limit, 777, 'the output limit');
}

async function image(cell) {
  const talk = cell.talk([{ text: 'What is this?' }, { image: small_png, type: 'image/png' }],
    { vision: true });
  const got = await cell.ask_any(talk, says('A dot.'));
  if (cell.column.cannot.image) return refused_with(cell, got, /image|picture/i, 'image');
  need(got.status === 200, got.text);
  assert_said(cell, got.answer, 'A dot.');
  const parts = cell.view(0).turns.at(-1).parts;
  const found = parts.find((part) => part.image);
  same(found?.image, small_png, 'the picture reached the provider');
  need(found.type === undefined || found.type === 'image/png', 'as a PNG');
  need(parts.some((part) => part.text?.includes('What is this?')), 'and the question with it');
  return undefined;
}

async function document(cell) {
  const talk = cell.talk([{ text: 'What does it say?' },
    { document: small_pdf, type: 'application/pdf', title: 'notes.pdf' }]);
  const got = await cell.ask_any(talk, says('Hello.'));
  if (cell.column.cannot.document && cell.same_protocol) {
    assert_said(cell, got.answer, 'Hello.');
    need(cell.exchanges[0].request.body.includes(small_pdf), 'the document is relayed');
    return note('relayed_as_is');
  }
  if (cell.column.cannot.document) {
    return refused_with(cell, got, /pdf|document|file/i, cell.column.cannot.document);
  }
  need(got.status === 200, got.text);
  assert_said(cell, got.answer, 'Hello.');
  const found = cell.view(0).turns.at(-1).parts.find((part) => part.document);
  same(found?.document, small_pdf, 'the document reached the provider');
  same(found.type, 'application/pdf', 'as a PDF');
  return undefined;
}

const notes = 'Die Zahl – 日本語 – ist 7.';

/** As a document or as words: what it says reaches every model, for each of them reads text. */
async function text_document(cell) {
  const talk = cell.talk([{ text: 'What is the number?' }, { type: 'text/plain', title: 'notes.txt',
    document: Buffer.from(notes).toString('base64') }]);
  const { answer } = await cell.ask(talk, says('Seven.'));
  assert_said(cell, answer, 'Seven.');
  const parts = cell.view(0).turns.at(-1).parts;
  const read = (part) => (part.document && part.type !== 'text' ? plain_of(part) : part.text) ?? '';
  need(parts.some((part) => read(part).includes(notes)),
    `its words reached the provider: ${JSON.stringify(parts).slice(0, 600)}`);
  need(parts.some((part) => part.text?.includes('What is the number?')), 'and the question');
}

const plain_of = (part) => (part.document === notes ? notes
  : Buffer.from(part.document, 'base64').toString('utf8'));

async function mid_system(cell) {
  if (cell.client.knows.mid_system === false) return note('client_no_mid_system');
  const talk = cell.talk('First question.', { system: ['Be brief.'] });
  talk.history.push({ role: 'assistant', parts: [{ text: 'First answer.' }] },
    { role: 'user', parts: [{ text: 'Second question.' }] },
    { role: 'system', text: 'From now on answer in French.' });
  const { answer, view } = await cell.ask(talk, says('Oui.'));
  assert_said(cell, answer, 'Oui.');
  const all = view.turns.map((turn) => turn.parts.map((part) => part.text).join('\n'));
  const where = all.findIndex((one) => one.includes('answer in French'));
  const second = all.findIndex((one) => one.includes('Second question.'));
  const in_system = view.system.join('\n').includes('answer in French');
  need(where >= second || in_system, 'the system words reached the provider');
  need(where >= second, 'in the place where they were said');
  return undefined;
}

async function stop_sequence(cell) {
  if (cell.client.knows.stop === false) return note('client_no_stop');
  const talk = cell.talk('Count.', { stop: ['###', 'END'] });
  const got = await cell.ask(talk, shape('stop'));
  const cut_here = cell.column.cannot.stop;
  if (!cut_here) same(got.view.stop, ['###', 'END'], 'the stop sequences reached the provider');
  else same(got.view.stop, undefined, 'no stop sequences for a model that refuses them');
  same(got.answer.text, 'one two ', 'the text before the stop sequence');
  const told = got.answer.stop === cell.client.stops.sequence && got.answer.stop_sequence === '###';
  need(told || got.answer.stop === cell.client.stops.end
    || got.answer.stop === cell.client.stops.sequence, `ended by ${got.answer.stop}`);
  const tells = cut_here || ['anthropic', 'bedrock_converse'].includes(cell.column.family);
  if (cell.client.knows.stop_sequence && tells) need(told, 'the client learns which one it was');
  return cut_here && note(cut_here);
}

const schema = { type: 'object', properties: { city: { type: 'string' },
  degrees: { type: 'integer' } }, required: ['city', 'degrees'], additionalProperties: false };

async function structured(cell) {
  const talk = cell.talk('The weather as JSON.', { schema });
  const json = '{"city":"Paris","degrees":21}';
  const { answer, view, dropped } = await cell.ask(talk, says(json));
  same(JSON.parse(answer.text), JSON.parse(json), 'the JSON reached the client');
  if (cell.column.cannot.structured) {
    need(dropped.length > 0 || view.format === 'json_object', 'what was left out is named');
    return note(cell.column.cannot.structured);
  }
  same(Object.keys(view.schema?.properties ?? {}), ['city', 'degrees'], 'the schema');
  same(view.schema.required, ['city', 'degrees'], 'its required fields');
  return undefined;
}

async function limit_reached(cell) {
  const talk = cell.talk('Tell me all.', { limit: 34 });
  const { answer, view } = await cell.ask(talk, cell.column.recorded_limit ? shape('limit')
    : says('Once upon a', { finishReason: 'length' }));
  same(view.limit, 34, 'the limit at the provider');
  assert_said(cell, answer, 'Once upon a', 'limit');
}

const megabyte = '0123456789abcde '.repeat(65536);

async function large(cell) {
  const talk = cell.talk(megabyte);
  const { answer, view } = await cell.ask(talk, says('Read it all.'));
  same(answer.text, 'Read it all.', 'the answer');
  need(user_texts(view).endsWith(megabyte), 'all of it reached the provider');
}

async function refusal(cell) {
  const talk = cell.talk('Do something bad.');
  if (cell.column.cannot.refusal) {
    const { answer } = await cell.ask(talk, says('I can\'t help with that.'));
    assert_said(cell, answer, 'I can\'t help with that.');
    return note(cell.column.cannot.refusal);
  }
  const { answer } = await cell.ask(talk, shape('refusal'));
  need(answer.stop === cell.client.stops.refusal || answer.refusal,
    `the client learns that it is a refusal: ${answer.stop}`);
  // A filter that steps in leaves little or nothing of the words.
  const blocked = cell.column.family === 'gemini' || cell.column.id === 'azure_chat';
  if (!blocked) {
    need([answer.text, answer.refusal].includes('I can\'t help with that.'),
      `its words: ${answer.text} ${answer.refusal}`);
  }
  same(answer.usage.prompt, 20, 'input tokens');
  return undefined;
}

async function cache(cell) {
  const talk = cell.talk('Again.');
  const { answer } = await cell.ask(talk, shape('cache'));
  same(answer.text, 'Cached.', 'the text');
  if (cell.column.cannot.cache) {
    same(answer.usage, { prompt: 960, cache_read: 0, cache_write: 0, output: 20 }, 'usage');
    return note(cell.column.cannot.cache);
  }
  const wrote = ['anthropic', 'bedrock_converse'].includes(cell.column.family)
    || cell.column.id === 'openrouter';
  // A client protocol without a field for written tokens still counts them as input.
  const cache_write = wrote && cell.client.knows.cache_write ? 60 : answer.usage.cache_write;
  need([0, 60].includes(cache_write), 'cache writes');
  same(answer.usage, { prompt: 960, cache_read: 800, cache_write, output: 20 }, 'usage');
  return undefined;
}

export const scenarios = [
  { id: 'text', title: 'Text, with system blocks and an output limit', run: text },
  { id: 'image', title: 'Image', run: image },
  { id: 'document', title: 'Document (PDF)', run: document },
  { id: 'text_document', title: 'Document (text)', run: text_document },
  { id: 'mid_system', title: 'System message in the middle', run: mid_system },
  { id: 'stop', title: 'Stop sequences', run: stop_sequence },
  { id: 'structured', title: 'Structured output (JSON schema)', run: structured },
  { id: 'limit', title: 'Output limit reached', run: limit_reached },
  { id: 'refusal', title: 'Refusal', run: refusal },
  { id: 'large', title: 'Prompt of 1 MB', run: large },
  { id: 'cache', title: 'Usage with cached input', run: cache },
];
