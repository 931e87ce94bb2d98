// From the name that a client asks for to the model that answers: tiers, dated names, [1m],
// wildcards, round robin, chains, hints, and what a tenant's key may use.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { use_stack } from './lib/kit.mjs';
import { deployment, master_key } from './lib/tollgate.mjs';
import { says, step } from './lib/provider.mjs';
import * as faults from './lib/faults.mjs';
import { run_scenario } from './lib/run_scenario.mjs';
import { plain_prompt } from './lib/scenarios.mjs';

/** Asks for a model; answers the name that the provider was asked for, or the error. */
async function ask(stack, model, { key = master_key, path = '/v1/messages', headers } = {}) {
  stack.provider.on(step('TG-NAME', 0), says('ok'));
  const before = stack.tap.calls.length;
  const response = await stack.gateway.fetch(path, { key, headers, json: { model, max_tokens: 9,
    messages: [{ role: 'user', content: 'TG-NAME' }] } });
  const body = await response.json();
  return { status: response.status, body, message: body.error?.message, type: body.error?.type,
    asked: stack.tap.calls.slice(before).map((call) => call.json.model),
    headers: response.headers };
}

describe('names', () => {
  const stack = use_stack({}, { config: (url) => ({ model_list: [
    deployment('claude-opus-large', 'anthropic', 'target-opus', url),
    deployment('our-sonnet', 'anthropic', 'target-sonnet', url),
    deployment('small-haiku', 'anthropic', 'target-haiku', url),
    deployment('fast-code', 'hosted_vllm', 'target-fast', `${url}/v1`),
    deployment('claude-3-5-sonnet', 'anthropic', 'target-35', url),
    deployment('many', 'anthropic', 'target-one', url),
    deployment('many', 'anthropic', 'target-two', url),
    deployment('many', 'anthropic', 'target-three', url),
    deployment('anthropic/*', 'anthropic', '*', url),
    deployment('anthropic/special-*', 'anthropic', 'very-*', url)],
  router_settings: { model_group_alias: { 'my-alias': 'fast-code' } } }) });

  for (const [name, expected] of [
    ['our-sonnet', 'target-sonnet'],
    ['claude-opus-4-8', 'target-opus'],
    ['claude-opus-4-8[1m]', 'target-opus'],
    ['claude-opus-4-1-20250805', 'target-opus'],
    ['claude-sonnet-4-5-20250929', 'target-sonnet'],
    ['claude-sonnet-9', 'target-sonnet'],
    ['claude-haiku-4-5-20251001', 'target-haiku'],
    ['opus', 'target-opus'], ['sonnet', 'target-sonnet'], ['haiku', 'target-haiku'],
    ['claude-3-5-sonnet-20241022', 'target-35'],
    ['claude-3-5-sonnet', 'target-35'],
    ['my-alias', 'target-fast'],
    ['anthropic/claude-x', 'claude-x'],
    ['anthropic/special-y', 'very-y']]) {
    test(`${name} is served by ${expected}`, async () => {
      const { status, asked, message, body } = await ask(stack, name);
      assert.equal(status, 200, message);
      assert.deepEqual(asked, [expected]);
      assert.equal(body.model, name, 'the answer bears the name that was asked for');
    });
  }

  test('a tier that nothing is mapped to is never a 404', async () => {
    const { status, message } = await ask(stack, 'claude-fable-1');
    assert.equal(status, 200, message);
  });

  test('deployments of one name take turns', async () => {
    const asked = [];
    for (let i = 0; i < 6; i += 1) asked.push(...(await ask(stack, 'many')).asked);
    for (const target of ['target-one', 'target-two', 'target-three']) {
      assert.equal(asked.filter((name) => name === target).length, 2, String(asked));
    }
  });

  for (const [wrong, near] of [['our-sonet', 'our-sonnet'], ['fast-cdoe', 'fast-code'],
    ['small-haikus', 'small-haiku']]) {
    test(`${wrong} is a 404 that offers ${near}`, async () => {
      const { status, type, message } = await ask(stack, wrong);
      assert.equal(status, 404);
      assert.equal(type, 'not_found_error');
      assert.ok(message.includes(wrong) && message.includes(near), message);
    });
  }

  test('Claude Code with its own names', async () => {
    await run_scenario(plain_prompt, stack, { model: 'claude-sonnet-4-6[1m]' });
    assert.equal(stack.tap.calls[0].json.model, 'target-sonnet');
  });

  test('the list holds names for Claude Code and plain ones', async () => {
    const list = await (await stack.gateway.fetch('/v1/models?limit=1000',
      { headers: { 'anthropic-version': '2023-06-01' } })).json();
    const ids = list.data.map((model) => model.id);
    for (const name of ['our-sonnet', 'fast-code', 'my-alias', 'many']) {
      assert.ok(ids.includes(name), `${name} in ${ids}`);
    }
    assert.equal(new Set(ids).size, ids.length, 'each name once');
    assert.ok(ids.some((id) => /claude|anthropic/.test(id)));
  });
});

describe('tiers mapped by configuration', () => {
  const stack = use_stack({}, { config: (url) => ({ model_list: [
    deployment('big', 'anthropic', 'target-big', url),
    deployment('middle', 'anthropic', 'target-middle', url)],
  tiers: { opus: 'big', default: 'middle' } }) });

  for (const [name, expected] of [['claude-opus-4-8', 'target-big'],
    ['claude-sonnet-4-6', 'target-middle'], ['claude-haiku-4-5', 'target-middle']]) {
    test(`${name} goes to ${expected}`, async () => {
      assert.deepEqual((await ask(stack, name)).asked, [expected]);
    });
  }
});

