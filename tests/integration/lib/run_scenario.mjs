// Runs a scenario of scenarios.mjs once and returns what Claude Code said.
import assert from 'node:assert/strict';
import { make_workspace, run_claude } from './claude.mjs';
import { master_key } from './tollgate.mjs';

/**
 * where: {provider, tap, base_url, log()}. The tap must stand before the provider.
 * options go to run_claude above the scenario's own.
 */
export async function run_scenario(scenario, where, options = {}) {
  const workspace = await make_workspace(scenario.files);
  try {
    scenario.prepare(where.provider, workspace);
    const result = await run_claude(workspace, scenario.prompt ?? '',
      { base_url: where.base_url, key: master_key, ...scenario.run, ...options,
        env: { CLAUDE_CODE_MAX_RETRIES: '2', ...scenario.run?.env, ...options.env } });
    try {
      await scenario.verify(result, workspace, where.tap.calls, where.target);
      assert.equal(where.tap.calls.length, scenario.calls, 'model calls');
    } catch (error) {
      error.message += `\nprovider saw:\n${where.tap.calls.map((one) => one.excerpt()).join('\n')}`
        + `\ngateway log:\n${where.log?.().slice(-2000) ?? ''}`;
      throw error;
    }
    return result;
  } finally {
    await workspace.remove();
  }
}
