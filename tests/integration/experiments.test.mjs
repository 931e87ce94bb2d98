// Experiments: who gets which arm, on every instance alike; what the arms' figures show; feedback.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { admin, until } from './lib/admin.mjs';
import { PricedProvider } from './lib/priced_provider.mjs';
import { Tollgate, binary, deployment, master_key } from './lib/tollgate.mjs';

const priced = (name, model, url, usd_per_million) => deployment(name, 'hosted_vllm', model,
  `${url}/v1`, { input_cost_per_token: usd_per_million / 1e6,
    output_cost_per_token: usd_per_million / 1e6 });
const arms = (...shares) => shares.map(([name, model, share]) => ({ name, model, share }));

const experiments = [
  { name: 'by-request', models: ['chat'], sticky: 'request', metric: 'cost', samples_min: 50,
    arms: arms(['now', 'dear', 70], ['new', 'cheap', 30]) },
  { name: 'by-session', models: ['talk'], sticky: 'session',
    arms: arms(['now', 'dear', 1], ['new', 'cheap', 1]) },
  { name: 'by-user', sticky: 'user', metric: 'feedback',
    arms: arms(['now', 'dear', 1], ['new', 'cheap', 1]) },
  { name: 'over', models: ['old'], ends: '2026-01-01',
    arms: arms(['now', 'dear', 1], ['new', 'cheap', 1]) },
  { name: 'to-come', models: ['old'], starts: '9000-01-01T00:00:00Z',
    arms: arms(['now', 'dear', 1], ['new', 'cheap', 1]) },
];
const rules = [{ name: 'trials', match: { header: { 'x-trial': 'yes' } },
  use: { experiment: 'by-user' } }];

