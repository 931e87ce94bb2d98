// Administration on the command line, as its users type it: against a running gateway, against the
// database alone when none runs, elsewhere by URL and context, and by the script of old.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { until } from './lib/admin.mjs';
import { patience } from './lib/patience.mjs';
import { Postgres, why_missing } from './lib/postgres.mjs';
import { PricedProvider } from './lib/priced_provider.mjs';
import { Tollgate, binary, deployment, free_port, master_key, require_binary }
  from './lib/tollgate.mjs';

const script = new URL('../../scripts/manage-tenants.sh', import.meta.url).pathname;
const cost_of_one = 0.002;  // 1,000 input tokens at 1 USD per million, 100 output tokens at 10
const prices = { input_cost_per_token: 1e-6, output_cost_per_token: 1e-5 };

/** Runs a program to its end in a folder of its own. */
function run(program, args, { cwd, env = {}, input = '' }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { PATH: process.env.PATH, LANG: 'C.UTF-8',
      HOME: cwd, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => { out += text; });
    child.stderr.setEncoding('utf8').on('data', (text) => { err += text; });
    const late = setTimeout(() => child.kill('SIGKILL'), 60000);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(late);
      resolve({ code, out, err, all: out + err });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** A command line in a folder; asserts the exit code, which is 0 unless given. */
const in_folder = (cwd, env) => async (line, { code = 0, input, more = {} } = {}) => {
  const args = Array.isArray(line) ? line : line.split(' ');
  const ran = await run(binary, args, { cwd, env: { ...env, ...more }, input });
  assert.equal(ran.code, code, `tollgate ${args.join(' ')}: ${ran.all}`);
  return ran;
};

const listens = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1');
  socket.once('connect', () => { socket.destroy(); resolve(true); });
  socket.once('error', () => resolve(false));
});

const json_of = async (tollgate, line, options) =>
  JSON.parse((await tollgate(`${line} -o json`, options)).out);

