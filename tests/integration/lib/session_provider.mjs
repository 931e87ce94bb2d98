// Plays the models of several providers in whole sessions of a coding client: speaks Anthropic
// Messages, OpenAI Chat and OpenAI Responses, streamed, and keeps prompt caches as those providers
// do, so that what a session costs depends on where it goes and whether it stays there.
//
// What is said is scripted: a turn is known by the last `[ref NAME]` the user wrote, and a step
// of it by the results of tools since then. Every model says the same, so that costs differ by
// routing alone.
import http from 'node:http';
import { blocks_of } from './prompt_blocks.mjs';
import { PromptCaches } from './prompt_caches.mjs';

const protocols = [['/messages', 'messages'], ['/chat/completions', 'chat'],
  ['/responses', 'responses']];
const reference = /\[ref ([a-z0-9-]+)\]/g;
const working_directory = /working directory: (\S+)/i;
const tokens = (text) => Math.ceil(text.length / 4);
const account_of = ({ headers }) => headers['x-api-key'] ?? headers['api-key']
  ?? headers.authorization ?? '';

/** What a step says: {text} or {text, calls: [[tool, arguments], ...]}. */
const spoken = (step, folder) => {
  const { text = '', calls = [] } = typeof step === 'function' ? step(folder) : step;
  return { text, calls: calls.map(([name, args]) => ({ name, args: JSON.stringify(args) })) };
};

export class SessionProvider {
  /**
   * turns: {NAME: [step, ...]}, a step as above or a function of the working folder.
   * caches: (model) => 'marked', 'automatic' or 'none'.
   */
  static async start({ turns, caches }) {
    const provider = new SessionProvider();
    Object.assign(provider, { turns, kind_of: caches, calls: [], surprises: [], count: 0,
      caches: new PromptCaches() });
    provider.server = http.createServer((request, response) => {
      provider.#serve(request, response).catch((error) => {
        provider.surprises.push(`${request.url}: ${error.stack}`);
        response.destroy();
      });
    });
    await new Promise((resolve) => { provider.server.listen(0, '127.0.0.1', resolve); });
    provider.url = `http://127.0.0.1:${provider.server.address().port}`;
    return provider;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => { this.server.close(resolve); });
  }

  reset() {
    this.caches.clear();
    this.calls = [];
    this.surprises = [];
  }

  #step(blocks) {
    let name;
    let results = 0;
    for (const { kind, text } of blocks) {
      if (kind === 'result') results += 1;
      if (kind !== 'user') continue;
      for (const [, found] of text.matchAll(reference)) {
        name = found;
        results = 0;
      }
    }
    const said = this.turns[name];
    const folder = blocks.map(({ text }) => text.match(working_directory)?.[1]).find(Boolean);
    if (said === undefined || results >= said.length) {
      this.surprises.push(`nothing to say in turn ${name} after ${results} results: `
        + blocks.filter(({ kind }) => kind === 'user').at(-1)?.text.slice(0, 300));
      return { turn: name, text: 'Done.', calls: [] };
    }
    return { turn: name, ...spoken(said[results], folder ?? '.') };
  }

  #usage(request, model, blocks) {
    const place = `${account_of(request)} ${model}`;
    const kind = this.kind_of(model);
    if (kind === 'marked') return this.caches.of_marked(place, blocks);
    if (kind === 'automatic') return this.caches.of_automatic(place, blocks);
    return PromptCaches.without(blocks);
  }

  async #serve(request, response) {
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += piece;
    const { pathname } = new URL(request.url, 'http://localhost');
    const protocol = protocols.find(([end]) => pathname.endsWith(end))?.[1];
    if (protocol === undefined || request.method !== 'POST') {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"error":{"type":"not_found_error","message":"there is nothing here"}}');
      return;
    }
    const asked = JSON.parse(body);
    // Azure has the model in its path.
    const model = asked.model ?? pathname.match(/deployments\/([^/]+)/)?.[1];
    const blocks = blocks_of(protocol, asked);
    const said = this.#step(blocks);
    this.count += 1;
    const usage = this.#usage(request, model, blocks);
    usage.output = tokens(said.text) + said.calls.reduce((sum, { name, args }) =>
      sum + tokens(name + args), 0) + 8;
    this.calls.push({ turn: said.turn, model, account: account_of(request), usage });
    const write = { messages: write_messages, chat: write_chat, responses: write_responses };
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    write[protocol](response, { id: this.count, model, said, usage });
    response.end();
  }
}

