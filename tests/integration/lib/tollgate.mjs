// Starts the gateway as a user does: the binary, a configuration file, a data folder, a free port.
// TOLLGATE_BIN names another binary, for example one built with sanitizers.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { spawn } from './children.mjs';
import { patience } from './patience.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);

export const binary = path.resolve(process.env.TOLLGATE_BIN
  ?? path.join(here, '../../../build/release/tollgate'));

// No answer takes this long unless something hangs.
const request_limit_ms = 30000 * patience;

export const master_key = 'sk-test-master-0123456789abcdef';

export function require_binary() {
  if (existsSync(binary)) return;
  throw new Error(`no gateway at ${binary}: build it first (cmake --preset release && ninja -C `
    + 'build/release tollgate) or set TOLLGATE_BIN');
}

/** A port that was free a moment ago. */
export const free_port = () => new Promise((resolve, reject) => {
  const probe = net.createServer();
  probe.once('error', reject);
  probe.listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

/** One entry of model_list. kind: anthropic, openai, hosted_vllm, ollama, ... */
export const deployment = (model_name, kind, target_model, api_base, extra = {}) => ({
  model_name,
  litellm_params: { model: `${kind}/${target_model}`, api_base,
    api_key: 'sk-provider-made-up', ...extra },
});

/**
 * The base URL of a provider at `url` in the form that kind of provider is configured with:
 * OpenAI-shaped ones with /v1, the others without.
 */
export const base_for = (kind, url) =>
  (['anthropic', 'ollama'].includes(kind) ? url : `${url}/v1`);

/**
 * A configuration in which every usual name is served by one provider.
 * The names are those that Claude Code asks for by itself.
 */
export const single_provider = (kind, url, target_model, extra = {}) => ({
  model_list: ['claude-opus', 'claude-sonnet', 'claude-haiku', 'test-model'].map((name) =>
    deployment(name, kind, target_model, base_for(kind, url), extra)),
});

const tests_environment = () => ({ PATH: process.env.PATH, LANG: 'C.UTF-8', TZ: 'UTC',
  ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? 'detect_leaks=1:abort_on_error=0',
  UBSAN_OPTIONS: process.env.UBSAN_OPTIONS ?? 'print_stacktrace=1' });

export class Tollgate {
  /**
   * config: an object, written as JSON (which is YAML); the master key is added unless given.
   * null: no configuration file at all, as for a newcomer.
   * files: further files beside the configuration, by relative name. env: more variables.
   */
  static async start(config, { files = {}, env = {}, args = [], ready = true } = {}) {
    require_binary();
    const gateway = new Tollgate();
    gateway.folder = await mkdtemp(path.join(os.tmpdir(), 'tollgate-test-'));
    if (config) gateway.config_file = path.join(gateway.folder, 'tollgate.yaml');
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(gateway.folder, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
    }
    for (let attempts = 3; ; attempts -= 1) {
      gateway.port = await free_port();
      gateway.metrics_port = await free_port();
      gateway.stdout = '';
      gateway.stderr = '';
      if (config) await gateway.write_config(config);
      gateway.spawn(env, args);
      if (!ready) return gateway;
      try {
        await gateway.wait_ready();
        return gateway;
      } catch (error) {
        // Somebody else took the port in between.
        if (attempts === 1 || !/address (already )?in use/i.test(gateway.log)) throw error;
        gateway.ended = undefined;
      }
    }
  }

  async write_config(config) {
    const whole = { ...config,
      general_settings: { master_key, ...config.general_settings },
      server: { metrics_listen: `127.0.0.1:${this.metrics_port}`, ...config.server },
      logging: { format: 'json', ...config.logging } };
    await writeFile(this.config_file, `${JSON.stringify(whole, null, 2)}\n`);
  }

  spawn(env, args) {
    const config = this.config_file ? ['--config', this.config_file] : [];
    this.child = spawn(binary, ['serve', ...config,
      '--listen', `127.0.0.1:${this.port}`, '--data-dir', path.join(this.folder, 'data'), ...args],
    { cwd: this.folder, env: { ...tests_environment(), HOME: this.folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'] });
    this.waiters = [];
    const note = (stream) => (text) => {
      this[stream] += text;
      this.waiters = this.waiters.filter((check) => !check());
    };
    this.child.stdout.setEncoding('utf8').on('data', note('stdout'));
    this.child.stderr.setEncoding('utf8').on('data', note('stderr'));
    this.exited = new Promise((resolve) => {
      this.child.on('error', (error) => resolve({ code: -1, error }));
      this.child.on('close', (code, signal) => resolve({ code, signal }));
    });
    this.exited.then((how) => { this.ended = how; });
  }

  get url() { return `http://127.0.0.1:${this.port}`; }
  get metrics_url() { return `http://127.0.0.1:${this.metrics_port}/metrics`; }
  get log() { return this.stderr + this.stdout; }

  async wait_ready(limit_ms = 20000) {
    const until = Date.now() + limit_ms * patience;
    for (;;) {
      if (this.ended) {
        throw new Error(`the gateway ended at start (${JSON.stringify(this.ended)}):\n${this.log}`);
      }
      if (await answers_200(`${this.url}/readyz`)) return;
      if (Date.now() > until) throw new Error(`not ready within ${limit_ms} ms:\n${this.log}`);
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  }

  /** Resolves once the log matches (also what it already holds). */
  logged(pattern, limit_ms = 10000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters = this.waiters.filter((one) => one !== check);
        reject(new Error(`${pattern} not logged within ${limit_ms} ms:\n${this.log.slice(-3000)}`));
      }, limit_ms * patience);
      const check = () => {
        const found = this.log.match(pattern);
        if (!found) return false;
        clearTimeout(timer);
        resolve(found);
        return true;
      };
      if (!check()) this.waiters.push(check);
    });
  }

  /** The access-log records (JSON lines with a status and a path). */
  get access_log() {
    const records = [];
    for (const line of this.log.split('\n')) {
      try {
        const record = JSON.parse(line);
        if (record.status !== undefined && record.path !== undefined) records.push(record);
      } catch { /* not a record */ }
    }
    return records;
  }

  signal(name) { this.child.kill(name); }

  /** A request with the master key; more as for fetch. */
  fetch(where, { key = master_key, headers = {}, json, ...options } = {}) {
    const auth = key === null ? {} : { authorization: `Bearer ${key}` };
    const body = json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) };
    const type = json === undefined ? {} : { 'content-type': 'application/json' };
    const limit = AbortSignal.timeout(request_limit_ms);
    const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
    return fetch(`${this.url}${where}`, { ...body, ...options, signal,
      headers: { ...auth, ...type, ...headers } });
  }

  /** SIGTERM; asserts a clean end in time and that no sanitizer had anything to say. */
  async stop({ limit_ms = 40000 } = {}) {
    if (!this.ended) this.child.kill('SIGTERM');
    const late = setTimeout(() => this.child.kill('SIGKILL'), limit_ms * patience);
    const how = await this.exited;
    clearTimeout(late);
    try {
      assert.doesNotMatch(this.log, /(Address|Leak|Thread|Memory)Sanitizer|runtime error:/,
        'a sanitizer reported something');
      assert.deepEqual(how, { code: 0, signal: null },
        `the gateway should end with 0 on SIGTERM; log:\n${this.log.slice(-3000)}`);
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}

async function answers_200(url) {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}