/** What must work in the same way with a gateway and without one. */
function life_of_a_tenant(name, where) {
  test('a tenant is ready in one command and under a second', async () => {
    const { out } = await where.tollgate(`tenants create ${name} --budget 100`);
    // The best of a few: the machine has other work as well.
    const times = [];
    for (let i = 0; i < 3; i += 1) {
      const begun = performance.now();
      await where.tollgate(`tenants create quick-${name}-${i} --budget 100`);
      times.push(performance.now() - begun);
    }
    assert.ok(Math.min(...times) < 1000 * patience, `took ${times.map(Math.round)} ms`);
    assert.match(out, new RegExp(`^tenant  ${name}  \\([0-9a-f-]{36}\\)$`, 'm'));
    assert.match(out, /^budget {2}100 USD, monthly$/m);
    assert.match(out, /^export ANTHROPIC_BASE_URL=http:\/\/127\.0\.0\.1:\d+$/m);
    const [, key] = out.match(/^key {5}(sk-tg-[0-9A-Za-z]{49})$/m);
    assert.match(out, new RegExp(`^export ANTHROPIC_AUTH_TOKEN=${key}$`, 'm'));
  });

  test('it is listed in every form', async () => {
    const table = await where.tollgate('tenants list');
    assert.match(table.out, /^NAME +ENABLED +TIER +MODELS +ORIGIN +CREATED +ID\n/);
    assert.match(table.out, new RegExp(`^${name} +true +-`, 'm'));
    const list = await json_of(where.tollgate, 'tenants list');
    assert.ok(list.some((tenant) => tenant.name === name));
    const yaml = await where.tollgate(`tenants get ${name} -o yaml`);
    assert.match(yaml.out, new RegExp(`^name: ${name}$`, 'm'));
    const csv = await where.tollgate('tenants list -o csv');
    assert.match(csv.out, /^name,enabled,tier,allowed_models,origin,created_at,id\n/);
  });

  test('it is changed, and only where something was named', async () => {
    const before_it = await json_of(where.tollgate, `tenants get ${name}`);
    const changed = await json_of(where.tollgate,
      `tenants update ${name} --tier starter --requests-per-minute 7`);
    assert.equal(changed.tier, 'starter');
    assert.equal(changed.limits.requests_per_minute, 7);
    assert.equal(changed.time_zone, before_it.time_zone);
    const again = await json_of(where.tollgate,
      `tenants update ${name} --requests-per-minute none --requests-per-day 9`);
    assert.equal(again.limits.requests_per_minute, null);
    assert.equal(again.limits.requests_per_day, 9);
    assert.equal(again.tier, 'starter');
  });

  test('teams, users, keys and budgets come and go', async () => {
    const { tollgate } = where;
    const team = await json_of(tollgate, `teams create backend --tenant ${name}`);
    await tollgate(`teams get backend --tenant ${name}`);
    const user = await json_of(tollgate,
      `users create Ada --tenant ${name} --team ${team.id} --email ada@example.com`);
    const key = await json_of(tollgate,
      `keys create laptop --tenant ${name} --user ${user.id} --expires 30d --tags a,b`);
    assert.match(key.key, /^sk-tg-/);
    assert.deepEqual(key.tags, ['a', 'b']);
    const days = (Date.parse(key.expires_at) - Date.now()) / 86400000;
    assert.ok(days > 29.9 && days <= 30, key.expires_at);
    const listed = await json_of(tollgate, `keys list --tenant ${name} --tag a`);
    assert.deepEqual(listed.map((one) => one.id), [key.id]);
    assert.equal(listed[0].key, undefined);
    const rotated = await json_of(tollgate,
      `keys rotate laptop --tenant ${name} --grace 24h`);
    assert.notEqual(rotated.key, key.key);
    assert.ok(rotated.previous_secret_until);
    await tollgate(`keys revoke laptop --tenant ${name} --yes`);
    const budget = await json_of(tollgate, `budgets create --tenant ${name} --kind user`
      + ` --subject ${user.id} --limit 5 --period daily --thresholds 80:notify`);
    assert.deepEqual(budget.thresholds, [{ percent: 80, action: 'notify' }]);
    await tollgate(`budgets update ${budget.id} --limit 6.5`);
    assert.equal((await json_of(tollgate, `budgets get ${budget.id}`)).limit, 6.5);
    await tollgate(`budgets delete ${budget.id} --yes`);
    await tollgate(`budgets get ${budget.id}`, { code: 6 });
    await tollgate(`users delete ${user.id} --yes`);
    await tollgate(`teams delete backend --tenant ${name} --yes`);
    await tollgate(`tiers create ${name}-tier --requests-per-minute 5`);
    await tollgate(`tiers delete ${name}-tier --yes`);
  });

  test('credits, reports and the audit have true figures', async () => {
    const { tollgate } = where;
    await tollgate(['credits', 'add', '25.5', '--tenant', name, '--note', 'first month']);
    const left = await json_of(tollgate, `credits add -5 --tenant ${name}`);
    assert.equal(left.credits_remaining, 20.5);
    const history = await json_of(tollgate, `credits history --tenant ${name}`);
    assert.deepEqual(history.map((row) => row.amount), [-5, 25.5]);
    const acts = await json_of(tollgate, 'audit list --action tenant.created --rows 0');
    assert.ok(acts.length >= 1);
    for (const line of ['usage daily --from 7d', 'usage monthly', 'usage session', 'savings',
      'requests list', 'alerts list', 'alert-channels list', `tenants usage ${name}`,
      `tenants report ${name}`, 'limits list']) {
      await tollgate(line);
    }
    assert.match((await tollgate('usage export --from 1d')).out, /^at,request_id,attempt,/);
  });

  test('lists are followed through every page', async () => {
    const made = 3;
    for (let i = 0; i < made; i += 1) {
      await where.tollgate(`keys create page-${i} --tenant ${name}`);
    }
    const two = await where.tollgate(`keys list --tenant ${name} --text page- --rows 2 -o csv`);
    assert.equal(two.out.trim().split('\n').length, 1 + 2);
    assert.match(two.err, /--rows 0 all/);
    const all = await json_of(where.tollgate, `keys list --tenant ${name} --text page-`);
    assert.equal(all.length, made);
  });

  test('what goes wrong has the exit code of the table and says why', async () => {
    const { tollgate, folder } = where;
    assert.match((await tollgate('tenants get nobody', { code: 6 })).err, /no tenant nobody/);
    await tollgate(`tenants create ${name}`, { code: 6 });
    await tollgate(['tenants', 'create', 'x', '--retention-days', 'many'], { code: 2 });
    await tollgate('tenants create', { code: 2 });
    await tollgate('budgets create --tenant nobody', { code: 2 });
    assert.match((await tollgate('tenants lst', { code: 2 })).err, /did you mean 'list'/);
    assert.match((await tollgate('tenant list', { code: 2 })).err, /did you mean 'tenants'/);
    assert.match((await tollgate('tenants list --txt a', { code: 2 })).err,
      /did you mean '--text'/);
    await writeFile(path.join(folder, 'wrong.key'), 'sk-wrong-key\n');
    const refused = await tollgate('tenants list --key-file wrong.key', { code: 4 });
    assert.doesNotMatch(refused.all, /sk-wrong-key/);
    await tollgate('tenants list --key-file missing.key', { code: 1 });
    await tollgate('tenants list', { code: 4, more: { TOLLGATE_KEY: 'sk-wrong-key' } });
  });

  test('a key of a tenant sees that tenant alone', async () => {
    const { tollgate, folder } = where;
    const admin = await json_of(tollgate,
      `keys create admin --tenant ${name} --role tenant_admin`);
    await tollgate(`tenants create other-${name} --no-key`);
    await writeFile(path.join(folder, 'admin.key'), `${admin.key}\n`);
    // A running gateway learns of a new key within a second.
    await until(async () => (await run(binary, ['tenants', 'list', '--key-file', 'admin.key',
      '-o', 'csv'], { cwd: folder, env: where.env })).code === 0, 'the key became valid', 5000);
    const seen = await json_of(tollgate, 'tenants list --key-file admin.key');
    assert.deepEqual(seen.map((tenant) => tenant.name), [name]);
    await tollgate('tenants create third --key-file admin.key', { code: 4 });
    const from_input = await json_of(tollgate, 'tenants list --key-file -',
      { input: `${admin.key}\n` });
    assert.equal(from_input.length, 1);
  });

  test('a key whose routes are model traffic administers nothing', async () => {
    const { tollgate, folder } = where;
    for (const [routes, code] of [['llm_api_routes', 4], ['llm_api_routes,management_routes', 0]]) {
      const bound = await json_of(tollgate,
        `keys create bound-${code} --tenant ${name} --role tenant_admin --routes ${routes}`);
      await writeFile(path.join(folder, 'bound.key'), `${bound.key}\n`);
      const list = () => run(binary, ['tenants', 'list', '--key-file', 'bound.key'],
        { cwd: folder, env: where.env });
      const ran = await until(async () => {
        const one = await list();
        return !/unknown/.test(one.err) && one;
      }, 'the key became valid', 5000);
      assert.equal(ran.code, code, ran.all);
      if (code !== 0) assert.match(ran.err, /may not use \/api\/v1\/tenants.*allowed_routes/);
    }
  });

  test('a chosen key and a file of fields', async () => {
    const { tollgate, folder } = where;
    await writeFile(path.join(folder, 'tenant.json'), JSON.stringify({
      baseline_model: 'claude-opus', metadata: { cost_center: '42' },
      limits: { concurrent_requests: 3 } }));
    const made = await json_of(tollgate, `tenants create file-${name} --from-file tenant.json`
      + ' --requests-per-hour 8 --chosen-key-file -', { input: `sk-chosen-${name}-0123\n` });
    assert.equal(made.key.key, `sk-chosen-${name}-0123`);
    assert.equal(made.baseline_model, 'claude-opus');
    assert.deepEqual(made.metadata, { cost_center: '42' });
    assert.equal(made.limits.concurrent_requests, 3);
    assert.equal(made.limits.requests_per_hour, 8);
  });

  test('the script of old does its work', async () => {
    const { folder } = where;
    const call = async (args, code = 0) => {
      const ran = await run(script, args,
        { cwd: folder, env: { ...where.env, TOLLGATE_BIN: binary } });
      assert.equal(ran.code, code, `${args.join(' ')}: ${ran.all}`);
      return ran;
    };
    const tenant = `eng-${name}`;
    const made = await call(['create', tenant, `sk-eng-${name}`, '12.5', 'priced,claude-*']);
    const variable = `TENANT_${tenant.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_KEY`;
    assert.match(made.out, new RegExp(`^${variable}=sk-eng-${name}$`, 'm'));
    const budgets = async () => Object.fromEntries((await json_of(where.tollgate,
      `budgets list --tenant ${tenant}`)).map((one) => [one.period, one.limit]));
    assert.deepEqual(await budgets(), { daily: 12.5, monthly: 375 });
    assert.deepEqual((await json_of(where.tollgate, `tenants get ${tenant}`)).allowed_models,
      ['priced', 'claude-*']);
    await call(['update', tenant, 'budget', '20']);
    assert.deepEqual(await budgets(), { daily: 20, monthly: 600 });
    await call(['update', tenant, 'enabled', 'false']);
    assert.equal((await json_of(where.tollgate, `tenants get ${tenant}`)).enabled, false);
    assert.match((await call(['list'])).out, new RegExp(`^${tenant} +false`, 'm'));
    await call(['usage', tenant]);
    const file = (await call(['report'])).out.trim();
    assert.match(await readFile(path.join(folder, file), 'utf8'), /^month,tenant_name,/);
    const generated = await call(['create', `${tenant}-2`]);
    assert.match(generated.out, /_KEY=sk-tg-[0-9A-Za-z]{49}$/m);
    await call(['delete', tenant]);
    await call(['usage', tenant], 6);
    await call(['update', tenant, 'colour', 'red'], 2);
    await call(['create', 'a', '', 'lots'], 2);
    await call(['bogus'], 2);
  });
}

