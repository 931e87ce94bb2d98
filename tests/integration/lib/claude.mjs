// Runs the real Claude Code, headless, against a gateway (or straight against a provider).
// Each run has a home and a working folder of its own; nothing of the caller's account is seen.
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn } from './children.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const binary = path.join(here, '../node_modules/.bin/claude');

export const claude_available = () => existsSync(binary);

/** A home and a project folder for one or several runs. */
export async function make_workspace(files = {}) {
  const root = await mkdtemp(path.join(os.tmpdir(), 'tollgate-claude-'));
  const home = path.join(root, 'home');
  const project = path.join(root, 'project');
  await mkdir(home);
  await mkdir(project);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(project, name)), { recursive: true });
    await writeFile(path.join(project, name), content);
  }
  return { root, home, project, file: (name) => path.join(project, name),
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 3 }) };
}

function environment(workspace, { base_url, key, env }) {
  return {
    PATH: process.env.PATH, HOME: workspace.home, LANG: 'C.UTF-8', TERM: 'dumb',
    TMPDIR: workspace.root, SHELL: '/bin/bash', IS_SANDBOX: '1',
    ANTHROPIC_BASE_URL: base_url,
    ANTHROPIC_AUTH_TOKEN: key,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    ...env,
  };
}

/**
 * One headless turn. Resolves with {code, result, usage, model_usage, is_error, session_id,
 * messages (all lines of the event output), stdout, stderr}; rejects when the limit is over.
 */
export function run_claude(workspace, prompt, { base_url, key = 'sk-test-none', model,
  env = {}, args = [], tools, resume, input, limit_ms = 90000 } = {}) {
  const command = ['-p', '--output-format', 'stream-json', '--verbose',
    '--dangerously-skip-permissions'];
  if (model) command.push('--model', model);
  if (tools) command.push('--allowedTools', tools.join(','));
  if (resume) command.push('--resume', resume);
  command.push(...args);
  if (input !== undefined) command.push('--input-format', 'stream-json');
  return new Promise((resolve, reject) => {
    const child = spawn(binary, command, { cwd: workspace.project,
      env: environment(workspace, { base_url, key, env }), stdio: ['pipe', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => { output.stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text) => { output.stderr += text; });
    child.stdin.on('error', () => {});
    // The prompt goes by standard input, so that a megabyte of it fits.
    child.stdin.end(input === undefined ? prompt : input);
    let late = false;
    const timer = setTimeout(() => { late = true; child.kill('SIGKILL'); }, limit_ms);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (late) {
        reject(new Error(`Claude Code was not done within ${limit_ms} ms\n`
          + `stdout: ${output.stdout.slice(-2000)}\nstderr: ${output.stderr.slice(-2000)}`));
      } else resolve(summarise(code, signal, output));
    });
  });
}

function summarise(code, signal, output) {
  const messages = [];
  for (const line of output.stdout.split('\n')) {
    try { messages.push(JSON.parse(line)); } catch { /* text between the events */ }
  }
  const last = messages.findLast((message) => message.type === 'result') ?? {};
  return { code, signal, ...output, messages, result: last.result, usage: last.usage,
    model_usage: last.modelUsage, is_error: last.is_error, session_id: last.session_id,
    turns: last.num_turns, subtype: last.subtype };
}

/** A user turn with content blocks, as a line for `input`. */
export const user_line = (content) => `${JSON.stringify({ type: 'user',
  message: { role: 'user', content } })}\n`;
