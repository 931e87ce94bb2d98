// Provider-run tools across protocols: Claude Code's web search by models of other providers, and
// official SDKs that ask for a search in one protocol and are answered from another.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { make_workspace, run_claude } from './lib/claude.mjs';
import { assert_good, produced_results } from './lib/scenarios.mjs';
import { Scripted } from './lib/scripted.mjs';
import { Tap } from './lib/tap.mjs';
import { Tollgate, deployment, master_key } from './lib/tollgate.mjs';

const page = { url: 'https://weather.example/bern', title: 'Weather in "Bern"' };
const query = 'TG-QUERY weather';
const words = 'It rains in Bern.';

const sse = (frames) => ({ headers: { 'content-type': 'text/event-stream' },
  json: frames.map((frame) => `${frame.type ? `event: ${frame.type}\n` : ''}data: ${
    typeof frame === 'string' ? frame : JSON.stringify(frame)}\n\n`).join('') });

// --- what each provider says -------------------------------------------------------------------

const responses_usage = { input_tokens: 100, input_tokens_details: { cached_tokens: 0 },
  output_tokens: 9, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 109 };

function responses_stream(output) {
  const response = { id: 'resp_1', object: 'response', model: 'gpt-5.4', created_at: 1 };
  return sse([
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
    ...output.flatMap((item, output_index) => [
      { type: 'response.output_item.added', output_index, item: { ...item, content: [] } },
      { type: 'response.output_item.done', output_index, item }]),
    { type: 'response.completed',
      response: { ...response, status: 'completed', output, usage: responses_usage } }]
    .map((frame, sequence_number) => ({ ...frame, sequence_number })));
}

const openai = {
  kind: 'openai', model: 'gpt-5.4',
  searches: ({ path, json }) => /\/responses$/.test(path)
    && json.tools?.some((tool) => tool.type === 'web_search'),
  search_asked: (json) => {
    assert.equal(json.tools.length, 1);
    assert.equal(json.tool_choice, 'required');
  },
  found: () => responses_stream([
    { id: 'ws_1', type: 'web_search_call', status: 'completed', action: { type: 'search', query } },
    { id: 'msg_1', type: 'message', status: 'completed', role: 'assistant', content: [
      { type: 'output_text', text: words, annotations: [
        { type: 'url_citation', start_index: 0, end_index: words.length, ...page }] }] }]),
  calls: (name, input) => responses_stream([{ id: 'fc_1', type: 'function_call',
    status: 'completed', call_id: 'call_1', name, arguments: JSON.stringify(input) }]),
  says: (text) => responses_stream([{ id: 'msg_2', type: 'message', status: 'completed',
    role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] }]),
};

const gemini_stream = (parts, more = {}) => sse([{ responseId: 'r1',
  modelVersion: 'gemini-2.5-flash', candidates: [{ index: 0, content: { role: 'model', parts },
    finishReason: 'STOP', ...more }],
  usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 9, totalTokenCount: 109 } }]);

const gemini = {
  kind: 'gemini', model: 'gemini-2.5-flash',
  searches: ({ json }) => json.tools?.some((tool) => tool.googleSearch),
  search_asked: (json) => assert.equal(json.tools.length, 1),
  found: () => gemini_stream([{ text: words }], { groundingMetadata: { webSearchQueries: [query],
    groundingChunks: [{ web: { uri: page.url, title: page.title } }] } }),
  calls: (name, args) => gemini_stream([{ functionCall: { name, args } }]),
  says: (text) => gemini_stream([{ text }]),
};

const chunk = (delta, finish_reason = null, more = {}) => ({ id: 'gen-1', created: 1,
  object: 'chat.completion.chunk', model: 'house-model',
  choices: [{ index: 0, delta, finish_reason }], ...more });
const chat_end = (reason) => [chunk({}, reason, { usage: { prompt_tokens: 100,
  completion_tokens: 9, total_tokens: 109 } }), '[DONE]'];

const openrouter = {
  kind: 'openrouter', model: 'house-model',
  searches: ({ json }) => json.plugins?.some((plugin) => plugin.id === 'web'),
  search_asked: (json) => assert.ok(!json.tools && !json.tool_choice),
  found: () => sse([chunk({ role: 'assistant', content: words }),
    chunk({ content: '', annotations: [{ type: 'url_citation',
      url_citation: { ...page, start_index: 0, end_index: words.length } }] }),
    ...chat_end('stop')]),
  calls: (name, input) => sse([chunk({ role: 'assistant', tool_calls: [{ index: 0, id: 'call_1',
    type: 'function', function: { name, arguments: JSON.stringify(input) } }] }),
  ...chat_end('tool_calls')]),
  says: (text) => sse([chunk({ role: 'assistant', content: text }), ...chat_end('stop')]),
};

const without = { ...openrouter, kind: 'hosted_vllm' };

// --- the stack ---------------------------------------------------------------------------------