test('every help page begins with examples of its command', async () => {
  require_binary();
  const walk = async (words) => {
    const { code, out } = await run(binary, [...words, '--help'], { cwd: os.tmpdir() });
    assert.equal(code, 0, words.join(' '));
    assert.match(out, new RegExp(`^Examples:\n {2}tollgate ${words.join(' ')}`));
    const [, below] = out.match(/^Subcommands:\n((?: .*\n)+)/m) ?? [];
    for (const [, name] of (below ?? '').matchAll(/^ {2}([a-z-]+)/gm)) {
      await walk([...words, name]);
    }
  };
  await walk([]);
});

describe('administration with a running gateway', () => {
  const where = { env: {} };
  let provider;
  let gateway;
  before(async () => {
    require_binary();
    provider = await PricedProvider.start();
    gateway = await Tollgate.start({
      model_list: [deployment('priced', 'hosted_vllm', 'm', `${provider.url}/v1`, prices)] });
    // The file says where it listens, as it does for those who administer their gateway.
    where.folder = gateway.folder;
    await gateway.write_config({
      server: { listen: `127.0.0.1:${gateway.port}`, data_dir: path.join(gateway.folder, 'data') },
      model_list: [deployment('priced', 'hosted_vllm', 'm', `${provider.url}/v1`, prices)] });
    where.tollgate = in_folder(where.folder, where.env);
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
  });

  life_of_a_tenant('acme', where);

  test('its first request passes, and every report has its cost', async () => {
    const { tollgate } = where;
    const { key } = (await json_of(tollgate, 'tenants create spender')).key;
    const ask = () => gateway.fetch('/v1/chat/completions', { key,
      json: { model: 'priced', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] },
      headers: { 'x-claude-code-session-id': 'session-1' } });
    const answer = await until(async () => {
      const response = await ask();
      return response.status === 200 && response;
    }, 'the first request passed', 5000);
    const id = answer.headers.get('x-request-id');
    const rows = await until(async () => {
      const found = await json_of(tollgate, 'requests list --tenant spender');
      return found.length > 0 && found;
    }, 'the usage row came');
    assert.equal(rows.length, 1);
    assert.equal(rows[0].request_id, id);
    const shown = await json_of(tollgate, `requests show ${id}`);
    assert.equal(shown.request.cost, cost_of_one);
    assert.equal(shown.attempts.length, 1);
    const told = await tollgate(`requests show ${id}`);
    assert.match(told.out, /^cost +0\.002$/m);
    assert.match(told.out, /^ATTEMPT +PROVIDER +MODEL .*\n1 +\S+ +m /m);
    const usage = await json_of(tollgate, 'usage daily --tenant spender --group-by model');
    assert.equal(usage.total.cost, cost_of_one);
    const table = await tollgate('tenants usage spender');
    assert.match(table.out, /^TOTAL +- +1 +0 +1100 +0\.002/m);
    const sessions = await json_of(tollgate, 'usage session --tenant spender');
    assert.equal(sessions.length, 1);
    assert.equal(sessions[0].cost, cost_of_one);
    const report = await json_of(tollgate, 'tenants report spender');
    assert.equal(report.rows[0].cost, cost_of_one);
    const exported = await tollgate('usage export --tenant spender --file spender.csv');
    assert.equal(exported.out, '');
    assert.match(await readFile(path.join(where.folder, 'spender.csv'), 'utf8'), /,0\.002,/);
    await tollgate('savings --tenant spender');
  });

  test('a folder of tenants that is made meanwhile is noticed', async () => {
    const file = path.join(where.folder, 'tenants', 'late.yaml');
    await mkdir(path.dirname(file));
    await writeFile(file, 'tenant: {id: late, api_key: sk-late-tenant-0123456789abcdef}\n');
    const of_late = async () => (await json_of(where.tollgate, 'tenants list'))
      .find((tenant) => tenant.id === 'late');
    const late = await until(of_late, 'the tenant came', 10000);
    assert.match(late.origin, /^file:.*tenants\/late\.yaml$/);
    await rm(path.dirname(file), { recursive: true });
    await until(async () => (await of_late()).enabled === false, 'the tenant left', 10000);
  });

  test('by URL and by context, from any folder', async () => {
    const elsewhere = await mkdtemp(path.join(os.tmpdir(), 'tollgate-test-'));
    try {
      const there = in_folder(elsewhere, {});
      const key_file = path.join(elsewhere, 'master.key');
      await writeFile(key_file, `${master_key}\n`);
      await there(`tiers list --url ${gateway.url} --key-file ${key_file}`);
      await there(`tiers list --url ${gateway.url}`, { more: { TOLLGATE_KEY: master_key } });
      await there('tiers list', { more: { TOLLGATE_URL: gateway.url, TOLLGATE_KEY: master_key } });
      assert.match((await there(`tiers list --url ${gateway.url}`, { code: 4 })).err,
        /--key-file/);
      await there(`contexts add test --url ${gateway.url} --key-file master.key`);
      const file = path.join(elsewhere, '.config/tollgate/contexts.yaml');
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      assert.doesNotMatch(await readFile(file, 'utf8'), new RegExp(master_key));
      assert.match((await there('tiers list')).out, /^professional/m);
      assert.match((await there('contexts list')).out, /^true +test +http/m);
      await there('contexts use --local');
      assert.match((await there('contexts list')).out, /^false +test/m);
      await there('tiers list --context test');
      await there('tiers list --context tset', { code: 6 });
      await there('contexts remove test');
      const nobody = await free_port();
      await there(`tiers list --url http://127.0.0.1:${nobody} --key-file ${key_file}`,
        { code: 5 });
    } finally {
      await rm(elsewhere, { recursive: true, force: true });
    }
  });
});

