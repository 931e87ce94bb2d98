// Planted secrets: provider keys that users and administrators brought are used under load and
// rotated meanwhile; no request is lost, and the keys are nowhere to be read, in a core file least
// of all. A row that was copied to another user opens nothing.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { admin, until } from './lib/admin.mjs';
import { Scripted } from './lib/scripted.mjs';
import { Tollgate, binary, deployment, master_key } from './lib/tollgate.mjs';

const run = promisify(execFile);
const planted = Object.fromEntries(['ann', 'ann-later', 'bo', 'platform', 'tenant', 'file']
  .map((name) => [name, `sk-planted-${name}-4f9a1c77d2e05b38`]));
const known = new Set(Object.values(planted));
const in_any_form = Object.values(planted).flatMap((key) => [key,
  Buffer.from(key).toString('hex'),
  // Within a longer text the ends of base64 differ.
  ...[0, 1, 2].map((shift) => Buffer.from(key.slice(shift, shift + 3 * 8)).toString('base64'))]);

const key_of = ({ headers }) => (headers.authorization ?? '').replace('Bearer ', '');
/** Quotes the key that it refuses, as some providers do. */
const provider_answer = (call) => {
  const key = key_of(call);
  if (!known.has(key)) {
    return { status: 401, json: { error: { message: `Incorrect API key provided: ${key}`,
      type: 'invalid_request_error', code: 'invalid_api_key' } } };
  }
  return { wait_ms: 5, json: { id: 'chatcmpl-1', object: 'chat.completion', created: 1,
    model: call.json?.model, usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
    choices: [{ index: 0, finish_reason: 'stop',
      message: { role: 'assistant', content: 'hello' } }] } };
};

/** Python is there wherever these tests run (see terminal.py); node 20 has no SQLite. */
const in_database = async (file, statement, ...values) => {
  const script = 'import json, sqlite3, sys\n'
    + 'db = sqlite3.connect(sys.argv[1], timeout=10)\n'
    + 'rows = db.execute(sys.argv[2], sys.argv[3:]).fetchall()\n'
    + 'db.commit()\nprint(json.dumps(rows))';
  const { stdout } = await run('python3', ['-c', script, file, statement, ...values]);
  return JSON.parse(stdout);
};