describe('fallback chains', () => {
  const stack = use_stack({}, { config: (url) => ({
    model_list: ['first', 'second', 'third', 'fourth', 'alone'].map((name) =>
      deployment(name, 'anthropic', `target-${name}`, url)),
    router_settings: { fallbacks: [{ first: ['second', 'third'] }] },
    fallback_models: { code_chain: ['third', 'fourth'] } }) });

  const broken = (...names) => stack.tap.each((exchange) =>
    (names.includes(exchange.json.model) ? faults.fails(503, 'down') : undefined));

  test('the next member answers, and the answer tells', async () => {
    broken('target-first');
    const { status, asked, headers } = await ask(stack, 'first');
    assert.equal(status, 200);
    assert.deepEqual(asked, ['target-first', 'target-second']);
    assert.equal(headers.get('x-tollgate-model'), 'anthropic/target-second');
    assert.equal(headers.get('x-tollgate-attempts'), '2');
    assert.match(headers.get('x-tollgate-fallback'), /./);
  });

  test('two broken ones are passed over', async () => {
    broken('target-first', 'target-second');
    assert.deepEqual((await ask(stack, 'first')).asked,
      ['target-first', 'target-second', 'target-third']);
  });

  test('a chain goes by its own name and by its first member', async () => {
    broken('target-third');
    assert.deepEqual((await ask(stack, 'code_chain')).asked, ['target-third', 'target-fourth']);
    assert.deepEqual((await ask(stack, 'third')).asked, ['target-third', 'target-fourth']);
    assert.deepEqual((await ask(stack, 'fourth')).asked, ['target-fourth']);
  });

  test('a bad request is not passed on to the next', async () => {
    stack.tap.each(() => faults.fails(400, 'your fault'));
    const { status, asked } = await ask(stack, 'first');
    assert.equal(status, 400);
    assert.deepEqual(asked, ['target-first']);
  });

  test('refused credentials are passed over', async () => {
    stack.tap.each((exchange) => (exchange.json.model === 'target-first'
      ? faults.fails(401, 'no such key') : undefined));
    const { status, asked } = await ask(stack, 'first');
    assert.equal(status, 200);
    assert.deepEqual(asked, ['target-first', 'target-second']);
  });

  test('when all fail, the last answer is given with the smallest Retry-After', async () => {
    stack.tap.next(faults.fails(429, 'one', { 'retry-after': '50' }),
      faults.fails(429, 'two', { 'retry-after': '20' }),
      faults.fails(429, 'three', { 'retry-after': '90' }));
    const { status, message, headers } = await ask(stack, 'first');
    assert.equal(status, 429);
    assert.match(message, /three/);
    const seconds = Number(headers.get('retry-after'));
    assert.ok(seconds >= 18 && seconds <= 20, `retry-after ${seconds}`);
  });
});

describe('tenants by file', () => {
  const stack = use_stack({}, {
    config: (url) => ({ model_list: [
      deployment('allowed-one', 'anthropic', 'target-one', url),
      deployment('team-a', 'anthropic', 'target-a', url),
      deployment('forbidden', 'anthropic', 'target-forbidden', url)] }),
    options: { files: { 'tenants/acme.yaml': 'tenant:\n  id: acme\n  name: Acme\n'
      + '  api_key: sk-tenant-acme-0123456789\nallowed_models:\n  - allowed-one\n  - team-*\n' } },
  });
  const key = 'sk-tenant-acme-0123456789';

  test('its key opens what it may use, by name and by pattern', async () => {
    assert.deepEqual((await ask(stack, 'allowed-one', { key })).asked, ['target-one']);
    assert.deepEqual((await ask(stack, 'team-a', { key })).asked, ['target-a']);
  });

  test('another model is a 403 that names it', async () => {
    const { status, type, message, asked } = await ask(stack, 'forbidden', { key });
    assert.equal(status, 403);
    assert.equal(type, 'permission_error');
    assert.match(message, /forbidden/);
    assert.deepEqual(asked, []);
  });

  test('the list and the hints show only what it may use', async () => {
    const list = await (await stack.gateway.fetch('/v1/models', { key })).json();
    const ids = list.data.map((model) => model.id);
    assert.ok(ids.includes('allowed-one') && ids.includes('team-a'), String(ids));
    assert.ok(!ids.includes('forbidden'), String(ids));
    const { status, message } = await ask(stack, 'forbiden', { key });
    assert.ok([403, 404].includes(status), String(status));
    assert.doesNotMatch(message, /forbidden/);
  });

  test('two valid keys of different owners are a 401 that names both headers', async () => {
    const { status, message } = await ask(stack, 'allowed-one',
      { headers: { 'x-api-key': key } });
    assert.equal(status, 401);
    assert.match(message, /authorization/i);
    assert.match(message, /x-api-key/i);
  });

  test('the first valid of two keys counts', async () => {
    const { status } = await ask(stack, 'allowed-one',
      { key: 'sk-someone-elses', headers: { 'x-api-key': key } });
    assert.equal(status, 200);
  });

  test('a Claude login token is a 401 that says what to do', async () => {
    const { status, message } = await ask(stack, 'allowed-one', { key: 'sk-ant-oat01-abc' });
    assert.equal(status, 401);
    assert.match(message, /gateway key|ANTHROPIC_AUTH_TOKEN/);
    assert.doesNotMatch(stack.gateway.log, /sk-ant-oat01-abc/);
  });
});