describe('administration with no gateway running', () => {
  const where = { env: {} };
  let port;
  before(async () => {
    require_binary();
    where.folder = await mkdtemp(path.join(os.tmpdir(), 'tollgate-test-'));
    where.tollgate = in_folder(where.folder, where.env);
    port = await free_port();
    await where.tollgate(`init --listen 127.0.0.1:${port}`);
  });
  after(async () => { await rm(where.folder, { recursive: true, force: true }); });

  test('migrate says what it applied, and then that nothing is left', async () => {
    const first = await where.tollgate('migrate');
    assert.match(first.out, /^APPLIED\n0001_/);
    const second = await where.tollgate('migrate');
    assert.equal(second.out, '');
    assert.match(second.err, /up to date/);
  });

  life_of_a_tenant('offline', where);

  test('the gateway that starts later knows what was made', async () => {
    const { key } = (await json_of(where.tollgate, 'tenants create later')).key;
    const child = spawn(binary, ['serve'], { cwd: where.folder,
      env: { PATH: process.env.PATH, HOME: where.folder }, stdio: 'ignore' });
    try {
      const models = (bearer) => fetch(`http://127.0.0.1:${port}/v1/models`,
        { headers: { authorization: `Bearer ${bearer}` } });
      await until(async () => {
        try {
          return (await models(key)).status === 200;
        } catch {
          return false;
        }
      }, 'the key was taken', 20000);
      assert.equal((await models('sk-wrong-key')).status, 401);
      assert.match((await where.tollgate('tenants list')).out, /^later +true/m);
    } finally {
      const ended = new Promise((resolve) => { child.once('close', resolve); });
      child.kill('SIGTERM');
      assert.equal(await ended, 0);
    }
  });

  test('in an empty folder nothing is made, and it says what to do', async (t) => {
    // Where a gateway without a configuration would be, and of another user of this machine may be.
    if (await listens(4000)) return t.skip('something listens on port 4000');
    const empty = await mkdtemp(path.join(os.tmpdir(), 'tollgate-test-'));
    try {
      const ran = await in_folder(empty, {})('tenants list --data-dir nothing', { code: 5 });
      assert.match(ran.err, /tollgate serve/);
      await assert.rejects(stat(path.join(empty, 'nothing')));
    } finally {
      await rm(empty, { recursive: true, force: true });
    }
  });

  test('where nothing is stored, it says so', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'tollgate-test-'));
    try {
      await writeFile(path.join(folder, 'tollgate.yaml'), `stores: {database: none}\n`
        + `server: {listen: "127.0.0.1:${await free_port()}"}\n`
        + 'general_settings: {master_key: sk-test-master-0123456789}\n');
      const ran = await in_folder(folder, {})('tenants list', { code: 1 });
      assert.match(ran.err, /stores\.database is none/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

test('with no gateway running, over PostgreSQL', { skip: why_missing }, async () => {
  const postgres = await Postgres.start();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tollgate-test-'));
  try {
    const tollgate = in_folder(folder, {});
    await writeFile(path.join(folder, 'tollgate.yaml'), JSON.stringify({
      stores: { database: postgres.url }, general_settings: { master_key },
      server: { listen: `127.0.0.1:${await free_port()}` } }));
    assert.match((await tollgate('migrate')).out, /^APPLIED\n0001_/);
    const made = await json_of(tollgate, 'tenants create acme --budget 7');
    assert.equal(postgres.query('SELECT name FROM tenants'), 'acme');
    const [budget] = await json_of(tollgate, 'budgets list --tenant acme');
    assert.equal(budget.limit, 7);
    assert.equal(budget.state.remaining, 7);
    const [own] = await json_of(tollgate, 'keys list', { more: { TOLLGATE_KEY: made.key.key } });
    assert.equal(own.id, made.key.id);
    await tollgate('tiers delete starter --yes', { code: 4,
      more: { TOLLGATE_KEY: made.key.key } });
    await tollgate('keys revoke default --tenant acme --yes');
    await tollgate('keys list', { code: 4, more: { TOLLGATE_KEY: made.key.key } });
    await tollgate('tenants get nobody', { code: 6 });
    await postgres.pause();
    assert.match((await tollgate('tenants list', { code: 5 })).err, /PostgreSQL|connect|server/i);
    await postgres.resume();
  } finally {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