function write_messages(response, { id, model, said, usage }) {
  const event = (type, more) => response.write(`event: ${type}\n`
    + `data: ${JSON.stringify({ type, ...more })}\n\n`);
  const counted = { input_tokens: usage.input, cache_read_input_tokens: usage.read,
    cache_creation_input_tokens: usage.written,
    cache_creation: { ephemeral_5m_input_tokens: usage.written, ephemeral_1h_input_tokens: 0 } };
  event('message_start', { message: { id: `msg_${id}`, type: 'message', role: 'assistant', model,
    content: [], stop_reason: null, stop_sequence: null,
    usage: { ...counted, output_tokens: 1 } } });
  let index = 0;
  const whole = (content_block, delta) => {
    event('content_block_start', { index, content_block });
    event('content_block_delta', { index, delta });
    event('content_block_stop', { index });
    index += 1;
  };
  if (said.text) whole({ type: 'text', text: '' }, { type: 'text_delta', text: said.text });
  said.calls.forEach(({ name, args }, number) => {
    whole({ type: 'tool_use', id: `toolu_${id}_${number}`, name, input: {} },
      { type: 'input_json_delta', partial_json: args });
  });
  event('message_delta', { usage: { ...counted, output_tokens: usage.output },
    delta: { stop_reason: said.calls.length > 0 ? 'tool_use' : 'end_turn', stop_sequence: null } });
  event('message_stop', {});
}

function write_chat(response, { id, model, said, usage }) {
  const chunk = (choices, more = {}) => response.write(`data: ${JSON.stringify({
    id: `chatcmpl-${id}`, object: 'chat.completion.chunk', created: 1, model, choices, ...more,
  })}\n\n`);
  const delta = (content, finish_reason = null) => chunk([{ index: 0, delta: content,
    finish_reason }]);
  delta({ role: 'assistant', content: said.text });
  said.calls.forEach(({ name, args }, index) => {
    delta({ tool_calls: [{ index, id: `call_${id}_${index}`, type: 'function',
      function: { name, arguments: args } }] });
  });
  delta({}, said.calls.length > 0 ? 'tool_calls' : 'stop');
  const prompt = usage.input + usage.read;
  chunk([], { usage: { prompt_tokens: prompt, completion_tokens: usage.output,
    total_tokens: prompt + usage.output,
    prompt_tokens_details: { cached_tokens: usage.read } } });
  response.write('data: [DONE]\n\n');
}

function write_responses(response, { id, model, said, usage }) {
  let sequence_number = 0;
  const event = (type, more) => {
    const data = JSON.stringify({ type, sequence_number, ...more });
    response.write(`event: ${type}\ndata: ${data}\n\n`);
    sequence_number += 1;
  };
  const base = { id: `resp_${id}`, object: 'response', created_at: 1, model };
  event('response.created', { response: { ...base, status: 'in_progress', output: [] } });
  const output = [];
  const item = (started, write, done) => {
    const output_index = output.length;
    event('response.output_item.added', { output_index, item: started });
    write({ output_index, item_id: started.id });
    event('response.output_item.done', { output_index, item: done });
    output.push(done);
  };
  if (said.text) {
    const message = { id: `msg_${id}`, type: 'message', role: 'assistant' };
    const part = { type: 'output_text', text: said.text, annotations: [] };
    item({ ...message, status: 'in_progress', content: [] }, (at) => {
      event('response.content_part.added',
        { ...at, content_index: 0, part: { ...part, text: '' } });
      event('response.output_text.delta', { ...at, content_index: 0, delta: said.text });
      event('response.output_text.done', { ...at, content_index: 0, text: said.text });
      event('response.content_part.done', { ...at, content_index: 0, part });
    }, { ...message, status: 'completed', content: [part] });
  }
  said.calls.forEach(({ name, args }, number) => {
    const call = { id: `fc_${id}_${number}`, type: 'function_call', call_id: `call_${id}_${number}`,
      name };
    item({ ...call, status: 'in_progress', arguments: '' }, (at) => {
      event('response.function_call_arguments.delta', { ...at, delta: args });
      event('response.function_call_arguments.done', { ...at, arguments: args });
    }, { ...call, status: 'completed', arguments: args });
  });
  const prompt = usage.input + usage.read;
  event('response.completed', { response: { ...base, status: 'completed', output, usage: {
    input_tokens: prompt, input_tokens_details: { cached_tokens: usage.read },
    output_tokens: usage.output, output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: prompt + usage.output } } });
}
