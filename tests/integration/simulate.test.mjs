// What `tollgate simulate` predicts from the usage of one rule set is what the same traffic costs
// under the other, prompt caches and all.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { admin, until } from './lib/admin.mjs';
import { CachingProvider } from './lib/caching_provider.mjs';
import { Tollgate, binary, deployment } from './lib/tollgate.mjs';

const run = promisify(execFile);

const priced = (name, model, url, usd_per_million) => {
  const token = usd_per_million / 1e6;
  return deployment(name, 'anthropic', model, url, { input_cost_per_token: token,
    output_cost_per_token: token * 5, cache_read_input_token_cost: token / 10,
    cache_creation_input_token_cost: token * 1.25 });
};
const models = (url) => [priced('main', 'big-model', url, 3), priced('side', 'big-model', url, 3),
  priced('cheap', 'small-model', url, 0.5), priced('large', 'wide-model', url, 6)];

// What is asked for on the side goes to the cheap model; long conversations move to a dear one.
const other_rules = [
  { name: 'side', match: { model: 'side', tokens: '< 100000' }, use: 'cheap' },
  { name: 'long', match: { tokens: '> 4000' }, use: 'large' },
  { name: 'words', match: { model: 'cheap', prompt: 'translate*' }, use: 'main' },
];

describe('simulate', () => {
  let provider;
  let gateway;
  before(async () => {
    provider = await CachingProvider.start();
    gateway = await Tollgate.start({ model_list: models(provider.url) });
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
  });

  const say = async (to, model, session, messages) => {
    const response = await to.fetch('/v1/messages', { json: { model, max_tokens: 100, messages },
      headers: { 'x-claude-code-session-id': session } });
    assert.equal(response.status, 200, await response.clone().text());
    await response.text();
  };
  // Conversations that grow: half of them beyond what the rule `long` lets pass.
  const traffic = async (to) => {
    let count = 0;
    for (let session = 0; session < 6; session += 1) {
      const model = session % 3 === 2 ? 'side' : 'main';
      const messages = [];
      for (let turn = 0; turn < 6; turn += 1) {
        const words = session % 2 === 1 && turn === 3 ? 6000 : 300;
        messages.push({ role: 'user', content: `${session}/${turn} ${'word '.repeat(words)}` });
        await say(to, model, `session-${session}`, messages);
        messages.push({ role: 'assistant', content: `answer ${turn}` });
        count += 1;
      }
    }
    for (let i = 0; i < 4; i += 1) {
      await say(to, 'cheap', `other-${i}`, [{ role: 'user', content: `what is ${i}?` }]);
      count += 1;
    }
    return count;
  };
  const recorded = async (of, count) => {
    let rows;
    await until(async () => {
      rows = (await admin(of, 'GET', '/api/v1/requests?limit=500')).body.data;
      return rows.length >= count;
    }, 'all requests are in the database');
    assert.equal(rows.length, count);
    return rows.reduce((sum, row) => sum + Number(row.cost), 0);
  };
  const simulate = async (file, ...more) => {
    const { stdout } = await run(binary, ['simulate', '--from', 'usage', '--rules', file,
      '--config', gateway.config_file, '--data-dir', path.join(gateway.folder, 'data'), ...more],
    { env: { PATH: process.env.PATH, HOME: gateway.folder } });
    return stdout;
  };

  test('predicts what the same traffic costs under other rules', async () => {
    const count = await traffic(gateway);
    const did = await recorded(gateway, count);
    const same = JSON.parse(await simulate(gateway.config_file, '-o', 'json'));
    assert.equal(same.total.did.requests, count);
    assert.equal(same.total.would.cost, same.total.did.cost);
    assert.equal(same.moved_requests, 0);

    const file = path.join(gateway.folder, 'new.yaml');
    const config = { model_list: models(provider.url), routing: { rules: other_rules } };
    await writeFile(file, JSON.stringify(config));
    const told = JSON.parse(await simulate(file, '--range', '1h', '-o', 'json'));
    assert.ok(Math.abs(told.total.did.cost - did) < 1e-9);
    assert.equal(told.kept.length, 1);
    assert.equal(told.kept[0].requests, 4);
    assert.match(told.kept[0].reason, /words asks for prompt/);
    assert.ok(told.prefixes_anew > 0 && told.moved_conversations > 0);

    provider.caches.clear();
    const changed = await Tollgate.start(config);
    try {
      assert.equal(await traffic(changed), count);
      const measured = await recorded(changed, count);
      const off = Math.abs(told.total.would.cost - measured) / measured;
      assert.ok(off < 0.02, `predicted ${told.total.would.cost}, measured ${measured}`);
      // It is no prediction when nothing would have changed.
      assert.ok(Math.abs(measured - did) / did > 0.05, `${did} and ${measured} are too alike`);
    } finally {
      await changed.stop();
    }
    const table = await simulate(file);
    assert.match(table, /^RULE\s+REQUESTS/m);
    assert.match(table, /^long /m);
    assert.match(table, /anthropic\/wide-model/);
    assert.match(table, /4 requests .* are kept as they were: rule words asks for prompt/);
  });

  test('knows the providers and models of the database', async () => {
    const key = 'sk-provider-of-the-database';
    await admin(gateway, 'POST', '/api/v1/llm/providers', { status: 201, json: { name: 'stored',
      type: 'anthropic', api_key: key, api_base_url: provider.url } });
    await admin(gateway, 'POST', '/api/v1/llm/models', { status: 201, json: {
      provider_id: 'stored', name: 'stored-model', cost_per_1m_input: 1, cost_per_1m_output: 5 } });
    const file = path.join(gateway.folder, 'stored.yaml');
    await writeFile(file, JSON.stringify({ model_list: models(provider.url),
      routing: { rules: [{ name: 'all', match: {}, use: 'stored-model' }] } }));
    const told = JSON.parse(await simulate(file, '-o', 'json'));
    assert.equal(told.refused.length, 0);
    const line = told.by_model.find(({ model }) => model === 'anthropic/stored-model');
    assert.equal(line.would.requests, told.total.did.requests);
    assert.ok(line.would.cost > 0);
    assert.equal(told.unpriced_requests, 0);
    assert.ok(!JSON.stringify(told).includes(key));
  });

  test('says what is wrong with what it is given', async () => {
    const file = path.join(gateway.folder, 'broken.yaml');
    await writeFile(file, 'routing: {rules: [{name: x, use: nowhere-model}]}\n');
    for (const [args, words] of [
      [[file], /nowhere-model/],
      [[gateway.config_file, '--range', 'soon'], /--range/],
      [[gateway.config_file, '--from', 'memory'], /--from/],
      [[gateway.config_file, '--tenant', 'nobody'], /no tenant nobody/]]) {
      await assert.rejects(simulate(...args), (error) => words.test(error.stderr));
    }
  });
});
