// A newcomer's first minutes: no configuration at all, the printed lines pasted, Claude Code run.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Provider } from './lib/provider.mjs';
import { Tap } from './lib/tap.mjs';
import { make_workspace, run_claude } from './lib/claude.mjs';
import { run_scenario } from './lib/run_scenario.mjs';
import { assert_chat_request } from './lib/checks.mjs';
import { plain_prompt, tool_loop } from './lib/scenarios.mjs';
import { Tollgate, deployment, master_key } from './lib/tollgate.mjs';

/** The lines that the gateway prints to be pasted, as variables. */
async function printed_variables(gateway) {
  await gateway.logged(/export ANTHROPIC_AUTH_TOKEN=\S+\n/);
  return Object.fromEntries([...gateway.stdout.matchAll(/^\s*export (\w+)=(\S+)$/gm)]
    .map(([, name, value]) => [name, value]));
}

describe('no configuration, no account', () => {
  test('the printed lines make Claude Code talk to the echo provider', async () => {
    const gateway = await Tollgate.start(null);
    const workspace = await make_workspace();
    try {
      const printed = await printed_variables(gateway);
      assert.equal(printed.ANTHROPIC_BASE_URL, gateway.url);
      assert.match(printed.ANTHROPIC_AUTH_TOKEN, /^sk-/);
      const result = await run_claude(workspace, 'TG-ECHO says hello',
        { base_url: printed.ANTHROPIC_BASE_URL, key: printed.ANTHROPIC_AUTH_TOKEN,
          env: { ...printed, CLAUDE_CODE_MAX_RETRIES: '0' } });
      assert.equal(result.is_error, false, result.stdout + gateway.log);
      assert.match(result.result, /TG-ECHO says hello/);
      assert.ok(result.usage.input_tokens > 0 && result.usage.output_tokens > 0);
      assert.doesNotMatch(gateway.stderr, new RegExp(printed.ANTHROPIC_AUTH_TOKEN),
        'the key is shown, not logged');
    } finally {
      await workspace.remove();
      await gateway.stop();
    }
  });

  test('the key is the same after a restart with the same data folder', async () => {
    const first = await Tollgate.start(null);
    const before = (await printed_variables(first)).ANTHROPIC_AUTH_TOKEN;
    first.signal('SIGTERM');
    assert.equal((await first.exited).code, 0);
    first.ended = undefined;
    first.stdout = '';
    first.spawn({}, []);
    try {
      await first.wait_ready();
      const response = await first.fetch('/v1/models', { key: before });
      assert.equal(response.status, 200);
      await response.text();
    } finally {
      await first.stop();
    }
  });
});

describe('a provider variable and nothing else', () => {
  test('OPENAI_API_KEY with OPENAI_BASE_URL serves Claude Code', async () => {
    const provider = await Provider.start();
    const tap = await Tap.start(provider.url);
    const gateway = await Tollgate.start(null, { env: { OPENAI_API_KEY: 'sk-provider-made-up',
      OPENAI_BASE_URL: `${tap.url}/v1` } });
    try {
      const key = (await printed_variables(gateway)).ANTHROPIC_AUTH_TOKEN;
      const result = await run_scenario(tool_loop,
        { provider, tap, base_url: gateway.url, log: () => gateway.log }, { key });
      assert.equal(result.is_error, false);
      assert.deepEqual(provider.surprises(), []);
    } finally {
      await gateway.stop();
      await tap.stop();
      await provider.stop();
    }
  });
});

describe('a LiteLLM configuration as it is', () => {
  test('secrets from the environment, a provider by name, a wildcard', async () => {
    const provider = await Provider.start();
    const tap = await Tap.start(provider.url);
    const gateway = await Tollgate.start({
      model_list: [deployment('claude-*', 'hosted_vllm', 'house-model', `${tap.url}/v1`,
        { api_key: 'os.environ/HOUSE_KEY', rpm: 100 })],
      litellm_settings: { drop_params: true, request_timeout: 600 },
      general_settings: { master_key: 'os.environ/MY_MASTER' },
    }, { env: { HOUSE_KEY: 'sk-provider-made-up', MY_MASTER: master_key } });
    try {
      await run_scenario(plain_prompt,
        { provider, tap, base_url: gateway.url, log: () => gateway.log });
      assert_chat_request(tap.calls[0]);
      assert.equal(tap.calls[0].json.model, 'house-model');
    } finally {
      await gateway.stop();
      await tap.stop();
      await provider.stop();
    }
  });
});
