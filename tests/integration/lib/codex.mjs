// Runs the real Codex CLI, headless, against a gateway.
// Each run has a home and a working folder of its own; nothing of the caller's account is seen.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { spawn } from './children.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const binary = path.join(here, '../node_modules/.bin/codex');

export const codex_available = () => existsSync(binary);

/** A home and a project folder for one or several runs. */
export async function make_workspace(files = {}) {
  const root = await mkdtemp(path.join(os.tmpdir(), 'tollgate-codex-'));
  const home = path.join(root, 'home');
  const project = path.join(root, 'project');
  await mkdir(home);
  await mkdir(project);
  for (const [name, content] of Object.entries(files)) {
    await writeFile(path.join(project, name), content);
  }
  return { root, home, project, file: (name) => path.join(project, name),
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 3 }) };
}

const configuration = ({ base_url, model, settings }) => `model = "${model}"
model_provider = "tollgate"
check_for_update_on_startup = false

[model_providers.tollgate]
name = "Tollgate"
base_url = "${base_url}/v1"
env_key = "TOLLGATE_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 1
${settings.join('\n')}

[analytics]
enabled = false
`;

/**
 * One headless turn. Resolves with {code, events (all lines of the event output), items (those
 * that were completed), text (the last message), usage, errors, stdout, stderr}; rejects when the
 * limit is over. settings: further lines of the provider's table in config.toml.
 */
export async function run_codex(workspace, prompt, { base_url, key = 'sk-test-none',
  model = 'gpt-5.5', settings = [], args = [], limit_ms = 60000 } = {}) {
  await writeFile(path.join(workspace.home, 'config.toml'),
    configuration({ base_url, model, settings }));
  const command = ['exec', ...args, '--json', '--skip-git-repo-check',
    '--dangerously-bypass-approvals-and-sandbox', prompt];
  return new Promise((resolve, reject) => {
    const child = spawn(binary, command, { cwd: workspace.project,
      env: { PATH: process.env.PATH, HOME: workspace.home, CODEX_HOME: workspace.home,
        LANG: 'C.UTF-8', TERM: 'dumb', SHELL: '/bin/bash', TMPDIR: workspace.root,
        TOLLGATE_KEY: key },
      stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => { output.stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text) => { output.stderr += text; });
    let late = false;
    const timer = setTimeout(() => { late = true; child.kill('SIGKILL'); }, limit_ms);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (late) {
        reject(new Error(`Codex was not done within ${limit_ms} ms\n`
          + `stdout: ${output.stdout.slice(-2000)}\nstderr: ${output.stderr.slice(-2000)}`));
      } else resolve(summarise(code, signal, output));
    });
  });
}

function summarise(code, signal, output) {
  const events = [];
  for (const line of output.stdout.split('\n')) {
    try { events.push(JSON.parse(line)); } catch { /* text between the events */ }
  }
  const items = events.filter((event) => event.type === 'item.completed')
    .map((event) => event.item);
  const messages = items.filter((item) => item.type === 'agent_message');
  return { code, signal, ...output, events, items, text: messages.at(-1)?.text,
    usage: events.findLast((event) => event.type === 'turn.completed')?.usage,
    errors: events.filter((event) => ['error', 'turn.failed'].includes(event.type)) };
}
