// From LiteLLM to Tollgate: its database's keys go on working, with their bounds, and its
// configuration serves. Into SQLite and into PostgreSQL, beside a running gateway.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { Postgres, why_missing } from './lib/postgres.mjs';
import { Tollgate, binary } from './lib/tollgate.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const fixture = readFileSync(path.join(here, 'fixtures/litellm.sql'), 'utf8');

const config = (more = {}) => ({
  model_list: [{ model_name: 'test-model', litellm_params: { model: 'echo/test-model',
    input_cost_per_token: 1e-6, output_cost_per_token: 1e-5 } },
  { model_name: 'other', litellm_params: { model: 'echo/other' } }],
  ...more });

/** Runs the binary to its end. */
function run(args, { cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, { cwd, env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text) => { stderr += text; });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const keys = { research: 'sk-litellm-research-0001', before: 'sk-litellm-research-0000',
  spent: 'sk-litellm-spent-0002', expired: 'sk-litellm-expired-0003',
  blocked: 'sk-litellm-blocked-0004', small: 'sk-litellm-small-0005' };

const ask = (gateway, key, model = 'test-model') => gateway.fetch('/v1/chat/completions', { key,
  json: { model, max_tokens: 20, messages: [{ role: 'user', content: 'hello' }] } });

for (const store of ['SQLite', 'PostgreSQL']) {
  describe(`LiteLLM's database, into ${store}`, { skip: why_missing }, () => {
    let postgres;
    let gateway;
    let litellm;

    const import_litellm = (...args) => run(['import', 'litellm', 'os.environ/LITELLM_DATABASE',
      '--config', gateway.config_file, '--data-dir', path.join(gateway.folder, 'data'), '-o',
      'json', ...args], { env: { LITELLM_DATABASE: litellm } });
    const fate = (report, subject) => report.report.find((line) => line.subject === subject)?.fate;

    before(async () => {
      postgres = await Postgres.start();
      postgres.query('CREATE DATABASE litellm TEMPLATE template0', 'postgres');
      postgres.query(fixture, 'litellm');
      // As its variable reads where LiteLLM runs, with parameters that only Prisma knows.
      litellm = `${postgres.url.replace('/gate', '/litellm')}&schema=public&connection_limit=10`;
      gateway = await Tollgate.start(config(store === 'SQLite' ? {}
        : { stores: { database: postgres.url } }));
    });
    after(async () => {
      await gateway?.stop();
      await postgres?.stop();
    });

    test('before it is imported a key is unknown, and a dry run leaves it so', async () => {
      assert.equal((await ask(gateway, keys.research)).status, 401);
      const { code, stdout, stderr } = await import_litellm('--dry-run');
      assert.equal(code, 7, stderr);
      assert.equal(fate(JSON.parse(stdout), 'key research-ci'), 'imported');
      assert.match(stderr, /nothing was written/);
      assert.equal((await ask(gateway, keys.research)).status, 401);
    });

    test('the running gateway takes the old keys within seconds', async () => {
      const { code, stdout, stderr } = await import_litellm();
      assert.equal(code, 7, stderr);
      const report = JSON.parse(stdout);
      assert.equal(fate(report, 'key research-ci'), 'imported');
      assert.equal(fate(report, 'table LiteLLM_EndUserTable: 1 rows'), 'unsupported');
      await until(async () => (await ask(gateway, keys.research)).status === 200,
        'the old key works');
      // The secret before its rotation too, as long as LiteLLM would have taken it.
      assert.equal((await ask(gateway, keys.before)).status, 200);
    });

    test('its aliases, limits and routes are those of LiteLLM', async () => {
      for (const alias of ['opus', 'fast']) {
        const answer = await ask(gateway, keys.research, alias);
        assert.equal(answer.status, 200, await answer.text());
      }
      const answer = await ask(gateway, keys.research);
      assert.ok(Number(answer.headers.get('x-ratelimit-limit-requests')) <= 50);
      assert.equal((await ask(gateway, keys.spent, 'other')).status, 403);
      assert.equal((await ask(gateway, keys.small)).status, 200);
      // Its routes are OpenAI's.
      const other = await gateway.fetch('/v1/messages', { key: keys.small, json: {
        model: 'test-model', max_tokens: 20, messages: [{ role: 'user', content: 'hello' }] } });
      assert.equal(other.status, 403, await other.text());
    });

    test('a budget that LiteLLM saw spent is spent', async () => {
      const answer = await ask(gateway, keys.spent);
      const text = await answer.text();
      assert.equal(answer.status, 402, text);
      assert.match(text, /is spent: 0\.75 USD spent/);
    });

    test('blocked and expired keys are refused as such', async () => {
      const blocked = await ask(gateway, keys.blocked);
      assert.ok([401, 403].includes(blocked.status));
      assert.match(await blocked.text(), /blocked|disabled/);
      const expired = await ask(gateway, keys.expired);
      assert.equal(expired.status, 401);
      assert.match(await expired.text(), /expired/);
    });

    test('spend goes on where it stood', async () => {
      const info = await admin(gateway, 'GET', `/key/info?key=${keys.research}`, { status: 200 });
      assert.equal(info.body.info.max_budget, 10);
      assert.equal(info.body.info.team_id, 'team-research');
      assert.equal(info.body.info.user_id, 'u-ada');
      // What LiteLLM counted, and the echoes of these tests.
      assert.ok(info.body.info.spend >= 1.25 && info.body.info.spend < 1.3,
        `spend ${info.body.info.spend}`);
    });

    test('a second run changes nothing', async () => {
      const { code, stdout } = await import_litellm();
      assert.equal(code, 7);
      const report = JSON.parse(stdout);
      assert.equal(report.counts.imported, 0, stdout);
      assert.equal(fate(report, 'spend of key research-ci'), 'unchanged');
      assert.equal((await ask(gateway, keys.research)).status, 200);
    });
  });
}

describe("LiteLLM's configuration", () => {
  let folder;
  let gateway;
  before(async () => { gateway = await Tollgate.start(config()); folder = gateway.folder; });
  after(async () => { await gateway?.stop(); });

  test('becomes one of ours, with a report of each key, and serves', async () => {
    const source = path.join(folder, 'litellm.yaml');
    await writeFile(source, ['model_list:',
      '  - model_name: demo',
      '    litellm_params: {model: echo/demo, api_key: sk-made-up-and-literal}',
      'litellm_settings: {cache: true, success_callback: [langfuse], drop_params: true}',
      'general_settings: {master_key: os.environ/LITELLM_MASTER_KEY}', ''].join('\n'));
    const out = path.join(folder, 'made.yaml');
    const made = await run(['import', 'litellm', source, '--out', out, '-o', 'json']);
    assert.equal(made.code, 7, made.stderr);
    const report = JSON.parse(made.stdout);
    const line = (subject) => report.report.find((one) => one.subject === subject);
    assert.equal(line('model_list[0].model_name').fate, 'imported');
    assert.equal(line('model_list[0].litellm_params.api_key').fate, 'approximated');
    assert.equal(line('litellm_settings.cache').fate, 'imported');
    assert.equal(line('litellm_settings.success_callback').fate, 'unsupported');
    const text = await readFile(out, 'utf8');
    assert.doesNotMatch(text, /made-up-and-literal/);
    assert.match(text, /master_key: os\.environ\/LITELLM_MASTER_KEY/);
    const check = await run(['config', 'check', out], { env: { LITELLM_MASTER_KEY: 'sk-1234567890',
      DEMO_API_KEY: 'sk-made-up' } });
    assert.equal(check.code, 0, check.stdout + check.stderr);
    const again = await run(['import', 'litellm', source, '--out', out]);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /--force/);
  });
});
