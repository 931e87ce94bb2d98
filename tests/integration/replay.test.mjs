// What routing saves on a day of Claude Code: the real client works through the same sessions with
// every request on the model it asks for, under the table of tasks, and under the table without
// affinity, against providers that keep prompt caches. `tollgate simulate` predicts the second from
// the records of the first.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { admin, until } from './lib/admin.mjs';
import { make_workspace, run_claude } from './lib/claude.mjs';
import { files, sessions, turns } from './lib/coding_sessions.mjs';
import { SessionProvider } from './lib/session_provider.mjs';
import { Tollgate, binary, deployment, master_key } from './lib/tollgate.mjs';

const run = promisify(execFile);
const kinds = { 'claude-opus-4-8': 'marked', 'claude-haiku-4-5': 'marked',
  'gpt-4o-mini': 'automatic', 'gpt-4o': 'automatic', 'o3-pro': 'none' };

// Two accounts serve the big model in turns, as is done where one has too small a limit. Prices are
// those of the catalog.
const models = (url) => [
  deployment('claude-opus', 'anthropic', 'claude-opus-4-8', url, { api_key: 'sk-made-up-1' }),
  deployment('claude-opus', 'anthropic', 'claude-opus-4-8', url, { api_key: 'sk-made-up-2' }),
  deployment('claude-haiku', 'anthropic', 'claude-haiku-4-5', url),
  deployment('openrouter/qwen/qwen3-coder', 'openrouter', 'qwen/qwen3-coder', `${url}/v1`),
  deployment('openrouter/deepseek/deepseek-v3.2', 'openrouter', 'deepseek/deepseek-v3.2',
    `${url}/v1`),
  deployment('openai/gpt-4o-mini', 'openai', 'gpt-4o-mini', `${url}/v1`),
  deployment('openai/o3-pro', 'openai', 'o3-pro', `${url}/v1`),
  deployment('azure/gpt-4o', 'azure', 'gpt-4o', url, { api_version: '2024-10-21' }),
];
const configurations = (url) => ({
  baseline: { model_list: models(url), routing: { note_tasks: true } },
  rules: { model_list: models(url), routing: { task_table: true } },
  scattered: { model_list: models(url),
    routing: { task_table: true, affinity: { enabled: false } } },
});

async function work_through(gateway) {
  for (const session of sessions) {
    const workspace = await make_workspace(files);
    try {
      let resume;
      for (const prompt of session.turns) {
        const result = await run_claude(workspace, prompt, { base_url: gateway.url,
          key: master_key, model: 'claude-opus-4-8', resume,
          env: { CLAUDE_CODE_MAX_RETRIES: '1' } });
        assert.equal(result.is_error, false, `${session.name}: ${result.result}\n`
          + `${gateway.log.slice(-2000)}`);
        resume = result.session_id;
      }
    } finally {
      await workspace.remove();
    }
  }
}

async function records_of(gateway, count) {
  return until(async () => {
    const { body } = await admin(gateway, 'GET', '/api/v1/requests?limit=500');
    return body.data.length >= count ? body.data : undefined;
  }, 'all requests are in the database');
}

const tokens_of = ({ tokens }) => ({ fresh: tokens.input ?? 0, read: tokens.cache_read ?? 0,
  written: (tokens.cache_write_5m ?? 0) + (tokens.cache_write_1h ?? 0), output: tokens.output });
const cost_of = (rows) => rows.reduce((sum, row) => sum + Number(row.cost), 0);

/** Lines of a table: what each model had to read, write and say, and what that cost. */
function table_of(rows) {
  const lines = new Map();
  for (const row of rows) {
    const line = lines.get(row.model) ?? { requests: 0, fresh: 0, read: 0, written: 0, output: 0,
      cost: 0 };
    lines.set(row.model, line);
    line.requests += 1;
    line.cost += Number(row.cost);
    for (const [name, count] of Object.entries(tokens_of(row))) line[name] += count;
  }
  return [...lines].sort(([, a], [, b]) => b.cost - a.cost).map(([model, line]) =>
    `${model.padEnd(24)} ${String(line.requests).padStart(3)} requests, input ${line.fresh}, `
    + `cache read ${line.read}, written ${line.written}, output ${line.output}: `
    + `${line.cost.toFixed(4)} USD`);
}

