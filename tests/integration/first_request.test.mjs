// One command makes a tenant; what it prints, pasted, makes the real Claude Code's first request
// pass. Who is over budget reads the budget's message at once.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { make_workspace, run_claude } from './lib/claude.mjs';
import { patience } from './lib/patience.mjs';
import { PricedProvider } from './lib/priced_provider.mjs';
import { Tollgate, binary, deployment } from './lib/tollgate.mjs';

const prices = { input_cost_per_token: 1e-6, output_cost_per_token: 1e-5 };
const ready_limit_ms = 3000;  // the aim is one second; the machine of the tests has other work

describe('a new tenant with Claude Code', () => {
  let provider;
  let gateway;
  let workspace;
  before(async () => {
    provider = await PricedProvider.start();
    const config = { model_list: ['claude-opus', 'claude-sonnet', 'claude-haiku'].map((name) =>
      deployment(name, 'hosted_vllm', 'm', `${provider.url}/v1`, prices)) };
    gateway = await Tollgate.start(config);
    await gateway.write_config({ ...config, server: { listen: `127.0.0.1:${gateway.port}`,
      data_dir: path.join(gateway.folder, 'data') } });
    workspace = await make_workspace();
  });
  after(async () => {
    await workspace?.remove();
    await gateway?.stop();
    await provider?.stop();
  });

  /** `tollgate tenants create`, as typed: the printed variables and how long it took. */
  function create(...args) {
    return new Promise((resolve, reject) => {
      const begun = performance.now();
      const child = spawn(binary, ['tenants', 'create', ...args], { cwd: gateway.folder,
        env: { PATH: process.env.PATH, HOME: gateway.folder }, stdio: ['ignore', 'pipe', 'pipe'] });
      let out = '';
      child.stdout.setEncoding('utf8').on('data', (text) => { out += text; });
      child.stderr.setEncoding('utf8').on('data', (text) => { out += text; });
      child.on('error', reject);
      child.on('close', (code) => {
        const took_ms = performance.now() - begun;
        if (code !== 0) {
          reject(new Error(out));
          return;
        }
        resolve({ took_ms, out, printed: Object.fromEntries(
          [...out.matchAll(/^export (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value])) });
      });
    });
  }
  const claude = (printed, env = {}) => run_claude(workspace, 'Say hello', {
    base_url: printed.ANTHROPIC_BASE_URL, key: printed.ANTHROPIC_AUTH_TOKEN,
    env: { ...printed, ...env } });
  const asked = () => gateway.access_log.filter((row) => row.path.startsWith('/v1/messages')
    && !row.path.includes('count_tokens'));

  test('is ready in one command, and its first request passes', async (t) => {
    const { took_ms, printed, out } = await create('acme');
    t.diagnostic(`tenants create took ${Math.round(took_ms)} ms`);
    assert.ok(took_ms < ready_limit_ms * patience, `took ${Math.round(took_ms)} ms`);
    assert.equal(printed.ANTHROPIC_BASE_URL, gateway.url, out);
    assert.match(printed.ANTHROPIC_AUTH_TOKEN, /^sk-tg-[0-9A-Za-z]{49}$/);
    const before_it = provider.calls;
    const result = await claude(printed, { CLAUDE_CODE_MAX_RETRIES: '0' });
    assert.equal(result.is_error, false, result.stdout + gateway.log.slice(-2000));
    assert.equal(result.result, 'counted');
    assert.ok(provider.calls > before_it);
    const rows = await until(async () => {
      const { body } = await admin(gateway, 'GET', '/api/v1/requests?tenant=acme');
      return body.data.length > 0 && body.data;
    }, 'its usage came');
    assert.equal(rows[0].status, 200);
    assert.ok(rows[0].cost > 0);
    assert.equal(rows[0].session_id, result.session_id, 'the session is known');
  });

  test('over budget it is told so, and does not try again', async (t) => {
    const { printed } = await create('spent', '--budget', '0.000001');
    const provider_calls = provider.calls;
    const before_it = asked().length;
    const begun = performance.now();
    const result = await claude(printed);  // with the retries that Claude Code has by itself
    const took_s = (performance.now() - begun) / 1000;
    const refused = asked().slice(before_it);
    t.diagnostic(`Claude Code ended after ${took_s.toFixed(1)} s and ${refused.length} request(s): `
      + result.result);
    assert.equal(result.is_error, true);
    assert.match(result.result, /budget/i);
    assert.match(result.result, /monthly|month/i);
    assert.equal(provider.calls, provider_calls, 'no provider was asked');
    assert.ok(refused.length >= 1 && refused.length <= 2, `${refused.length} requests`);
    assert.ok(refused.every((row) => row.status === 429), JSON.stringify(refused));
    assert.ok(took_s < 30, `took ${took_s} s`);
  });
});
