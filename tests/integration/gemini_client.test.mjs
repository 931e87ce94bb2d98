// Google's SDK and Gemini CLI as clients, to providers of several protocols.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import path from 'node:path';
import { GoogleGenAI } from '@google/genai';
import { check_calls, targets, use_stack } from './lib/kit.mjs';
import { master_key } from './lib/tollgate.mjs';
import { calls_tools, says, step } from './lib/provider.mjs';
import { fails } from './lib/faults.mjs';
import { make_workspace } from './lib/claude.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const cli = path.join(here, 'node_modules/.bin/gemini');

const client_of = (stack, key = master_key) => new GoogleGenAI({ apiKey: key,
  httpOptions: { baseUrl: stack.base_url } });
const look = { functionDeclarations: [{ name: 'look', description: 'looks', parameters: {
  type: 'OBJECT', properties: { at: { type: 'STRING' } }, required: ['at'] } }] };

async function streamed(client, request) {
  const parts = [];
  let last;
  for await (const chunk of await client.models.generateContentStream(request)) {
    parts.push(...chunk.candidates?.[0]?.content?.parts ?? []);
    last = chunk;
  }
  return { parts, last };
}

for (const name of ['anthropic', 'openai_chat', 'openai_responses', 'ollama']) {
  describe(`Google's SDK to ${name}`, () => {
    const stack = use_stack(targets[name]);

    test('text, streamed and not', async () => {
      stack.provider.on(step('TG-TEXT', 0), says('Grüße, 世界 🚀.', { input: 21, output: 7 }));
      const request = { model: 'claude-sonnet', contents: 'TG-TEXT',
        config: { systemInstruction: 'Be brief.', maxOutputTokens: 200 } };
      const client = client_of(stack);
      const plain = await client.models.generateContent(request);
      assert.equal(plain.text, 'Grüße, 世界 🚀.');
      assert.equal(plain.candidates[0].finishReason, 'STOP');
      assert.equal(plain.modelVersion, 'claude-sonnet');
      const { parts, last } = await streamed(client, request);
      assert.equal(parts.map((part) => part.text).join(''), 'Grüße, 世界 🚀.');
      assert.equal(last.candidates[0].finishReason, 'STOP');
      for (const { usageMetadata } of [plain, last]) {
        assert.ok(usageMetadata.promptTokenCount > 0);
        if (stack.target.tells_usage === false) continue;
        assert.equal(usageMetadata.promptTokenCount, 21);
        assert.equal(usageMetadata.candidatesTokenCount, 7);
      }
      check_calls(stack, 2);
    });

    test('a tool loop', async () => {
      const at = 'Zürich "am See"\n';
      stack.provider.on(step('TG-TOOL', 0), calls_tools([['look', { at }], ['look', { at: 'b' }]]));
      stack.provider.on(step('TG-TOOL', 2), says('Seen.'));
      const client = client_of(stack);
      const asked = [{ role: 'user', parts: [{ text: 'TG-TOOL' }] }];
      const { parts } = await streamed(client,
        { model: 'claude-sonnet', contents: asked,
          config: { tools: [look], maxOutputTokens: 300 } });
      const calls = parts.filter((part) => part.functionCall).map((part) => part.functionCall);
      assert.deepEqual(calls.map((call) => call.args), [{ at }, { at: 'b' }]);
      const answer = await client.models.generateContent({ model: 'claude-sonnet',
        config: { tools: [look], maxOutputTokens: 300 },
        contents: [...asked, { role: 'model', parts },
          { role: 'user', parts: calls.map(({ name: called }) => (
            { functionResponse: { name: called, response: { output: 'water' } } })) }] });
      assert.equal(answer.text, 'Seen.');
      check_calls(stack, 2);
    });

    test('counting, listing, refusals', async () => {
      const client = client_of(stack);
      const counted = await client.models.countTokens({ model: 'claude-sonnet',
        contents: 'How many tokens are these?' });
      assert.ok(counted.totalTokens > 3);
      const listed = [];
      for await (const model of await client.models.list()) listed.push(model.name);
      assert.ok(listed.includes('models/claude-sonnet'), listed.join());
      await assert.rejects(() => client.models.generateContent(
        { model: 'no-such-model', contents: 'x' }), (error) => error.status === 404);
      await assert.rejects(() => client_of(stack, 'sk-wrong').models.generateContent(
        { model: 'claude-sonnet', contents: 'x' }), (error) => error.status === 401);
      stack.tap.each(() => fails(400, 'no such thing'));
      await assert.rejects(() => client.models.generateContent(
        { model: 'claude-sonnet', contents: 'x' }),
      (error) => error.status === 400 && /no such thing/.test(error.message));
    });

    test('the key in the query, and a stream of another form', async () => {
      stack.provider.on(step('TG-KEY', 0), says('ok'));
      const body = JSON.stringify({ contents: [{ parts: [{ text: 'TG-KEY' }] }] });
      const ask = (method, query) => fetch(
        `${stack.base_url}/v1beta/models/claude-sonnet:${method}?${query}`,
        { method: 'POST', body });
      assert.equal((await ask('generateContent', `key=${master_key}`)).status, 200);
      const refused = await ask('streamGenerateContent', `key=${master_key}`);
      assert.equal(refused.status, 400);
      assert.match((await refused.json()).error.message, /alt=sse/);
      assert.ok(!stack.gateway.log.includes(master_key), 'the key is in no log');
    });
  });
}

