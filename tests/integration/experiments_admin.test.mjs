// Experiments that are made, changed and ended while two instances serve requests from one
// database: over the interface and from the command line.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { admin, until } from './lib/admin.mjs';
import { patience } from './lib/patience.mjs';
import { Postgres, why_missing } from './lib/postgres.mjs';
import { PricedProvider } from './lib/priced_provider.mjs';
import { Tollgate, binary, deployment, master_key } from './lib/tollgate.mjs';

const installation = 'made-up-installation-key-of-these-tests-0123456789';
const path = '/api/v1/experiments';
const arms = (first = 70, second = 30) => [{ name: 'now', model: 'dear', share: first },
  { name: 'new', model: 'cheap', share: second }];

describe('experiments of the database', { skip: why_missing ?? false }, () => {
  let postgres;
  let provider;
  let gateways = [];
  const keys = {};
  before(async () => {
    [postgres, provider] = await Promise.all([Postgres.start(), PricedProvider.start()]);
    const model = (name, target) => deployment(name, 'hosted_vllm', target, `${provider.url}/v1`,
      { input_cost_per_token: 1e-6, output_cost_per_token: 1e-6 });
    gateways = await Promise.all([0, 1].map(() => Tollgate.start({
      model_list: [model('dear', 'dear-model'), model('cheap', 'cheap-model'),
        ...['chat', 'talk', 'shop', 'old'].map((name) => model(name, 'usual'))],
      stores: { database: postgres.url },
      routing: { experiments: [{ name: 'filed', models: ['old'], arms: arms() }] },
    }, { env: { TOLLGATE_INSTALLATION_KEY: installation } })));
    for (const name of ['acme', 'globex']) {
      const tenant = await admin(gateways[0], 'POST', '/api/v1/tenants',
        { status: 201, json: { name } });
      const key = async (role) => (await admin(gateways[0], 'POST', '/api/v1/keys',
        { status: 201, json: { tenant: tenant.body.id, role } })).body.key;
      keys[name] = { id: tenant.body.id, admin: await key('tenant_admin'),
        member: await key('member') };
    }
    await until(async () => (await gateways[1].fetch('/v1/models',
      { key: keys.globex.member })).status === 200, 'the keys are known everywhere');
  });
  after(async () => {
    for (const gateway of gateways) await gateway.stop();
    await provider?.stop();
    await postgres?.stop();
  });

  const call = (method, where, json, more = {}) =>
    admin(gateways[0], method, `${path}${where}`, { json, ...more });
  async function ask(gateway, model, { key, headers } = {}) {
    const response = await gateway.fetch('/v1/chat/completions', { key, headers,
      json: { model, max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] } });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    const route = response.headers.get('x-tollgate-route') ?? '';
    return { id: response.headers.get('x-request-id'), route,
      model: response.headers.get('x-tollgate-model')?.split('/').at(-1) };
  }
  const explained = async (gateway, model, key) => (await admin(gateway, 'POST',
    '/api/v1/llm/routing/explain', { key, json: { model, prompt: 'hi' }, status: 200 })).body;

  test('one that is made is in force within a second on every instance', async () => {
    assert.equal((await ask(gateways[1], 'chat')).model, 'usual');
    const { body, headers } = await call('POST', '', { name: 'titles', models: ['chat'],
      arms: arms(), sticky: 'request', samples_min: 20 }, { status: 201 });
    const made = Date.now();
    assert.equal(body.origin, 'database');
    assert.equal(headers.get('location'), `${path}/titles`);
    // The instance that was told has it with its answer.
    assert.match((await ask(gateways[0], 'chat')).route, /^experiment:titles\//);
    await until(async () => /^experiment:titles\//.test((await ask(gateways[1], 'chat')).route),
      'the other instance has it', 5000);
    const took = Date.now() - made;
    assert.ok(took < 1000 * patience, `${took} ms`);
    const trace = await explained(gateways[1], 'chat');
    assert.match(JSON.stringify(trace), /"experiment":"titles"/);
  });

  test('shares are as they were written, and as they are changed', async () => {
    const count = async () => {
      const answers = [];
      for (let i = 0; i < 200; i += 20) {
        answers.push(...await Promise.all(Array.from({ length: 20 }, (_, at) =>
          ask(gateways[at % 2], 'chat'))));
      }
      return answers.filter(({ model }) => model === 'cheap-model').length;
    };
    const few = await count();
    // Five standard deviations of 200 draws at 0.3.
    assert.ok(Math.abs(few - 60) < 33, `${few} of 200 instead of about 60`);
    await call('PATCH', '/titles', { arms: arms(10, 90) }, { status: 200 });
    const trusted = async () => (await admin(gateways[1], 'GET', `${path}/titles`,
      { status: 200 })).body.arms[1].share === 90;
    await until(trusted, 'the change is known');
    await new Promise((resolve) => { setTimeout(resolve, 1000); });
    const many = await count();
    assert.ok(Math.abs(many - 180) < 22, `${many} of 200 instead of about 180`);
    const shown = await until(async () => {
      const { body } = await call('GET', '/titles');
      return body.results.requests >= 400 && body;
    }, 'the requests are counted');
    assert.notEqual(shown.results.verdict, 'too_few_samples');
  });

  test('a session stays with its arm on both instances', async () => {
    await call('POST', '', { name: 'sessions', models: ['talk'], arms: arms(1, 1) },
      { status: 201 });
    await until(async () => /^experiment:sessions\//.test((await ask(gateways[1], 'talk')).route),
      'the other instance has it');
    const seen = new Set();
    for (let i = 0; i < 16; i += 1) {
      const headers = { 'x-claude-code-session-id': `stored-${i}` };
      const [a, b] = [await ask(gateways[0], 'talk', { headers }),
        await ask(gateways[1], 'talk', { headers })];
      assert.equal(a.route, b.route);
      seen.add(a.route);
    }
    assert.equal(seen.size, 2);
    await call('DELETE', '/sessions', undefined, { status: 200 });
    assert.equal((await ask(gateways[0], 'talk')).model, 'usual');
  });

  test('a tenant\'s is for its own requests, and no other tenant sees it', async () => {
    const { acme, globex } = keys;
    const made = await call('POST', '', { name: 'ours', models: ['shop'], arms: arms(1, 1e6),
      sticky: 'request' }, { key: acme.admin, status: 201 });
    assert.equal(made.body.tenant, acme.id);
    assert.equal((await ask(gateways[0], 'shop', { key: acme.member })).model, 'cheap-model');
    assert.equal((await ask(gateways[0], 'shop', { key: globex.member })).model, 'usual');
    assert.equal((await call('GET', '/ours', undefined, { key: globex.admin })).status, 404);
    for (const [method, where] of [['PATCH', '/ours'], ['DELETE', '/ours'], ['POST', '/ours/stop'],
      ['POST', '/ours/promote']]) {
      const json = method === 'DELETE' ? undefined : {};
      assert.equal((await call(method, where, json, { key: globex.admin })).status, 404, method);
    }
    assert.equal((await call('PATCH', '/titles', { enabled: false },
      { key: acme.admin })).status, 403);
    assert.equal((await call('POST', '', { name: 'x', models: ['shop'], arms: arms(),
      tenant: globex.id }, { key: acme.admin })).status, 404);
    assert.equal((await call('POST', '', { name: 'x', models: ['shop'], arms: arms() },
      { key: acme.member })).status, 403);
    const { data } = (await call('GET', '', undefined, { key: acme.admin, status: 200 })).body;
    assert.deepEqual(data.map(({ name }) => name), ['filed', 'titles', 'ours']);
    assert.match(data[0].origin, /tollgate\.yaml:\d+/);
  });

  test('a tenant\'s experiment opens no model that a key may not use', async () => {
    const { body } = await admin(gateways[0], 'POST', '/api/v1/keys', { status: 201,
      json: { tenant: keys.acme.id, allowed_models: ['shop'] } });
    const answer = await ask(gateways[0], 'shop', { key: body.key });
    assert.equal(answer.model, 'usual');
    assert.doesNotMatch(answer.route, /experiment/);
  });

  test('what is wrong is refused with the field and the fix', async () => {
    const refused = async (json, status, says) => {
      const { body } = await call('POST', '', json, { status });
      assert.match(body.error.message, says);
    };
    await refused({ name: 'x', models: ['chat'], arms: arms().slice(1) }, 400, /arms must be 2/);
    await refused({ name: 'x', models: ['chat'], arms: [arms()[0], { model: 'chaep', share: 1 }] },
      400, /arms\[1\]\.model: there is no model `chaep`; .*`cheap`/);
    await refused({ name: 'x', models: ['chat'], arms: arms(0, 1) }, 400,
      /share must be .* above 0/);
    await refused({ name: 'filed', models: ['chat'], arms: arms() }, 409, /choose another name/);
    await refused({ name: 'titles', models: ['chat'], arms: arms() }, 409, /titles|name/);
    assert.equal((await call('DELETE', '/filed')).status, 409);
    const { headers } = await call('GET', '/titles', undefined, { status: 200 });
    assert.match(headers.get('etag'), /^"\d+"$/);
    await call('PATCH', '/titles', { samples_min: 30 },
      { status: 200, headers: { 'if-match': headers.get('etag') } });
    await call('PATCH', '/titles', { samples_min: 40 },
      { status: 412, headers: { 'if-match': headers.get('etag') } });
  });

  test('promotion ends it, and the name leads to the arm\'s model everywhere', async () => {
    const { body } = await call('POST', '/ours/promote', { arm: 'new' },
      { key: keys.acme.admin, status: 200 });
    assert.deepEqual(body.model_aliases, { shop: 'cheap' });
    assert.equal(body.aliases_of, 'tenant');
    assert.equal(body.experiment.running, false);
    for (const gateway of gateways) {
      const settled = await until(async () => {
        const answer = await ask(gateway, 'shop', { key: keys.acme.member });
        return !/experiment/.test(answer.route) && answer;
      }, 'the experiment is over');
      assert.equal(settled.model, 'cheap-model');
    }
    assert.equal((await ask(gateways[0], 'shop', { key: keys.globex.member })).model, 'usual');
    const all = await call('POST', '/titles/promote', { arm: 'new' }, { status: 200 });
    assert.equal(all.body.aliases_of, 'platform');
    await until(async () => (await ask(gateways[1], 'chat',
      { key: keys.globex.member })).model === 'cheap-model', 'the platform\'s name leads there');
    const { data } = (await admin(gateways[0], 'GET', '/api/v1/audit?action=experiment.promoted',
      { status: 200 })).body;
    assert.equal(data.length, 2);
  });

  test('feedback becomes a model\'s quality when it is accepted', async () => {
    const made = (await admin(gateways[0], 'POST', '/api/v1/llm/providers', { status: 201,
      json: { name: 'own', type: 'hosted_vllm', api_base_url: `${provider.url}/v1`,
        api_key: 'sk-made-up' } })).body;
    const stored = (await admin(gateways[0], 'POST', '/api/v1/llm/models', { status: 201,
      json: { provider_id: made.id, name: 'stored-model' } })).body;
    await call('POST', '', { name: 'judged', models: ['talk'], sticky: 'request', samples_min: 2,
      metric: 'feedback', arms: [{ name: 'now', model: 'dear', share: 1e-3 },
        { name: 'new', model: 'own/stored-model', share: 1e6 }] }, { status: 201 });
    for (const score of [1, 0.5]) {
      const answer = await ask(gateways[0], 'talk');
      assert.equal(answer.route, 'experiment:judged/new');
      await until(async () => (await admin(gateways[0], 'POST', '/api/v1/feedback',
        { json: { request_id: answer.id, score } })).status === 200, 'the request is known');
    }
    const refused = await call('POST', '/judged/promote', { arm: 'now', accept_quality: true },
      { status: 409 });
    assert.match(refused.body.error.message, /none of the database/);
    const { body } = await call('POST', '/judged/promote', { arm: 'new', accept_quality: true },
      { status: 200 });
    assert.equal(body.quality.samples, 2);
    assert.equal(body.quality.quality_score, 0.88);
    const model = (await admin(gateways[0], 'GET', `/api/v1/llm/models/${stored.id}`,
      { status: 200 })).body;
    assert.equal(model.quality_score, 0.88);
    assert.equal((await ask(gateways[0], 'talk')).model, 'stored-model');
  });

  test('the command line does the same', async () => {
    const env = { ...process.env, TOLLGATE_URL: gateways[0].url, TOLLGATE_KEY: master_key };
    const run = async (...words) => (await promisify(execFile)(binary,
      ['experiments', ...words], { env })).stdout;
    const made = await run('create', 'typed', '--models', 'old', '--arms',
      'now=1:dear,new=3:cheap', '--ends', '7d', '-o', 'json');
    assert.equal(JSON.parse(made).arms[1].share, 3);
    assert.match(await run('list'), /typed +old +session +cost +true/);
    assert.match(await run('update', 'typed', '--samples-min', '5', '-o', 'json'),
      /"samples_min": ?5/);
    assert.match(await run('get', 'typed', '-o', 'json'), /"verdict"/);
    assert.match(await run('stop', 'typed', '-o', 'json'), /"running": ?false/);
    assert.match(await run('promote', 'typed', '--arm', 'new', '-o', 'json'),
      /"promoted": ?"new"/);
    assert.match(await run('delete', 'typed', '--yes'), /deleted/);
    await assert.rejects(run('create', 'typed', '--models', 'old', '--arms', 'now=dear'),
      /NAME=SHARE:MODEL/);
  });
});