describe('experiments', () => {
  let provider;
  let gateways = [];
  before(async () => {
    provider = await PricedProvider.start();
    // Two instances that share nothing but their configuration.
    gateways = await Promise.all([0, 1].map(() => Tollgate.start({
      model_list: [
        priced('dear', 'dear-model', provider.url, 10),
        priced('cheap', 'cheap-model', provider.url, 1),
        ...['chat', 'talk', 'old'].map((name) => priced(name, 'usual', provider.url, 5)),
      ],
      routing: { experiments, rules },
    })));
  });
  after(async () => {
    for (const gateway of gateways) await gateway.stop();
    await provider?.stop();
  });

  async function ask(gateway, model, { headers = {}, key, content = 'hi' } = {}) {
    const response = await gateway.fetch('/v1/chat/completions', { headers, key,
      json: { model, max_tokens: 10, messages: [{ role: 'user', content }] } });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    const route = response.headers.get('x-tollgate-route') ?? '';
    return { id: response.headers.get('x-request-id'), route, arm: route.split('/')[1],
      model: response.headers.get('x-tollgate-model') };
  }
  const shown = async (name, query = '') => (await admin(gateways[0], 'GET',
    `/api/v1/experiments/${name}${query}`, { status: 200 })).body;
  const stored = (id) => until(async () => {
    const { status, body } = await admin(gateways[0], 'GET', `/api/v1/requests/${id}`);
    return status === 200 && body;
  }, `request ${id} is stored`);

  test('shares hold over 400 requests, and the cheaper arm is found', async () => {
    const answers = [];
    for (let i = 0; i < 400; i += 20) {
      answers.push(...await Promise.all(Array.from({ length: 20 }, () =>
        ask(gateways[0], 'chat'))));
    }
    const fresh = answers.filter(({ arm }) => arm === 'new');
    // Five standard deviations of 400 draws at 0.3.
    assert.ok(Math.abs(fresh.length - 120) < 46, `${fresh.length} of 400 instead of about 120`);
    for (const { route, arm, model } of answers) {
      assert.match(route, /^experiment:by-request\/(now|new)$/);
      assert.equal(model, `hosted_vllm/${arm === 'new' ? 'cheap' : 'dear'}-model`);
    }
    const { results } = await until(async () => {
      const body = await shown('by-request');
      return body.results.requests === 400 && body;
    }, '400 requests are counted');
    assert.equal(results.verdict, 'decided', JSON.stringify(results));
    assert.equal(results.winner, 'new');
    assert.match(results.line, /^new is better than now: cost 0\.001100 USD against 0\.011000 USD/);
    const [now, fresh_arm] = results.arms;
    assert.equal(fresh_arm.requests, fresh.length);
    assert.equal(now.requests, 400 - fresh.length);
    assert.equal(now.metrics.cost.samples, now.requests);
    assert.ok(Math.abs(fresh_arm.metrics.cost.value - 0.0011) < 1e-9);
    assert.equal(now.metrics.error_rate.value, 0);
    assert.ok(now.metrics.error_rate.high > 0 && now.metrics.error_rate.high < 0.03);
    assert.equal(now.metrics.output_tokens.value, 100);
    assert.ok(now.metrics.latency.low <= now.metrics.latency.value);
    assert.equal(now.metrics.feedback, null);
    assert.equal(results.comparisons[0].better, true);
  });

  test('a session stays with its arm, on every instance', async () => {
    const of_arm = { now: 0, new: 0 };
    for (let i = 0; i < 24; i += 1) {
      const headers = { 'x-claude-code-session-id': `session-${i}` };
      const [a, b, c] = [await ask(gateways[0], 'talk', { headers }),
        await ask(gateways[1], 'talk', { headers }), await ask(gateways[0], 'talk', { headers })];
      assert.match(a.route, /^experiment:by-session\//);
      assert.deepEqual([b.route, c.route], [a.route, a.route]);
      of_arm[a.arm] += 1;
    }
    assert.ok(of_arm.now > 0 && of_arm.new > 0, JSON.stringify(of_arm));
  });

  test('a rule sends requests into an experiment; users stay with their arm', async () => {
    const headers = { 'x-trial': 'yes' };
    const { body } = await admin(gateways[0], 'POST', '/api/v1/tenants', { status: 201,
      json: { name: 'trying', key: {} } });
    const users = [];
    for (let i = 0; i < 12; i += 1) {
      const user = (await admin(gateways[0], 'POST', '/api/v1/users', { status: 201,
        json: { tenant: body.id, name: `user-${i}` } })).body;
      const { key } = (await admin(gateways[0], 'POST', '/api/v1/keys', { status: 201,
        json: { tenant: body.id, user: user.id } })).body;
      users.push(key);
    }
    await until(async () => (await gateways[0].fetch('/v1/models', { key: users[11] })).status
      === 200, 'the keys became valid');
    const seen = new Set();
    for (const key of users) {
      const routes = [await ask(gateways[0], 'chat', { headers, key }),
        await ask(gateways[0], 'talk', { headers, key })].map(({ route }) => route);
      assert.equal(routes[0], routes[1]);
      assert.match(routes[0], /^experiment:by-user\//);
      seen.add(routes[0]);
    }
    assert.equal(seen.size, 2);
  });

  test('before it starts and after its end nobody takes part', async () => {
    const answer = await ask(gateways[0], 'old');
    assert.equal(answer.model, 'hosted_vllm/usual');
    assert.doesNotMatch(answer.route, /experiment/);
    const { data } = (await admin(gateways[0], 'GET', '/api/v1/experiments',
      { status: 200 })).body;
    assert.deepEqual(data.map(({ name, running }) => [name, running]),
      [['by-request', true], ['by-session', true], ['by-user', true], ['over', false],
        ['to-come', false]]);
  });

  test('a request says its arm and why; feedback counts for the arm', async () => {
    const headers = { 'x-trial': 'yes' };
    const answer = await ask(gateways[0], 'chat', { headers });
    const request = await stored(answer.id);
    assert.equal(request.request.experiment, 'by-user');
    assert.equal(request.request.arm, answer.arm);
    assert.equal(request.routing.experiment, 'by-user');
    assert.equal(request.routing.rule, 'trials');
    assert.equal(request.routing.order[0].name, answer.model);
    await admin(gateways[0], 'POST', '/api/v1/feedback', { status: 200,
      json: { request_id: answer.id, score: -1 } });
    await admin(gateways[0], 'POST', '/api/v1/llm/feedback', { status: 200,
      json: { request_id: answer.id, score: 5, scale: 'stars', comment: 'just right' } });
    const refused = await admin(gateways[0], 'POST', '/api/v1/feedback', { status: 400,
      json: { request_id: answer.id, score: 7 } });
    assert.match(JSON.stringify(refused.body), /scale/);
    assert.equal((await stored(answer.id)).feedback.score, 1);
    const arm = (await shown('by-user')).results.arms.find(({ name }) => name === answer.arm);
    assert.equal(arm.metrics.feedback.samples, 1);
    assert.equal(arm.metrics.feedback.value, 1);
  });

  test('the command line lists, shows and gives feedback', async () => {
    const env = { ...process.env, TOLLGATE_URL: gateways[0].url, TOLLGATE_KEY: master_key };
    const run = async (...words) => (await promisify(execFile)(binary, words, { env })).stdout;
    assert.match(await run('experiments', 'list'), /by-session +talk +session/);
    assert.match(await run('experiments', 'show', 'by-request'), /by-request: new is better/);
    const { id } = await ask(gateways[0], 'chat');
    await stored(id);
    assert.match(await run('requests', 'feedback', id, '--score', '-0.5', '--comment', 'meh'),
      /-0\.5/);
  });
});
