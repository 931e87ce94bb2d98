// What people see who sit at a terminal: questions that can be declined, prompts that hide what is
// typed, and a key that goes to no stranger's process.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { admin } from './lib/admin.mjs';
import { Tollgate, binary, deployment, free_port, master_key, require_binary }
  from './lib/tollgate.mjs';

const driver = new URL('lib/terminal.py', import.meta.url).pathname;
const python = spawnSync('python3', ['--version']).status === 0;

/** Types at a command line: say is [[what to wait for, what to type], ...]. */
function at_terminal(cwd, args, say, env = {}) {
  const ran = spawnSync('python3', [driver], { encoding: 'utf8', timeout: 60000,
    input: JSON.stringify({ command: [binary, ...args], cwd, say,
      env: { PATH: process.env.PATH, HOME: cwd, TERM: 'xterm', LANG: 'C.UTF-8', ...env } }) });
  assert.equal(ran.status, 0, ran.stderr);
  return JSON.parse(ran.stdout);
}

describe('at a terminal', { skip: !python && 'python3 is needed' }, () => {
  let gateway;
  before(async () => {
    require_binary();
    const config = { model_list: [deployment('m', 'hosted_vllm', 'm', 'http://127.0.0.1:9/v1')] };
    gateway = await Tollgate.start(config);
    await gateway.write_config({ ...config, server: { listen: `127.0.0.1:${gateway.port}`,
      data_dir: path.join(gateway.folder, 'data') } });
    for (const name of ['kept', 'gone']) {
      await admin(gateway, 'POST', '/api/v1/tenants', { status: 201, json: { name } });
    }
  });
  after(() => gateway?.stop());
  const exists = async (name) =>
    (await admin(gateway, 'GET', `/api/v1/tenants/${name}`)).status === 200;

  test('a question that is declined changes nothing and exits with 3', async () => {
    for (const answer of ['n\r', '\r', '\x04']) {
      const ran = at_terminal(gateway.folder, ['tenants', 'delete', 'kept'], [['[y/N]', answer]]);
      assert.equal(ran.code, 3, ran.shown);
      assert.match(ran.shown, /'kept'/);
      assert.match(ran.shown, /nothing was changed/);
      assert.ok(await exists('kept'));
    }
  });

  test('one that is answered with yes is done, and so is --yes without a question', async () => {
    const ran = at_terminal(gateway.folder, ['tenants', 'delete', 'gone'], [['[y/N]', 'y\r']]);
    assert.equal(ran.code, 0, ran.shown);
    assert.ok(!await exists('gone'));
    await admin(gateway, 'POST', '/api/v1/tenants', { status: 201, json: { name: 'gone' } });
    const quiet = at_terminal(gateway.folder, ['tenants', 'delete', 'gone', '--yes'], []);
    assert.equal(quiet.code, 0, quiet.shown);
    assert.doesNotMatch(quiet.shown, /y\/N/);
  });

  test('an interrupt at a question ends it, and nothing is changed', async () => {
    const ran = at_terminal(gateway.folder, ['tenants', 'delete', 'kept'], [['[y/N]', '\x03']]);
    assert.equal(ran.code, -os.constants.signals.SIGINT);
    assert.ok(await exists('kept'));
  });

  const ask_key = ['tiers', 'list', '--url'];
  test('a key that is asked for is not shown, and works', () => {
    const ran = at_terminal(gateway.folder, [...ask_key, gateway.url],
      [['Key for', `${master_key}\r`]]);
    assert.equal(ran.code, 0, ran.shown);
    assert.match(ran.shown, /professional/);
    assert.ok(!ran.shown.includes(master_key));
    assert.deepEqual(ran.echo, { before: true, prompted: false, after: true });
  });

  test('an interrupt at the hidden prompt leaves a terminal that shows what is typed', () => {
    for (const [typed, signal] of [['\x03', 'SIGINT'], ['half a ke\x03', 'SIGINT'],
      ['\x1c', 'SIGQUIT']]) {
      const ran = at_terminal(gateway.folder, [...ask_key, gateway.url], [['Key for', typed]]);
      assert.equal(ran.code, -os.constants.signals[signal], ran.shown);
      assert.deepEqual(ran.echo, { before: true, prompted: false, after: true });
      assert.doesNotMatch(ran.shown, /half a ke/);
    }
  });

  test('an empty line at the hidden prompt is a no', () => {
    const ran = at_terminal(gateway.folder, [...ask_key, gateway.url], [['Key for', '\r']]);
    assert.equal(ran.code, 3, ran.shown);
    assert.equal(ran.echo.after, true);
  });
});

// Listens on a port, tells everything that arrives.
const stranger_source = `require('net').createServer((socket) => socket.on('data', (data) =>
  process.stdout.write(data))).listen(Number(process.argv[1]), '127.0.0.1',
  () => process.stdout.write('listening\\n'))`;

describe('another user\'s process on the gateway\'s port',
  { skip: process.getuid() !== 0 && 'only root can start one' }, () => {
    const nobody = 65534;
    let folder;
    let stranger;
    let heard = '';
    let port;
    before(async () => {
      require_binary();
      folder = await mkdtemp(path.join(os.tmpdir(), 'tollgate-test-'));
      port = await free_port();
      await writeFile(path.join(folder, 'tollgate.yaml'),
        `server: {listen: "127.0.0.1:${port}", data_dir: data}\n`
        + `general_settings: {master_key: ${master_key}}\n`);
      stranger = spawn(process.execPath, ['-e', stranger_source, String(port)],
        { uid: nobody, gid: nobody, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise((resolve) => {
        stranger.stdout.setEncoding('utf8').on('data', (text) => { heard += text; resolve(); });
      });
    });
    after(async () => {
      stranger?.kill();
      await rm(folder, { recursive: true, force: true });
    });
    const run = (args, env = {}) => spawnSync(binary, args, { cwd: folder, encoding: 'utf8',
      timeout: 20000, env: { PATH: process.env.PATH, HOME: folder, ...env } });

    test('gets no key, and who typed is told whose it is', async () => {
      for (const env of [{}, { TOLLGATE_KEY: 'sk-given-0123456789' }]) {
        const ran = run(['tenants', 'list'], env);
        assert.equal(ran.status, 4, ran.stderr);
        assert.match(ran.stderr, /a process of user 65534 \(nobody\), not of yours, listens/);
        assert.match(ran.stderr, new RegExp(`--url http://127\\.0\\.0\\.1:${port}`));
      }
      assert.equal(heard, 'listening\n', 'nothing was sent to it');
      await assert.rejects(stat(path.join(folder, 'data')), 'nothing was made');
    });

    test('is trusted where its user owns the file that the master key comes from', async () => {
      // As with sudo on a machine whose gateway runs as a user of its own.
      const owned = spawnSync('sh', ['-c', `mkdir owned && umask 077 && echo ${master_key} `
        + '> owned/master_key && chown -R 65534 owned'], { cwd: folder });
      assert.equal(owned.status, 0);
      await writeFile(path.join(folder, 'owned.yaml'),
        `server: {listen: "127.0.0.1:${port}", data_dir: owned}\n`);
      const child = spawn(binary, ['tenants', 'list', '--config', 'owned.yaml'],
        { cwd: folder, stdio: 'ignore', env: { PATH: process.env.PATH, HOME: folder } });
      try {
        const end = Date.now() + 10000;
        while (!heard.includes(master_key) && Date.now() < end) {
          await new Promise((resolve) => { setTimeout(resolve, 20); });
        }
        assert.match(heard, /GET \/api\/v1\/tenants/);
      } finally {
        child.kill('SIGKILL');
      }
    });
  });
