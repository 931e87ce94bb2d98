// `tollgate bench models` against a real gateway: streams timed, answers judged, costs looked up.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PricedProvider } from './lib/priced_provider.mjs';
import { Tollgate, binary, deployment, master_key } from './lib/tollgate.mjs';

const prompts = `prompts:
  - {name: right, prompt: say counted, check: {exact: counted}}
  - {name: wrong, prompt: say something else, check: {contains: something else}}
`;

describe('bench models', () => {
  let provider;
  let gateway;
  before(async () => {
    provider = await PricedProvider.start({ delay_ms: 20 });
    gateway = await Tollgate.start({ model_list: [deployment('m', 'hosted_vllm', 'model',
      `${provider.url}/v1`, { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 })] });
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
  });

  const bench = (...args) => new Promise((resolve) => {
    const child = spawn(binary, ['bench', 'models', '--url', gateway.url, ...args],
      { env: { PATH: process.env.PATH, HOME: gateway.folder, TOLLGATE_KEY: master_key } });
    let out = '';
    let err = '';
    child.stdout.on('data', (text) => { out += text; });
    child.stderr.on('data', (text) => { err += text; });
    child.on('close', (code) => resolve({ code, out, err }));
  });
  const file = async (text) => {
    const name = path.join(gateway.folder, 'prompts.yaml');
    await writeFile(name, text);
    return name;
  };

  test('prints what each model took, cost and got right', async () => {
    const name = await file(prompts);
    const ran = await bench('--models', 'm,nobody', '--prompts', name, '--repeat', '2', '-o',
      'json');
    assert.equal(ran.code, 7, ran.err);
    const told = JSON.parse(ran.out);
    const [known, unknown] = told.models;
    assert.deepEqual([known.requests, known.passed, known.failed], [4, 2, 0]);
    assert.equal(known.served_by, 'hosted_vllm/model');
    assert.ok(known.latency_p50_ms >= 20 && known.first_token_p50_ms >= 20);
    assert.equal(known.output_tokens, 400);
    assert.ok(Math.abs(known.cost - 4 * (1000e-6 + 200e-6)) < 1e-9, `${known.cost}`);
    assert.equal(known.without_cost, 0);
    assert.deepEqual([unknown.requests, unknown.failed], [4, 4]);
    assert.ok(told.faults.some((one) => one.model === 'nobody' && /nobody/.test(one.reason)));
    assert.ok(told.faults.some((one) => one.prompt === 'wrong' && one.times === 2));
  });

  test('runs commands only when told that it may', async () => {
    const name = await file("prompts: [{prompt: x, check: {command: 'grep -q counted'}}]\n");
    const calls = provider.calls;
    const refused = await bench('--models', 'm', '--prompts', name);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /--allow-commands/);
    assert.equal(provider.calls, calls);
    const ran = await bench('--models', 'm', '--prompts', name, '--allow-commands',
      '--repeat', '1');
    assert.equal(ran.code, 0, ran.out + ran.err);
    assert.match(ran.out, /^m\s+hosted_vllm\/model\s+1\s+100%/m);
  });

  test('has prompts of its own', async () => {
    const ran = await bench('--models', 'm', '--repeat', '1', '-o', 'csv');
    assert.equal(ran.code, 7, ran.err);
    assert.match(ran.out, /^m,hosted_vllm\/model,7,0,0,/m);
  });
});
