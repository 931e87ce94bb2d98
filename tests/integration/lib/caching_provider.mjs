// A provider with prompt caches, so that what a conversation costs depends on where it stays.
// Speaks Anthropic Messages, not streamed; a token is four characters. Each model has a cache
// of its own, which holds every prompt it has seen: the longest one that a new prompt begins
// with is read, the rest is written.
import http from 'node:http';

const tokens = (text) => Math.ceil(text.length / 4);
const text_of = (content) => (typeof content === 'string' ? content
  : content.map((block) => block.text ?? '').join(''));

export class CachingProvider {
  static async start({ output_tokens = 50, answer = () => 'an answer' } = {}) {
    const provider = new CachingProvider();
    Object.assign(provider, { output_tokens, answer, calls: 0, caches: new Map() });
    provider.server = http.createServer((request, response) => provider.#serve(request, response));
    await new Promise((resolve) => { provider.server.listen(0, '127.0.0.1', resolve); });
    provider.url = `http://127.0.0.1:${provider.server.address().port}`;
    return provider;
  }

  #usage(asked) {
    const turns = [asked.system ? text_of(asked.system) : '',
      ...asked.messages.map((message) => text_of(message.content))];
    const cache = this.caches.get(asked.model) ?? new Set();
    this.caches.set(asked.model, cache);
    const prefixes = turns.map((_, i) => turns.slice(0, i + 1).join('\u0001'));
    const known = prefixes.findLast((prefix) => cache.has(prefix)) ?? '';
    const whole = prefixes.at(-1);
    cache.add(whole);
    const written = tokens(whole) - tokens(known);
    return { input_tokens: 3, cache_read_input_tokens: tokens(known),
      cache_creation_input_tokens: written,
      cache_creation: { ephemeral_5m_input_tokens: written, ephemeral_1h_input_tokens: 0 },
      output_tokens: this.output_tokens };
  }

  async #serve(request, response) {
    let body = '';
    for await (const piece of request) body += piece;
    this.calls += 1;
    const asked = JSON.parse(body);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: `msg_${this.calls}`, type: 'message', role: 'assistant',
      model: asked.model, stop_reason: 'end_turn', stop_sequence: null,
      content: [{ type: 'text', text: this.answer(asked) }], usage: this.#usage(asked) }));
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => { this.server.close(resolve); });
  }
}
