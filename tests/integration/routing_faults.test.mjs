// Streams while providers fail in turn: no client may notice, no event may be lost or doubled, and
// every circuit closes again. TOLLGATE_STORM says how many requests (800; 10000 for the record).
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { until } from './lib/admin.mjs';
import { patience } from './lib/patience.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

const requests = Number(process.env.TOLLGATE_STORM ?? 800);
const at_once = 24;
const turn_ms = 250 * patience;
const turns = 12;
const ms = (count) => `${count * patience}ms`;
const words = ['one ', 'two ', 'three ', 'four ', 'five'];
const faults = ['rate_limit', 'server_error', 'reset', 'stall', 'first_event',
  'cut_before_content'];

/** A provider of OpenAI Chat that fails as it is told. */
class Faulty {
  static async start(name) {
    const faulty = new Faulty();
    Object.assign(faulty, { name, mode: 'well', calls: 0, failed: 0 });
    faulty.server = http.createServer((request, response) => {
      faulty.serve(request, response).catch(() => response.destroy());
    });
    await new Promise((resolve) => { faulty.server.listen(0, '127.0.0.1', resolve); });
    faulty.url = `http://127.0.0.1:${faulty.server.address().port}/v1`;
    return faulty;
  }

  async serve(request, response) {
    for await (const piece of request) void piece;
    this.calls += 1;
    const { mode } = this;
    if (mode !== 'well') this.failed += 1;
    const json = (status, body, headers = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    };
    const chunk = (delta, finish = null, more = {}) => `data: ${JSON.stringify({ id: 'c',
      object: 'chat.completion.chunk', created: 1, model: 'm',
      choices: [{ index: 0, delta, finish_reason: finish }], ...more })}\n\n`;
    if (mode === 'rate_limit') {
      return json(429, { error: { message: 'slow down', type: 'rate_limit_error' } },
        { 'retry-after': '1' });
    }
    if (mode === 'server_error') return json(500, { error: { message: 'broken' } });
    if (mode === 'reset') return request.socket.resetAndDestroy();
    if (mode === 'stall') return undefined;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (mode === 'first_event') {
      response.end(`data: ${JSON.stringify({ error: { message: 'overloaded',
        type: 'overloaded_error', code: 503 } })}\n\n`);
      return undefined;
    }
    response.write(chunk({ role: 'assistant', content: '' }));
    if (mode === 'cut_before_content') return response.destroy();
    for (const word of words) response.write(chunk({ content: word }));
    response.write(chunk({}, 'stop'));
    response.write(`data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1,
      model: 'm', choices: [], usage: { prompt_tokens: 9, completion_tokens: 5,
        total_tokens: 14 } })}\n\n`);
    response.end('data: [DONE]\n\n');
    return undefined;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => { this.server.close(resolve); });
  }
}

describe('providers fail in turn', () => {
  let providers = [];
  let gateway;
  before(async () => {
    providers = await Promise.all(['a', 'b', 'c'].map((name) => Faulty.start(name)));
    gateway = await Tollgate.start({
      model_list: providers.map(({ name, url }) =>
        deployment('any', 'hosted_vllm', `model-${name}`, url)),
      routing: { headers_timeout: ms(400), headers_timeout_last: ms(2000),
        headers_timeout_local: ms(400), circuit: { cooldown: ms(500) } },
    });
  });
  after(async () => {
    await gateway?.stop();
    for (const provider of providers) await provider.stop();
  });

  /** The text of one Anthropic stream, or why it is none. */
  const ask = async () => {
    const begun = performance.now();
    const response = await gateway.fetch('/v1/messages', {
      headers: { 'anthropic-version': '2023-06-01' }, json: { model: 'any', max_tokens: 50,
        stream: true, messages: [{ role: 'user', content: 'count' }] } });
    const body = await response.text();
    const took = performance.now() - begun;
    if (response.status !== 200) return { trouble: `${response.status} ${body}`, took };
    let text = '';
    const counts = {};
    for (const line of body.split('\n')) {
      if (!line.startsWith('data: ')) continue;
      const event = JSON.parse(line.slice(6));
      counts[event.type] = (counts[event.type] ?? 0) + 1;
      if (event.type === 'content_block_delta') text += event.delta.text;
    }
    const whole = text === words.join('') && counts.message_start === 1
      && counts.message_stop === 1 && counts.content_block_start === 1 && !counts.error;
    return whole ? { took } : { trouble: `${JSON.stringify(counts)} ${text}`, took };
  };

  test(`${requests} streams and more, one provider failing at a time`, async () => {
    let turn = 0;
    const clock = setInterval(() => {
      for (const provider of providers) provider.mode = 'well';
      providers[turn % providers.length].mode = faults[turn % faults.length];
      turn += 1;
    }, turn_ms);
    const answers = [];
    let begun = 0;
    await Promise.all(Array.from({ length: at_once }, async () => {
      while (begun < requests || turn < turns) {
        begun += 1;
        answers.push(await ask());
      }
    }));
    clearInterval(clock);
    const bad = answers.filter(({ trouble }) => trouble);
    assert.ok(bad.length <= answers.length / 1000,
      `${bad.length} of ${answers.length}: ${bad[0]?.trouble}`);
    assert.ok(providers.some(({ failed }) => failed > 0), 'nobody failed');
    const p95 = answers.map(({ took }) => took).sort((a, b) => a - b)[
      Math.floor(answers.length * 0.95)];
    assert.ok(p95 < 5000 * patience, `p95 ${p95} ms`);
  });

  test('with all of them well again, each is asked again', async () => {
    for (const provider of providers) {
      provider.mode = 'well';
      provider.calls = 0;
    }
    await until(async () => {
      await ask();
      return providers.every(({ calls }) => calls > 0);
    }, 'every circuit closed', 15000);
  });
});
