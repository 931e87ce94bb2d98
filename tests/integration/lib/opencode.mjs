// Runs OpenCode, headless, with a home of its own. Its npm package names binaries of every
// platform, which a lock file of one platform cannot hold: it is installed apart, once per version.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { spawn } from './children.mjs';

const version = '1.18.33';
const folder = path.join(os.tmpdir(), `tollgate-opencode-${version}`);
const binary = path.join(folder, 'node_modules/.bin/opencode');

const starts = () => existsSync(binary)
  && spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout?.trim() === version;

/** Installs it if need be. Resolves with '' or with the reason why it cannot be run. */
export async function prepare_opencode() {
  if (starts()) return '';
  await mkdir(folder, { recursive: true });
  const done = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund',
    '--loglevel=error', `opencode-ai@${version}`], { cwd: folder, encoding: 'utf8' });
  if (starts()) return '';
  return `OpenCode cannot be installed: ${(done.stderr ?? '').slice(-300)}`;
}

/** provider: one entry of opencode.json's `provider`, named "gateway". */
export async function run_opencode(workspace, prompt, { provider, model, limit_ms = 120000 }) {
  const config = { $schema: 'https://opencode.ai/config.json', autoupdate: false, share: 'disabled',
    model: `gateway/${model}`, small_model: `gateway/${model}`,
    permission: { edit: 'allow', bash: 'allow', webfetch: 'deny' },
    provider: { gateway: { ...provider, models: { [model]: { name: model, tool_call: true,
      limit: { context: 128000, output: 8000 } } } } } };
  await writeFile(path.join(workspace.project, 'opencode.json'), JSON.stringify(config));
  return new Promise((resolve, reject) => {
    const child = spawn(binary, ['run', '--model', `gateway/${model}`, prompt],
      { cwd: workspace.project, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH,
        HOME: workspace.home, LANG: 'C.UTF-8', TERM: 'dumb', TMPDIR: workspace.root,
        OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1', NO_COLOR: '1' } });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => { out += text; });
    child.stderr.setEncoding('utf8').on('data', (text) => { err += text; });
    const timer = setTimeout(() => child.kill('SIGKILL'), limit_ms);
    child.on('error', reject);
    child.on('close', (code) => { clearTimeout(timer); resolve({ code, out, err }); });
  });
}