function use_scripted(target) {
  const stack = {};
  before(async () => {
    stack.provider = await Scripted.start(() => ({ status: 500, json: {} }));
    const base = target.kind === 'gemini' ? stack.provider.url : `${stack.provider.url}/v1`;
    stack.gateway = await Tollgate.start({ model_list: ['claude-opus', 'claude-sonnet',
      'claude-haiku'].map((name) => deployment(name, target.kind, target.model, base)) });
    stack.client_tap = await Tap.start(stack.gateway.url);
    stack.anthropic = new Anthropic({ baseURL: stack.gateway.url, apiKey: master_key,
      maxRetries: 0 });
    stack.openai = new OpenAI({ baseURL: `${stack.gateway.url}/v1`, apiKey: master_key,
      maxRetries: 0 });
  });
  after(async () => {
    await stack.gateway?.stop();
    await stack.client_tap?.stop();
    await stack.provider?.stop();
  });
  return stack;
}

/** Claude Code searches, is told what was found, and says so. */
async function search_session(target, stack) {
  let searched = 0;
  stack.provider.reset((call) => {
    if (target.searches(call)) {
      searched += 1;
      return target.found();
    }
    const results = /"(function_call_output|functionResponse|tool)"/.test(call.body.toString());
    return results ? target.says('Searched.') : target.calls('WebSearch', { query });
  });
  const workspace = await make_workspace();
  try {
    const result = await run_claude(workspace, 'TG-WEB: search the web',
      { base_url: stack.client_tap.url, key: master_key,
        env: { CLAUDE_CODE_MAX_RETRIES: '1' } });
    assert_good(result, 'Searched.', stack.gateway.log);
    return { result, searched };
  } finally {
    await workspace.remove();
  }
}

for (const [name, target] of Object.entries({ openai, gemini, openrouter })) {
  describe(`web search at ${name}`, () => {
    const stack = use_scripted(target);

    test('Claude Code\'s own search runs there', async () => {
      const { result, searched } = await search_session(target, stack);
      assert.equal(searched, 1);
      target.search_asked(stack.provider.calls.find(target.searches).json);
      const told = JSON.stringify(produced_results(result));
      assert.match(told, /weather\.example\/bern/, 'the page reaches the session');
      assert.match(told, /It rains in Bern/, 'and what was said of it');
    });

    const tools = [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }];
    const request = { model: 'claude-sonnet', max_tokens: 200, tools,
      messages: [{ role: 'user', content: 'weather?' }] };

    test('Anthropic\'s SDK gets blocks, counts them and sends them back', async () => {
      stack.provider.reset(() => target.found());
      const message = await stack.anthropic.messages.stream(request).finalMessage();
      const kinds = message.content.map((block) => block.type).sort();
      assert.deepEqual(kinds, ['server_tool_use', 'text', 'web_search_tool_result']);
      const found = message.content.find((block) => block.type === 'web_search_tool_result');
      const called = message.content.find((block) => block.type === 'server_tool_use');
      assert.equal(found.tool_use_id, called.id);
      assert.deepEqual([found.content[0].url, found.content[0].title], [page.url, page.title]);
      assert.equal(message.usage.server_tool_use.web_search_requests, 1);
      const again = await stack.anthropic.messages.stream({ ...request, messages: [
        ...request.messages, { role: 'assistant', content: message.content },
        { role: 'user', content: 'and tomorrow?' }] }).finalMessage();
      assert.ok(again.content.length > 0);
      assert.match(stack.provider.calls.at(-1).body.toString(), /weather\.example\/bern/,
        'the pages stay in the conversation');
    });
  });
}

describe('web search at gemini for OpenAI\'s SDK', () => {
  const stack = use_scripted(gemini);

  test('Chat gets annotations', async () => {
    stack.provider.reset(() => gemini.found());
    const stream = await stack.openai.chat.completions.create({ model: 'claude-sonnet',
      stream: true, messages: [{ role: 'user', content: 'weather?' }], web_search_options: {} });
    const pages = [];
    for await (const piece of stream) pages.push(...(piece.choices[0]?.delta.annotations ?? []));
    assert.deepEqual(pages.map(({ url_citation }) => [url_citation.url, url_citation.title]),
      [[page.url, page.title]]);
    assert.ok(gemini.searches(stack.provider.calls[0]));
  });

  test('Responses gets the search and annotations', async () => {
    stack.provider.reset(() => gemini.found());
    const stream = stack.openai.responses.stream({ model: 'claude-sonnet', input: 'weather?',
      tools: [{ type: 'web_search' }] });
    const response = await stream.finalResponse();
    const search = response.output.find((item) => item.type === 'web_search_call');
    assert.equal(search.action.query, query);
    const message = response.output.find((item) => item.type === 'message');
    assert.equal(message.content[0].text, words);
    assert.deepEqual(message.content[0].annotations.map((each) => each.url), [page.url]);
  });
});

describe('web search at a provider without one', () => {
  const stack = use_scripted(without);

  test('is a clear error, and Claude Code\'s session goes on', async () => {
    const { result, searched } = await search_session(without, stack);
    assert.equal(searched, 0);
    assert.match(JSON.stringify(produced_results(result)), /web_search/);
    const refused = stack.client_tap.calls.filter((call) => call.response.status === 400);
    assert.equal(refused.length, 1, 'refused once, not retried');
    assert.match(refused[0].response.body.toString(), /web_search.*(not|cannot|no )/);
  });
});
