// Providers that are asked now and then whether they answer: what is asked, how often, and what
// follows from it for circuits, /health, metrics and the providers of the database.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { patience } from './lib/patience.mjs';
import { Redis, why_missing } from './lib/redis.mjs';
import { Tollgate } from './lib/tollgate.mjs';

const seconds = (count) => new Promise((resolve) => { setTimeout(resolve, count * 1000); });

/** Speaks OpenAI Chat and lists its models; notes who asks for what. */
class Checked {
  static async start() {
    const provider = new Checked();
    Object.assign(provider, { status: 200, lists: [], completions: [], open: 0, most_open: 0 });
    provider.server = http.createServer((request, response) => provider.#serve(request, response));
    await new Promise((resolve) => { provider.server.listen(0, '127.0.0.1', resolve); });
    provider.url = `http://127.0.0.1:${provider.server.address().port}`;
    return provider;
  }

  async #serve(request, response) {
    let body = '';
    for await (const piece of request) body += piece;
    const listed = request.method === 'GET' && request.url === '/v1/models';
    (listed ? this.lists : this.completions).push({ at: Date.now(), body,
      key: request.headers.authorization });
    this.open += 1;
    this.most_open = Math.max(this.most_open, this.open);
    response.on('close', () => { this.open -= 1; });
    if (this.gate) await this.gate;
    response.writeHead(this.status, { 'content-type': 'application/json' });
    if (this.status !== 200) {
      response.end(JSON.stringify({ error: { message: `told to say ${this.status}` } }));
    } else if (listed) {
      response.end(JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model' }] }));
    } else {
      response.end(JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 1,
        model: 'm', usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
        choices: [{ index: 0, finish_reason: 'stop',
          message: { role: 'assistant', content: 'yes' } }] }));
    }
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => { this.server.close(resolve); });
  }
}

const model = (name, account) => ({ model_name: name,
  litellm_params: { model: `${account}/m` } });
const account = (provider, more = {}) => ({ type: 'hosted_vllm', api_base: `${provider.url}/v1`,
  api_key: 'sk-account-made-up', ...more });
const metrics = async (gateway) => (await fetch(gateway.metrics_url)).text();

async function ask(gateway, name) {
  const response = await gateway.fetch('/v1/chat/completions', { json: { model: name,
    max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] } });
  await response.arrayBuffer();
  return response.status;
}

