// Counting where the provider does not: byte pairs with an installed vocabulary equal the family's
// own tokenizer on every text of the corpus; without one the estimate is within 10 %; a provider
// that counts slowly is not waited for longer than 2 seconds.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import * as cl100k from 'gpt-tokenizer/encoding/cl100k_base';
import * as o200k from 'gpt-tokenizer/encoding/o200k_base';
import { patience } from './lib/patience.mjs';
import { Scripted } from './lib/scripted.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

const here = new URL('.', import.meta.url);
const rule = '----------\n';
const folder = new URL('../golden/tokens/', here);
const corpus = readdirSync(folder).map((name) => {
  const whole = readFileSync(new URL(name, folder), 'utf8');
  return { name, text: whole.slice(whole.indexOf(rule) + rule.length) };
});
const around = 8; // what one message and the opening of the answer count

const vocabulary = (name) => readFileSync(
  new URL(`node_modules/gpt-tokenizer/data/${name}.tiktoken`, here), 'utf8');

const ask = async (gateway, model, body) => {
  const started = performance.now();
  const response = await gateway.fetch('/v1/messages/count_tokens',
    { json: { model, ...body }, headers: { 'anthropic-version': '2023-06-01' } });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return { tokens: answer.input_tokens, took: performance.now() - started,
    estimated: response.headers.get('x-tollgate-estimated') === 'true' };
};
const says = (content) => ({ messages: [{ role: 'user', content }] });

const models = (url) => [deployment('new', 'openai', 'gpt-4.1', `${url}/v1`),
  deployment('old', 'openai', 'gpt-4', `${url}/v1`),
  deployment('claude', 'anthropic', 'claude-opus-4-6', url)];

describe('vocabularies in the data directory', () => {
  let gateway;
  before(async () => {
    gateway = await Tollgate.start({ model_list: models('http://127.0.0.1:9') }, { files: {
      'data/vocab/o200k_base.tiktoken': vocabulary('o200k_base'),
      'data/vocab/cl100k_base.tiktoken': vocabulary('cl100k_base'),
      'data/vocab/qwen.tiktoken': 'no vocabulary\n' } });
  });
  after(() => gateway?.stop());

  test('what was read, and what could not be, is in the log', async () => {
    await gateway.logged(/"vocabularies_read","count":2/);
    await gateway.logged(/"vocabulary_not_read".*qwen\.tiktoken: line 1/);
  });

  for (const [model, encoding] of [['new', o200k], ['old', cl100k]]) {
    test(`${model}: every text of the corpus is counted exactly`, async () => {
      for (const { name, text } of corpus) {
        const { tokens } = await ask(gateway, model, says(text));
        assert.equal(tokens - around, encoding.encode(text).length, name);
      }
    });
  }

  test('texts that are hard to cut', async () => {
    for (const text of ['ABC日本D', "WE'LL don’t I'd've", 'x;\n/y  \n \n z', 'e\u0301\u0301A\u0301b',
      '\u00a0\u3000x', '１２３４ ٣٤٥ Ⅷ', '🤷🏽‍♀️ 🇨🇭', 'ǅungla ŉ ß ẞ', 'a\tb\r\n\r\nc', '_foo__bar-Baz9x',
      `${'a'.repeat(5000)} ${'='.repeat(300)}`]) {
      const { tokens } = await ask(gateway, 'new', says(text));
      assert.equal(tokens - around, o200k.encode(text).length, JSON.stringify(text));
    }
  });
});

describe('a provider that counts', () => {
  let provider, gateway;
  before(async () => {
    provider = await Scripted.start(() => ({}));
    gateway = await Tollgate.start({ model_list: models(provider.url) });
  });
  after(async () => {
    try {
      await gateway?.stop();
    } finally {
      await provider?.stop();
    }
  });
  const text = corpus.find((each) => each.name === 'english_prose.txt').text;

  test('is believed', async () => {
    provider.reset(() => ({ json: { input_tokens: 4711 } }));
    const { tokens, estimated } = await ask(gateway, 'claude', says(text));
    assert.deepEqual([tokens, estimated], [4711, false]);
  });

  test('and never answers: 2 seconds, then the estimate', async () => {
    provider.reset(() => ({}));
    const { tokens, took, estimated } = await ask(gateway, 'claude', says(text));
    assert.ok(took >= 1900 && took < 2600 * patience, `${took} ms`);
    assert.ok(estimated);
    assert.ok(tokens > 440 && tokens < 540, `${tokens}`);
  });

  test('and fails or talks nonsense: the estimate at once', async () => {
    for (const said of [{ status: 500, json: { error: 'x' } }, { status: 404, json: 'no' }]) {
      provider.reset(() => said);
      const { took, estimated } = await ask(gateway, 'claude', says(text));
      assert.ok(estimated && took < 1000 * patience, `${took} ms`);
    }
  });

  test('a client that leaves takes the question with it', async () => {
    provider.reset(() => ({}));
    const abort = new AbortController();
    const asked = gateway.fetch('/v1/messages/count_tokens', { json: { model: 'claude',
      ...says(text) }, signal: abort.signal });
    while (provider.calls.length === 0) {
      await new Promise((resolve) => { setTimeout(resolve, 5); });
    }
    const left_at = performance.now();
    abort.abort();
    await assert.rejects(asked);
    assert.ok(await provider.calls[0].left - left_at < 200);
  });

  test('without one, tools, pictures and system count too', async () => {
    const plain = (await ask(gateway, 'new', says(text))).tokens;
    assert.ok(Math.abs(plain / (o200k.encode(text).length + around) - 1) < 0.1);
    const tool = { name: 'get_weather', description: 'Tells the weather of a city.',
      input_schema: { type: 'object', properties: { city: { type: 'string' } } } };
    const more = (await ask(gateway, 'new', { ...says(text), system: 'Be brief.',
      tools: [tool] })).tokens;
    assert.ok(more - plain > 346 + 20 && more - plain < 346 + 60, `${more - plain}`);
    const picture = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } };
    const seen = (await ask(gateway, 'new',
      says([{ type: 'text', text }, picture]))).tokens;
    assert.equal(seen - plain, 1600);
  });
});
