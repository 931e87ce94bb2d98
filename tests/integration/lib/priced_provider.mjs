// A provider whose answers use exactly the tokens they are told to, so that costs can be computed
// by hand. Speaks OpenAI Chat, streamed and not; counts what reached it.
import http from 'node:http';

export class PricedProvider {
  /** usage: of each answer. delay_ms: before the head. */
  static async start({ usage = { prompt_tokens: 1000, completion_tokens: 100 },
    delay_ms = 0 } = {}) {
    const provider = new PricedProvider();
    Object.assign(provider, { usage, delay_ms, calls: 0, ended: 0, open: 0, most_open: 0,
      status: 200 });
    provider.server = http.createServer((request, response) => provider.#serve(request, response));
    await new Promise((resolve) => { provider.server.listen(0, '127.0.0.1', resolve); });
    provider.url = `http://127.0.0.1:${provider.server.address().port}`;
    return provider;
  }

  async #serve(request, response) {
    let body = '';
    for await (const piece of request) body += piece;
    this.calls += 1;
    this.seen?.(body);
    this.open += 1;
    this.most_open = Math.max(this.most_open, this.open);
    response.on('close', () => { this.open -= 1; });
    if (this.delay_ms > 0) await new Promise((resolve) => { setTimeout(resolve, this.delay_ms); });
    if (this.gate) await this.gate;
    if (this.status !== 200) {
      response.writeHead(this.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: 'told to fail', type: 'server_error' } }));
      return;
    }
    const asked = JSON.parse(body);
    const usage = { ...this.usage,
      total_tokens: this.usage.prompt_tokens + this.usage.completion_tokens };
    if (asked.stream) this.#stream(response, asked, usage);
    else {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 1,
        model: asked.model, usage, choices: [{ index: 0, finish_reason: 'stop',
          message: { role: 'assistant', content: 'counted' } }] }));
    }
    this.ended += 1;
  }

  #stream(response, asked, usage) {
    const chunk = (choices, more = {}) => response.write(`data: ${JSON.stringify({
      id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: asked.model, choices,
      ...more })}\n\n`);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    chunk([{ index: 0, delta: { role: 'assistant', content: 'counted' }, finish_reason: null }]);
    chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]);
    chunk([], { usage });
    response.end('data: [DONE]\n\n');
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => { this.server.close(resolve); });
  }
}