describe('active checks', { concurrency: true }, () => {
  test('nobody is asked unless configuration says so', async () => {
    const provider = await Checked.start();
    const gateway = await Tollgate.start({ providers: { one: account(provider) },
      health_check: { interval: '10s' }, model_list: [model('m', 'one')] });
    await seconds(4);
    assert.equal(provider.lists.length + provider.completions.length, 0);
    await gateway.stop();
    await provider.stop();
  });

  test('what fails shows in /health, opens the circuit, and is tried when it is back', async () => {
    const provider = await Checked.start();
    provider.status = 500;
    const gateway = await Tollgate.start({ providers: { one: account(provider) },
      routing: { circuit: { failures_in_a_row: 2, cooldown: '60s', cooldown_max: '60s' } },
      health_check: { enabled: true, interval: '10s' }, model_list: [model('m', 'one')] });
    const health = async () => (await (await gateway.fetch('/health')).json());
    try {
      const sick = await until(async () => {
        const told = await health();
        return told.unhealthy_count === 1 && told.unhealthy_endpoints[0];
      }, 'it shows as unhealthy', 6000);
      assert.match(sick.last_error, /told to say 500/);
      assert.match(await metrics(gateway), /^llm_provider_health\{provider="hosted_vllm"\} 0$/m);
      assert.match(await metrics(gateway),
        /^tollgate_provider_checks_total\{provider="hosted_vllm",result="fails"\} [1-9]/m);
      assert.equal(provider.lists[0].key, 'Bearer sk-account-made-up');
      // Asked again after five seconds, not after ten.
      await until(async () => /^tollgate_circuit_open\{.*\} 1$/m.test(await metrics(gateway)),
        'the circuit opened', 9000);
      assert.ok(provider.lists[1].at - provider.lists[0].at < 8000 * patience);
      assert.equal(provider.completions.length, 0, 'no request of anybody was needed');
      await gateway.logged(/"provider_health_changed".*"fails"/);
      provider.status = 200;
      // The circuit would be shut for a minute: a check that works lets the next request try.
      await until(async () => await ask(gateway, 'm') === 200
        && !/^tollgate_circuit_open\{.*\} 1$/m.test(await metrics(gateway)),
      'the circuit closed', 14_000);
      await until(async () => (await health()).unhealthy_count === 0, 'it is well', 14_000);
      await gateway.logged(/"provider_health_changed".*"works"/, 14_000);
    } finally {
      await gateway.stop();
      await provider.stop();
    }
  });

  test('a refused credential opens the circuit at once', async () => {
    const provider = await Checked.start();
    provider.status = 401;
    const gateway = await Tollgate.start({ providers: { one: account(provider) },
      health_check: { enabled: true, interval: '10s' }, model_list: [model('m', 'one')] });
    await until(async () => /^tollgate_circuit_open\{.*\} 1$/m.test(await metrics(gateway)),
      'the circuit opened', 6000);
    assert.equal(provider.lists.length, 1);
    await gateway.stop();
    await provider.stop();
  });

  test('an account says for itself: off, models, completion; one question at a time', async () => {
    const [off, listing, talking, shared] = await Promise.all([0, 1, 2, 3].map(() =>
      Checked.start()));
    const gateway = await Tollgate.start({ health_check: { enabled: false, interval: '10s' },
      providers: { off: account(off, { health_check: 'off' }),
        listing: account(listing, { health_check: 'models' }),
        talking: account(talking, { health_check: 'completion' }),
        shared: account(shared, { health_check: 'models' }) },
      model_list: [model('a', 'off'), model('b', 'listing'), model('c', 'talking'),
        model('d', 'shared'), { ...model('e', 'shared'),
          litellm_params: { model: 'shared/another' } }] });
    await until(() => listing.lists.length && talking.completions.length && shared.lists.length,
      'all were asked', 6000);
    assert.equal(off.lists.length + off.completions.length, 0);
    assert.equal(listing.completions.length, 0);
    assert.equal(talking.lists.length, 0);
    const asked = JSON.parse(talking.completions[0].body);
    assert.ok(asked.max_tokens <= 5, JSON.stringify(asked));
    assert.equal(shared.lists.length, 1, 'two models of one account are one question');
    // Nobody's request: nothing in the records.
    const { body } = await admin(gateway, 'GET', '/api/v1/requests', { status: 200 });
    assert.equal(body.data.length, 0);
    await seconds(9);
    for (const one of [listing, talking, shared]) assert.equal(one.most_open, 1);
    await gateway.stop();
    for (const one of [off, listing, talking, shared]) await one.stop();
  });

  test('a provider of the database shows what a check found', async () => {
    const provider = await Checked.start();
    const gateway = await Tollgate.start({ health_check: { enabled: true, interval: '10s' },
      model_list: [] });
    const { body } = await admin(gateway, 'POST', '/api/v1/llm/providers', { status: 201, json: {
      name: 'Stored', type: 'openai', api_key: 'sk-stored-made-up',
      api_base_url: `${provider.url}/v1` } });
    await admin(gateway, 'POST', '/api/v1/llm/models', { status: 201, json: {
      provider_id: body.id, name: 'm', display_name: 'M' } });
    const shown = async () => (await admin(gateway, 'GET',
      `/api/v1/llm/providers/${body.id}`)).body;
    const begun = new Date().toISOString();
    provider.status = 503;
    const sick = await until(async () => {
      const told = await shown();
      return told.health_status === 'unhealthy' && provider.lists.length > 0 && told;
    }, 'it shows as unhealthy', 15_000);
    assert.match(sick.health_message, /told to say 503/);
    assert.ok(sick.last_health_check >= begun);
    provider.status = 200;
    await until(async () => (await shown()).health_status === 'healthy', 'it is well', 15_000);
    await gateway.stop();
    await provider.stop();
  });

  test('a check that hangs holds up no shutdown', async () => {
    const provider = await Checked.start();
    provider.gate = new Promise(() => {});
    const gateway = await Tollgate.start({ providers: { one: account(provider) },
      health_check: { enabled: true, interval: '10s', timeout: '60s' },
      model_list: [model('m', 'one')] });
    await until(() => provider.open === 1, 'it was asked', 6000);
    const begun = Date.now();
    await gateway.stop();
    assert.ok(Date.now() - begun < 3000 * patience, `${Date.now() - begun} ms`);
    await provider.stop();
  });

  describe('of two instances', { skip: why_missing ?? false }, () => {
    let redis;
    let provider;
    let gateways = [];
    before(async () => {
      [redis, provider] = await Promise.all([Redis.start(), Checked.start()]);
      gateways = await Promise.all([0, 1].map(() => Tollgate.start({
        providers: { one: account(provider) }, stores: { redis: redis.url },
        health_check: { enabled: true, interval: '10s' }, model_list: [model('m', 'one')] })));
    });
    after(async () => {
      for (const gateway of gateways) await gateway.stop();
      await provider?.stop();
      await redis?.stop();
    });

    test('one asks, both know; without Redis each asks', async () => {
      await until(() => provider.lists.length > 0, 'one asked', 6000);
      await seconds(6);
      assert.equal(provider.lists.length, 1);
      provider.status = 401;
      await until(async () => {
        for (const gateway of gateways) {
          const told = await (await gateway.fetch('/health')).json();
          if (told.unhealthy_count !== 1) return false;
        }
        return true;
      }, 'both know', 25_000);
      provider.status = 200;
      await redis.pause();
      const before_it = provider.lists.length;
      const worked = async (gateway) => Number((await metrics(gateway)).match(
        /^tollgate_provider_checks_total\{.*result="works"\} (\d+)/m)?.[1] ?? 0);
      const counts = await Promise.all(gateways.map(worked));
      await until(async () => (await Promise.all(gateways.map(worked)))
        .every((count, i) => count > counts[i]), 'each asked', 40_000);
      assert.ok(provider.lists.length >= before_it + 2);
    });
  });
});
