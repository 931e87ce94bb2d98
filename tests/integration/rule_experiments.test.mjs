// A rule of the configuration file may name an experiment that is kept in the database.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { admin, until } from './lib/admin.mjs';
import { Scripted } from './lib/scripted.mjs';
import { Tollgate, binary, deployment } from './lib/tollgate.mjs';

const run = promisify(execFile);
const chat = ({ json }) => ({ json: { id: 'c', object: 'chat.completion', created: 1,
  model: json.model, choices: [{ index: 0, finish_reason: 'stop',
    message: { role: 'assistant', content: json.model } }],
  usage: { prompt_tokens: 12, completion_tokens: 4, total_tokens: 16 } } });

describe('a rule that names an experiment of the database', () => {
  let provider, gateway, config;
  before(async () => {
    provider = await Scripted.start(chat);
    const served = (name) => deployment(name, 'hosted_vllm', `${name}-model`, `${provider.url}/v1`);
    config = { model_list: [served('usual'), served('cheap')],
      routing: { rules: [
        { name: 'trial', match: { model: 'usual' }, use: { experiment: 'late' } }] } };
    gateway = await Tollgate.start(config);
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
  });
  const ask = async () => {
    const response = await gateway.fetch('/v1/chat/completions', {
      json: { model: 'usual', messages: [{ role: 'user', content: 'hello' }] } });
    assert.equal(response.status, 200, await response.text());
    return { route: response.headers.get('x-tollgate-route') ?? '',
      model: response.headers.get('x-tollgate-model').split('/').at(-1) };
  };
  const path = '/api/v1/experiments';

  test('the gateway starts without it, says so, and the rule goes by what was asked for',
    async () => {
      const [line] = await gateway.logged(/.*configuration_problem.*use\.experiment.*/);
      assert.match(line, /"level":"warn"/);
      assert.match(line, /rule `trial`: use\.experiment: no experiment `late`/);
      assert.equal((await ask()).model, 'usual-model');
      const { body } = await admin(gateway, 'POST', '/api/v1/llm/routing/explain',
        { status: 200, json: { model: 'usual', prompt: 'hello' } });
      assert.match(JSON.stringify(body.notices), /experiment late of rule trial is not there/);
    });

  test('once it is made the rule uses it, also after a reload', async () => {
    await admin(gateway, 'POST', path, { status: 201, json: { name: 'late', models: ['other'],
      arms: [{ name: 'now', model: 'usual', share: 1 },
        { name: 'new', model: 'cheap', share: 1e6 }], sticky: 'request' } });
    const first = await until(async () => {
      const answer = await ask();
      return answer.route.startsWith('experiment:late/') && answer;
    }, 'the experiment');
    assert.equal(first.model, 'cheap-model');
    await gateway.write_config({ ...config, router_settings: { num_retries: 1 } });
    gateway.signal('SIGHUP');
    await gateway.logged(/"event":"reloaded"/);
    assert.match((await ask()).route, /^experiment:late\//);
  });

  test('once it is gone the log names rule and experiment, and requests go on', async () => {
    const { headers } = await admin(gateway, 'GET', `${path}/late`, { status: 200 });
    await admin(gateway, 'POST', path, { status: 201, json: { name: 'another', models: ['cheap'],
      arms: [{ name: 'a', model: 'cheap', share: 1 }, { name: 'b', model: 'usual', share: 1 }] } });
    await admin(gateway, 'DELETE', `${path}/late`, { status: 200,
      headers: { 'if-match': headers.get('etag') } });
    await until(async () => (await ask()).model === 'usual-model', 'the end of it');
    await gateway.logged(
      /database: warning: routing: rule `trial`: use\.experiment: no experiment `late`.*neither/);
    const { body } = await admin(gateway, 'POST', '/api/v1/llm/routing/explain', { status: 200,
      json: { model: 'usual', prompt: 'hi' } });
    assert.match(JSON.stringify(body), /experiment late of rule trial is not there/);
  });

  test('config check warns and finds no error', async () => {
    const { stdout, stderr } = await run(binary, ['config', 'check', gateway.config_file],
      { env: { PATH: process.env.PATH, HOME: gateway.folder } });
    assert.match(stdout + stderr, /warning: routing: rule `trial`: use\.experiment/);
    assert.match(stdout + stderr, /in the database is used/);
  });
});
