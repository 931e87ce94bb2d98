// The provider that nobody here wrote: @copilotkit/aimock in strict mode (Anthropic Messages,
// OpenAI Chat, OpenAI Responses, Ollama), with what the scenarios need around its fixtures.
import { LLMock } from '@copilotkit/aimock';

const text_of = (content) => {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => part?.text ?? '').join('\n');
};

/** All that users said in a request, as aimock normalises it. */
export const user_text = (request) => request.messages
  .filter((message) => message.role === 'user').map((message) => text_of(message.content))
  .join('\n');

/** The contents of the tool results in a request, in order. */
export const tool_results = (request) => request.messages
  .filter((message) => message.role === 'tool').map((message) => text_of(message.content));

/**
 * Matches the request whose users said the marker and which carries so many tool results.
 * Counting results instead of looking at the last message keeps a fixture independent of where a
 * client or a translation puts its system messages.
 */
export const step = (marker, results) => ({
  predicate: (request) => user_text(request).includes(marker)
    && tool_results(request).length === results });

/** Token counts in the names of all protocols at once. */
export const usage = (input, output) => ({ input_tokens: input, output_tokens: output,
  prompt_tokens: input, completion_tokens: output, total_tokens: input + output });

export const says = (content, { input = 1200, output = 34, ...rest } = {}) =>
  ({ content, usage: usage(input, output), ...rest });

/** calls: [[tool name, arguments object], ...] */
export const calls_tools = (calls, { content, input = 1500, output = 56, ...rest } = {}) => {
  const toolCalls = calls.map(([name, args]) => ({ name, arguments: JSON.stringify(args) }));
  const base = { toolCalls, usage: usage(input, output), ...rest };
  return content === undefined ? base : { content, ...base };
};

// aimock has no token counting, so that one answer is given here, in Anthropic's shape.
class TokenCounter {
  constructor() { this.answer = { input_tokens: 4321 }; this.requests = []; }

  async handleRequest(request, response) {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    this.requests.push(Buffer.concat(pieces).toString('utf8'));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(this.answer));
    return true;
  }
}

export class Provider {
  static async start({ latency = 0, chunk_size = 12 } = {}) {
    const provider = new Provider();
    provider.mock = new LLMock({ host: '127.0.0.1', port: 0, strict: true, latency,
      chunkSize: chunk_size, journalMaxEntries: 0 });
    provider.token_counter = new TokenCounter();
    provider.mock.mount('/v1/messages/count_tokens', provider.token_counter);
    await provider.mock.start();
    return provider;
  }

  get url() { return this.mock.url; }

  /** Adds one fixture: what to match and what to answer, see step(), says(), calls_tools(). */
  on(match, response, options) {
    this.mock.on(match, response, options);
    return this;
  }

  /** Requests that no fixture matched or that strict mode refused: always a failure of a test. */
  surprises() {
    return this.mock.getRequests()
      .filter((entry) => entry.method === 'POST' && entry.response.fixture === null
        && !entry.path.includes('count_tokens'))
      .map((entry) => {
        const request = entry.body?.messages ? entry.body : { messages: [] };
        return `${entry.path} ${entry.response.status}: ${user_text(request).slice(-300)} `
          + `[${tool_results(request).length} tool results]`;
      });
  }

  reset() {
    this.mock.clearRequests();
    this.mock.clearFixtures();
    this.mock.resetMatchCounts();
  }

  async stop() { await this.mock.stop(); }
}