describe('a day of Claude Code', { timeout: 900000 }, () => {
  let provider;
  let baseline;
  const measured = {};  // records by name of the configuration
  const calls = {};     // what reached the provider
  before(async () => {
    provider = await SessionProvider.start({ turns, caches: (model) => kinds[model] ?? 'none' });
  });
  after(async () => {
    await baseline?.stop();
    await provider?.stop();
  });

  const measure = async (name) => {
    provider.reset();
    const gateway = await Tollgate.start(configurations(provider.url)[name]);
    try {
      await work_through(gateway);
      assert.deepEqual(provider.surprises, []);
      measured[name] = await records_of(gateway, provider.calls.length);
      assert.equal(measured[name].length, provider.calls.length, 'one record for each call');
      calls[name] = provider.calls;
    } finally {
      if (name === 'baseline') baseline = gateway;
      else await gateway.stop();
    }
    return measured[name];
  };

  for (const name of ['baseline', 'rules', 'scattered']) {
    test(`is worked through: ${name}`, async (context) => {
      const rows = await measure(name);
      assert.ok(rows.every((row) => row.status === 200));
      for (const line of table_of(rows)) context.diagnostic(line);
    });
  }

  test('goes to the model that the table names, and stays there through a loop of tools', () => {
    const models_of = (turn) => [...new Set(calls.rules.filter((one) => one.turn === turn)
      .map(({ model }) => model))];
    const wanted = { 'question-1': 'claude-opus-4-8', 'plan-1': 'claude-opus-4-8',
      'think-1': 'o3-pro', 'safe-1': 'gpt-4o', 'docs-1': 'gpt-4o-mini',
      'tidy-1': 'deepseek/deepseek-v3.2' };
    for (const turn of ['feature-1', 'feature-2', 'bug-1', 'bug-2', 'bug-3', 'bug-4', 'plan-2',
      'plan-3', 'parent-1', 'child-1']) {
      wanted[turn] = 'qwen/qwen3-coder';
    }
    for (const [turn, model] of Object.entries(wanted)) {
      assert.deepEqual(models_of(turn), [model], turn);
    }
    assert.ok(calls.baseline.every(({ model }) => model.startsWith('claude-')));
  });

  test('costs at least 40 % less under the table of tasks, and affinity saves', (context) => {
    const [baseline_cost, rules, scattered] = ['baseline', 'rules', 'scattered']
      .map((name) => cost_of(measured[name]));
    const less = (cost, than) => `${(100 * (1 - cost / than)).toFixed(1)} % less`;
    context.diagnostic(`every request on the model it asks for: ${baseline_cost.toFixed(4)} USD`);
    context.diagnostic(`table of tasks: ${rules.toFixed(4)} USD, ${less(rules, baseline_cost)}`);
    context.diagnostic(`table without affinity: ${scattered.toFixed(4)} USD; with it `
      + `${less(rules, scattered)}`);
    assert.ok(rules <= 0.6 * baseline_cost, `${rules} against ${baseline_cost}`);
    assert.ok(rules < scattered, `${rules} with affinity, ${scattered} without`);
  });

  test('is predicted by simulate within 2 %', async (context) => {
    const file = path.join(baseline.folder, 'new.yaml');
    for (const name of ['rules', 'scattered']) {
      await writeFile(file, JSON.stringify(configurations(provider.url)[name]));
      const { stdout } = await run(binary, ['simulate', '--from', 'usage', '--rules', file,
        '--config', baseline.config_file, '--data-dir', path.join(baseline.folder, 'data'),
        '-o', 'json'], { env: { PATH: process.env.PATH, HOME: baseline.folder } });
      const told = JSON.parse(stdout);
      const cost = cost_of(measured[name]);
      const off = Math.abs(told.total.would.cost - cost) / cost;
      context.diagnostic(`${name}: predicted ${told.total.would.cost}, measured ${cost}`);
      assert.ok(off < 0.02, `${name}: predicted ${told.total.would.cost}, measured ${cost}`);
    }
  });
});