describe('planted secrets', () => {
  let provider;
  let hook;
  let gateway;
  const people = {};
  const said = [];  // every answer of the gateway
  before(async () => {
    provider = await Scripted.start(provider_answer);
    hook = await Scripted.start(() => ({ json: {} }));
    gateway = await Tollgate.start({ model_list: [
      deployment('of-file', 'hosted_vllm', 'm', `${provider.url}/v1`,
        { api_key: 'os.environ/PLANTED_KEY' })] },
    { env: { MISTRAL_API_BASE: `${provider.url}/v1`, OPENAI_BASE_URL: `${provider.url}/v1`,
      PLANTED_KEY: planted.file } });
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
    await hook?.stop();
  });

  const call = async (method, where, options) => {
    const answer = await admin(gateway, method, where, options);
    said.push(JSON.stringify(answer.body), JSON.stringify([...answer.headers]));
    return answer;
  };
  const ask = async (model, key) => {
    const response = await gateway.fetch('/v1/chat/completions', { key,
      json: { model, max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] } });
    const text = await response.text();
    said.push(text, JSON.stringify([...response.headers]));
    return { status: response.status, text };
  };
  const own_model = 'mistral/mistral-small-latest';
  const calls_with = (key) => provider.calls.filter((one) => key_of(one) === key).length;

  test('are taken by the interface and by the command line', async () => {
    await call('POST', '/api/v1/alerts/channels', { status: 201,
      json: { name: 'events', kind: 'webhook', target: hook.url } });
    const tenant = await call('POST', '/api/v1/tenants', { status: 201, json: { name: 'acme' } });
    for (const name of ['ann', 'bo']) {
      const user = await call('POST', '/api/v1/users', { status: 201,
        json: { tenant: tenant.body.id, name } });
      // What a new key of the gateway answers is a secret that is shown once, and not planted.
      const made = await admin(gateway, 'POST', '/api/v1/keys', { status: 201,
        json: { tenant: tenant.body.id, user: user.body.id } });
      people[name] = { id: user.body.id, key: made.body.key };
      await call('POST', '/api/v1/llm/users/me/byok', { key: made.body.key, status: 201,
        json: { provider_type: 'mistral', api_key: planted[name] } });
    }
    await call('POST', '/api/v1/llm/providers', { status: 201, json: { name: 'house',
      type: 'hosted_vllm', api_key: planted.platform, api_base_url: `${provider.url}/v1` } });
    await call('POST', '/api/v1/llm/models', { status: 201,
      json: { provider_id: 'house', name: 'house-model' } });
    const refused = await call('POST', '/api/v1/llm/users/me/byok', { key: people.ann.key,
      status: 422, json: { provider_type: 'openai', api_key: 'sk-planted-unknown-4f9a1c77' } });
    assert.match(refused.body.error.message, /Incorrect API key provided/);
    assert.doesNotMatch(refused.body.error.message, /sk-planted/, 'the quoted key is masked');
  });

  test('are rotated and replaced while more than 200 requests use them', async () => {
    const before_load = provider.calls.length;
    let rotations = 0;
    let loading = true;
    const rotate = async () => {
      while (loading) {
        const { body } = await call('POST', '/api/v1/secrets/rotate', { status: 200,
          json: { new_key: true } });
        assert.equal(body.failed, 0);
        rotations += 1;
        await new Promise((resolve) => { setTimeout(resolve, 50); });
      }
    };
    const results = [];
    const worker = async (number) => {
      for (let i = 0; i < 20; i += 1) {
        const [model, key] = [[own_model, people.ann.key], [own_model, people.bo.key],
          ['house-model', people.ann.key], ['of-file', people.bo.key]][(number + i) % 4];
        results.push(await ask(model, key));
      }
    };
    const rotating = rotate();
    const workers = Array.from({ length: 16 }, (_, number) => worker(number));
    await new Promise((resolve) => { setTimeout(resolve, 100); });
    await call('PUT', '/api/v1/llm/users/me/byok/mistral', { key: people.ann.key, status: 200,
      json: { api_key: planted['ann-later'] } });
    await Promise.all(workers);
    // The command line does the same as the interface, once more.
    const { stdout } = await run(binary, ['secrets', 'rotate', '--new-key', 'true',
      '--url', gateway.url, '-o', 'json'],
    { env: { PATH: process.env.PATH, HOME: gateway.folder, TOLLGATE_MASTER_KEY: master_key,
      TOLLGATE_API_KEY: master_key } });
    said.push(stdout);
    assert.equal(JSON.parse(stdout).failed, 0);
    loading = false;
    await rotating;
    assert.equal(results.length, 320);
    const failed = results.filter(({ status }) => status !== 200);
    assert.deepEqual(failed, [], 'no request is lost');
    assert.ok(rotations >= 2, `${rotations} rotations`);
    assert.ok(provider.calls.length - before_load >= 320);
    await until(async () => {
      const { status } = await ask(own_model, people.ann.key);
      return status === 200 && key_of(provider.calls.at(-1)) === planted['ann-later'];
    }, 'the replaced key serves');
    for (const name of ['ann', 'bo', 'platform', 'file']) {
      assert.ok(calls_with(planted[name]) > 0, `the key of ${name} was used`);
    }
  });

  test('open nothing for another user to whose row they were copied', async () => {
    const database = path.join(gateway.folder, 'data', (await readdir(path.join(gateway.folder,
      'data'))).find((name) => /\.(db|sqlite3?)$/.test(name)));
    const [[token]] = await in_database(database,
      "SELECT api_key_encrypted FROM user_provider_keys WHERE user_id = ?", people.ann.id);
    assert.ok(token.startsWith('gAAAA'), 'a Fernet token');
    await in_database(database,
      'UPDATE user_provider_keys SET api_key_encrypted = ? WHERE user_id = ?',
      token, people.bo.id);
    const ann_before = calls_with(planted['ann-later']);
    // Any change of administration makes the instances read again.
    for (const enabled of [false, true]) {
      await call('PATCH', '/api/v1/llm/users/me/byok/mistral', { key: people.bo.key, status: 200,
        json: { enabled } });
    }
    let answered;
    await until(async () => {
      answered = await ask(own_model, people.bo.key);
      return answered.status !== 200;
    }, 'the copied row is refused');
    assert.equal(answered.status, 403, answered.text);
    assert.match(answered.text, /own provider key cannot be read/);
    assert.equal(calls_with(planted['ann-later']), ann_before, 'with the key of Ann nobody came');
    await gateway.logged(/own_key_unreadable.*somebody else's/);
    assert.equal((await ask(own_model, people.ann.key)).status, 200, 'Ann is served');
  });

  test('are told of as events, without themselves', async () => {
    await call('DELETE', '/api/v1/llm/users/me/byok/mistral', { key: people.bo.key, status: 200 });
    await call('PATCH', '/api/v1/llm/providers/house', { status: 200, json: { priority: 3 } });
    const told = () => hook.calls.map(({ json }) => json.type).sort();
    await until(() => hook.calls.length >= 5, 'the channel is told', 30000);
    assert.deepEqual(told(), ['provider.created', 'provider.updated', 'user.byok_added',
      'user.byok_added', 'user.byok_deleted']);
    for (const { body } of hook.calls) said.push(body.toString('utf8'));
    const { body } = await call('GET', '/api/v1/alerts?acknowledged=false', { status: 200 });
    assert.deepEqual(body.data, [], 'nobody has to acknowledge them');
  });

  test('are in no answer, log, metric, audit entry or file', async () => {
    for (const where of ['/api/v1/llm/providers', '/api/v1/llm/models', '/api/v1/config',
      '/api/v1/audit?limit=500', '/api/v1/requests?limit=500', '/health']) {
      await call('GET', where);
    }
    await call('GET', '/api/v1/llm/users/me/byok', { key: people.ann.key, status: 200 });
    said.push(await (await fetch(gateway.metrics_url)).text(), gateway.log);
    const audit = (await call('GET', '/api/v1/audit?limit=500', { status: 200 })).body;
    for (const action of ['byok_key_added', 'byok_key_updated', 'provider.created']) {
      assert.ok(JSON.stringify(audit).includes(action), `${action} is audited`);
    }
    const files = await readdir(gateway.folder, { recursive: true, withFileTypes: true });
    let bytes = 0;
    for (const file of files.filter((one) => one.isFile())) {
      const content = await readFile(path.join(file.parentPath ?? file.path, file.name), 'latin1');
      bytes += content.length;
      said.push(content);
    }
    assert.ok(bytes > 100000, 'the database and the journal were looked at');
    for (const text of said) {
      for (const secret of in_any_form) {
        const at = text.indexOf(secret);
        assert.ok(at < 0, `a planted key stands in: ${text.slice(Math.max(0, at - 200), at)}`);
      }
    }
    const list = await readFile(path.join(gateway.folder, 'data', 'encryption_keys'), 'utf8');
    for (const key of list.split('\n').filter(Boolean)) {
      assert.equal(said.filter((text) => text.includes(key)).length, 1,
        'encryption keys stand in their own file alone');
    }
  });

  test('are in no core file', async (context) => {
    const alive = gateway.child.pid;
    await run('prlimit', [`--pid=${alive}`, '--core=unlimited']);
    // The same end of another process shows that this machine writes core files at all.
    const folder = await mkdtemp(path.join(os.tmpdir(), 'tollgate-core-'));
    try {
      const other = spawn('bash', ['-c', 'ulimit -c unlimited; exec sleep 60'],
        { cwd: folder, stdio: 'ignore' });
      await until(async () => (await readFile(`/proc/${other.pid}/cmdline`, 'latin1'))
        .startsWith('sleep'), 'the other process runs');
      other.kill('SIGABRT');
      await new Promise((resolve) => { other.on('close', resolve); });
      if (!(await readdir(folder)).some((name) => name.startsWith('core'))) {
        context.diagnostic('this machine keeps core files elsewhere, or none');
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    const before_end = await readdir(gateway.folder);
    gateway.child.kill('SIGABRT');
    assert.equal((await gateway.exited).signal, 'SIGABRT');
    assert.deepEqual(await readdir(gateway.folder), before_end, 'no core file');
    gateway.ended = undefined;
    gateway.spawn({ MISTRAL_API_BASE: `${provider.url}/v1`, PLANTED_KEY: planted.file,
      OPENAI_BASE_URL: `${provider.url}/v1` }, []);
    await gateway.wait_ready();
    assert.equal((await ask(own_model, people.ann.key)).status, 200, 'it goes on afterwards');
  });
});