async function run_gemini(workspace, prompt, stack) {
  await mkdir(path.join(workspace.home, '.gemini'));
  await writeFile(path.join(workspace.home, '.gemini/settings.json'), JSON.stringify(
    { security: { auth: { selectedType: 'gemini-api-key' } }, telemetry: { enabled: false },
      privacy: { usageStatisticsEnabled: false }, general: { disableAutoUpdate: true } }));
  return new Promise((resolve, reject) => {
    const child = spawn(cli, ['-p', prompt, '--yolo', '--skip-trust', '-m', 'claude-sonnet'],
      { cwd: workspace.project, stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env.PATH, HOME: workspace.home, LANG: 'C.UTF-8', TERM: 'dumb',
          TMPDIR: workspace.root, GEMINI_API_KEY: master_key, GEMINI_TELEMETRY_ENABLED: 'false',
          GOOGLE_GEMINI_BASE_URL: stack.base_url, NO_COLOR: '1',
          GEMINI_CLI_TRUST_WORKSPACE: 'true' } });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => { out += text; });
    child.stderr.setEncoding('utf8').on('data', (text) => { err += text; });
    const timer = setTimeout(() => child.kill('SIGKILL'), 90000);
    child.on('error', reject);
    child.on('close', (code) => { clearTimeout(timer); resolve({ code, out, err }); });
  });
}

for (const name of ['anthropic', 'openai_chat']) {
  describe(`Gemini CLI to ${name}`, () => {
    const stack = use_stack(targets[name]);

    test('a prompt', async () => {
      stack.provider.on(step('TG-CLI', 0), says('Hello from the other side.'));
      const workspace = await make_workspace({});
      try {
        const done = await run_gemini(workspace, 'TG-CLI say hello', stack);
        assert.equal(done.code, 0, done.err.slice(-1500));
        assert.match(done.out, /Hello from the other side\./);
      } finally { await workspace.remove(); }
    });

    test('a tool loop', async () => {
      const workspace = await make_workspace({ 'note.txt': 'TG-SECRET-WORD\n' });
      try {
        stack.provider.on(step('TG-READ', 0), calls_tools([['read_file',
          { file_path: workspace.file('note.txt') }]]));
        stack.provider.on(step('TG-READ', 1), says('It has been read.'));
        const done = await run_gemini(workspace, 'TG-READ read note.txt', stack);
        assert.equal(done.code, 0, done.err.slice(-1500));
        assert.match(done.out, /It has been read\./);
        assert.match(stack.tap.calls.at(-1).request.body.toString(), /TG-SECRET-WORD/);
      } finally { await workspace.remove(); }
    });
  });
}
