// What the documents tell people to type works: every `sh` block of these pages is run, in order,
// by a shell beside a running gateway, and every `yaml` block is checked as configuration.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { until } from './lib/admin.mjs';
import { Postgres, why_missing as no_postgres } from './lib/postgres.mjs';
import { Tollgate, binary, deployment, master_key } from './lib/tollgate.mjs';

const docs = new URL('../../docs/', import.meta.url).pathname;
const prices = { input_cost_per_token: 3e-6, output_cost_per_token: 1.5e-5 };
const shell_limit_ms = 120_000;

/** The blocks of a page in one language, in order. */
const blocks = (text, language) =>
  [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, named]) => named === language).map(([, , block]) => block);

/** Runs a program to its end: {code, out}. */
function run(program, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => { out += text; });
    }
    const late = setTimeout(() => child.kill('SIGKILL'), shell_limit_ms);
    child.on('error', reject);
    child.on('close', (code) => { clearTimeout(late); resolve({ code, out }); });
  });
}

/** A gateway, a folder from which people type, and their environment. */
async function beginning(more_env = {}) {
  const config = { model_list: [deployment('sonnet', 'echo', 'echo', '', prices)] };
  const gateway = await Tollgate.start(config);
  await gateway.write_config({ ...config, server: { listen: `127.0.0.1:${gateway.port}`,
    data_dir: path.join(gateway.folder, 'data') } });
  const programs = path.join(gateway.folder, 'bin');
  await mkdir(programs);
  await symlink(binary, path.join(programs, 'tollgate'));
  const env = { PATH: `${programs}:${process.env.PATH}`, HOME: gateway.folder, LANG: 'C.UTF-8',
    TOLLGATE_MASTER_KEY: master_key, WEB_TEAM_KEY: 'sk-web-team-0123456789abcdef',
    SMTP_PASSWORD: 'made-up', OPENAI_API_KEY: 'sk-made-up', GROQ_API_KEY: 'sk-made-up',
    ...more_env };
  return { gateway, env, options: { cwd: gateway.folder, env } };
}

/** Every yaml block of the page is good configuration, or a good tenant's file. */
async function check_configuration(text, { gateway, options }) {
  for (const [index, block] of blocks(text, 'yaml').entries()) {
    const folder = path.join(gateway.folder, `checked-${index}`);
    await mkdir(path.join(folder, 'tenants'), { recursive: true });
    const [, name] = /^# (tenants\/\S+)$/m.exec(block) ?? [];
    const file = path.join(folder, 'tollgate.yaml');
    await writeFile(file, name ? 'logging: {level: info}\n' : block);
    if (name) await writeFile(path.join(folder, name), block);
    const { code, out } = await run(binary, ['config', 'check', file], options);
    assert.equal(code, 0, `${block}\n${out}`);
    assert.doesNotMatch(out, /unknown|did you mean/, block);
  }
}

async function run_page(name, begun) {
  const text = await readFile(path.join(docs, name), 'utf8');
  const typed = blocks(text, 'sh').join('\n')
    .replaceAll('http://127.0.0.1:4000', begun.gateway.url);
  assert.notEqual(typed, '', 'the page has blocks');
  const { code, out } = await run('bash', ['-euxo', 'pipefail', '-c', typed], begun.options);
  assert.equal(code, 0, `${name}:\n${out}`);
  await check_configuration(text, begun);
  return out;
}

describe('what the documents tell to type', () => {
  for (const name of ['tenants.md', 'limits.md', 'budgets.md', 'usage_and_cost.md', 'alerts.md']) {
    test(name, async () => {
      const begun = await beginning();
      try {
        if (name !== 'tenants.md') {
          const made = await run(binary, ['tenants', 'create', 'acme'], begun.options);
          assert.equal(made.code, 0, made.out);
          const [, key] = /^key +(\S+)$/m.exec(made.out);
          const ask = async () => (await begun.gateway.fetch('/v1/messages', { key,
            json: { model: 'sonnet', max_tokens: 20,
              messages: [{ role: 'user', content: 'hello' }] } })).status;
          await until(async () => await ask() === 200, 'the key became valid', 5000);
        }
        await run_page(name, begun);
      } finally {
        await begun.gateway.stop();
      }
    });
  }

  for (const name of ['routing.md', 'task_detection.md']) {
    test(`the configurations of ${name}`, async () => {
      const begun = await beginning();
      try {
        const text = await readFile(path.join(docs, name), 'utf8');
        assert.notEqual(blocks(text, 'yaml').length, 0);
        await check_configuration(text, begun);
      } finally {
        await begun.gateway.stop();
      }
    });
  }

  test('instances.md', { skip: no_postgres }, async () => {
    const postgres = await Postgres.start();
    const begun = await beginning({ POSTGRES_URL: postgres.url,
      TOLLGATE_DATABASE_URL: `postgres:///tollgate?host=${postgres.folder}&user=tollgate`,
      TOLLGATE_REDIS_URL: 'redis://127.0.0.1:6379' });
    try {
      const text = await readFile(path.join(docs, 'instances.md'), 'utf8');
      // The reader's configuration is the page's first block.
      await writeFile(path.join(begun.gateway.folder, 'tollgate.yaml'),
        `${blocks(text, 'yaml')[0]}\nserver: {listen: "127.0.0.1:${begun.gateway.port}"}\n`);
      const out = await run_page('instances.md', begun);
      assert.match(out, /^0001_/m, 'migrate applied the migrations');
      assert.match(out, /"status":"ready"/);
    } finally {
      await begun.gateway.stop();
      await postgres.stop();
    }
  });
});
