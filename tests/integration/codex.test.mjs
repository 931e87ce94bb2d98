// The real Codex CLI through the gateway, to providers of every protocol it may meet.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { make_workspace, run_codex } from './lib/codex.mjs';
import { check_calls, targets, use_stack } from './lib/kit.mjs';
import { base_for, deployment, master_key } from './lib/tollgate.mjs';
import { calls_tools, says, step } from './lib/provider.mjs';
import { streams } from './lib/faults.mjs';

// Codex gives gpt-5.5 a freeform apply_patch and gpt-6-sol a JavaScript tool inside a namespace;
// gpt-5 it does not know.
const names = ['gpt-5.5', 'gpt-6-sol', 'gpt-5'];
const config = (target) => (url) => ({ model_list: names.map((name) =>
  deployment(name, target.kind, target.model, base_for(target.kind, url))) });

// Codex names no output limit, which the shape of Claude Code's requests to Chat asks for.
function check_shape(stack, count) {
  if (stack.target.kind === 'anthropic') check_calls(stack, count);
  else assert_chat_calls(stack.tap.calls, count);
}

function assert_chat_calls(calls, count) {
  assert.equal(calls.length, count, 'calls to the provider');
  for (const call of calls) {
    assert.match(call.request.path, /\/chat\/completions$/);
    for (const tool of call.json.tools) {
      assert.deepEqual(Object.keys(tool).sort(), ['function', 'type']);
      assert.match(tool.function.name, /^[a-zA-Z0-9_-]{1,64}$/);
      assert.equal(tool.function.parameters.type, 'object');
    }
    for (const message of call.json.messages) {
      for (const made of message.tool_calls ?? []) JSON.parse(made.function.arguments);
    }
  }
}

async function turn(stack, prompt, options = {}, files = {}) {
  const workspace = await make_workspace(files);
  try {
    const result = await run_codex(workspace, prompt,
      { base_url: stack.base_url, key: master_key, ...options });
    const told = `${result.stdout.slice(-3000)}\n${result.stderr.slice(-1500)}`
      + `\n${stack.client_tap.calls.at(-1)?.excerpt(800)}`;
    assert.equal(result.code, 0, told);
    assert.deepEqual(result.errors, [], told);
    return { ...result, read: await collected(workspace) };
  } finally {
    await workspace.remove();
  }
}

// What the turns below may leave in the project folder.
async function collected(workspace) {
  const found = {};
  for (const name of ['made.txt', 'notes.txt']) {
    try { found[name] = await readFile(workspace.file(name), 'utf8'); } catch { /* not made */ }
  }
  return found;
}

const patch = '*** Begin Patch\n*** Add File: made.txt\n+first "quoted" line\n'
  + '+zweite Zeile: ü 🚀 \\\n'
  + '*** Update File: notes.txt\n@@\n-old\n+new\n*** End Patch\n';
const patched = { 'made.txt': 'first "quoted" line\nzweite Zeile: ü 🚀 \\\n',
  'notes.txt': 'new\n' };

for (const name of ['anthropic', 'openai_compatible', 'openai_responses']) {
  describe(`Codex to ${name}`, () => {
    const target = targets[name];
    const stack = use_stack(target, { config: config(target) });
    const translated = name !== 'openai_responses';

    test('a plain prompt', async () => {
      stack.provider.on(step('TG-HELLO', 0), says('Grüße aus 東京 🚀.', { input: 900, output: 9 }));
      const result = await turn(stack, 'TG-HELLO: greet');
      assert.equal(result.text, 'Grüße aus 東京 🚀.');
      assert.deepEqual([result.usage.input_tokens, result.usage.output_tokens], [900, 9]);
      assert.equal(stack.tap.calls.length, 1);
      const [asked] = stack.client_tap.calls;
      assert.match(asked.request.path, /^\/v1\/responses$/);
      assert.equal(asked.response.status, 200);
      if (!translated) return;
      check_shape(stack, 1);
      const sent = stack.tap.calls[0].request.body.toString();
      const searched = /"web_search_20250305"/.test(sent);
      const dropped = /web_search/.test(asked.response.headers['x-tollgate-dropped'] ?? '');
      assert.deepEqual([searched, dropped], name === 'anthropic' ? [true, false] : [false, true],
        'a search is bridged, or what the target lacks is named');
      assert.match(sent, /You are Codex/);
      assert.match(sent, /apply_patch/);
    });

    test('a command, its output and the answer', async () => {
      stack.provider.on(step('TG-SHELL', 0),
        calls_tools([['exec_command', { cmd: 'echo "a b" > made.txt; cat made.txt' }]]));
      stack.provider.on(step('TG-SHELL', 1), says('Made.'));
      const result = await turn(stack, 'TG-SHELL: make a file');
      assert.equal(result.text, 'Made.');
      assert.equal(result.read['made.txt'], 'a b\n');
      const [ran] = result.items.filter((item) => item.type === 'command_execution');
      assert.equal(ran.exit_code, 0);
      assert.match(stack.tap.calls[1].request.body.toString(), /a b/);
      if (translated) check_shape(stack, 2);
    });

    test('a model that Codex knows nothing of, with two commands at once', async () => {
      stack.provider.on(step('TG-TWO', 0), calls_tools([
        ['exec_command', { cmd: 'echo one > made.txt' }],
        ['exec_command', { cmd: 'echo two > notes.txt' }]], { content: 'Both.' }));
      stack.provider.on(step('TG-TWO', 2), says('Done.'));
      const result = await turn(stack, 'TG-TWO: two files', { model: 'gpt-5' });
      assert.equal(result.text, 'Done.');
      assert.deepEqual(result.read, { 'made.txt': 'one\n', 'notes.txt': 'two\n' });
    });

    test('a refused WebSocket leaves it on HTTP at once', async () => {
      stack.provider.on(step('TG-SOCKET', 0), says('Over HTTP.'));
      const result = await turn(stack, 'TG-SOCKET: answer',
        { settings: ['supports_websockets = true'] });
      assert.equal(result.text, 'Over HTTP.');
      const asked = stack.client_tap.exchanges.filter((exchange) =>
        exchange.request.path === '/v1/responses');
      assert.deepEqual(asked.map((exchange) => exchange.response.status), [426, 200]);
    });
  });
}

for (const name of ['anthropic', 'openai_compatible']) {
  describe(`Codex and its freeform patches, to ${name}`, () => {
    const target = targets[name];
    const stack = use_stack(target, { config: config(target) });

    test('a patch is a function call there and a freeform call here', async () => {
      stack.provider.on(step('TG-PATCH', 0), calls_tools([['apply_patch', { input: patch }]]));
      stack.provider.on(step('TG-PATCH', 1), says('Patched.'));
      const result = await turn(stack, 'TG-PATCH: patch', {}, { 'notes.txt': 'old\n' });
      assert.equal(result.text, 'Patched.');
      assert.deepEqual(result.read, patched);
      assert.ok(result.items.some((item) => item.type === 'file_change'));
      check_shape(stack, 2);
    });

    test('a script of a namespaced freeform tool runs', async () => {
      const input = 'const r = await tools.exec_command({cmd: "echo \\"a b\\" > made.txt"});\n'
        + 'text(r);';
      stack.provider.on(step('TG-SCRIPT', 0), calls_tools([['functions__exec', { input }]]));
      stack.provider.on(step('TG-SCRIPT', 1), says('Ran.'));
      const result = await turn(stack, 'TG-SCRIPT: run', { model: 'gpt-6-sol' });
      assert.equal(result.text, 'Ran.');
      assert.equal(result.read['made.txt'], 'a b\n');
      check_shape(stack, 2);
    });

    if (name !== 'anthropic') return;
    test('thinking comes back to its provider with the next call', async () => {
      stack.provider.on(step('TG-THINK', 0), calls_tools([['exec_command', { cmd: 'true' }]],
        { reasoning: 'I consider it.', reasoningSignature: 'c2lnbmVkLWJ5LXByb3ZpZGVy' }));
      stack.provider.on(step('TG-THINK', 1), says('Thought through.'));
      const result = await turn(stack, 'TG-THINK: think');
      assert.equal(result.text, 'Thought through.');
      const blocks = stack.tap.calls[1].json.messages.flatMap((message) => message.content);
      assert.deepEqual(blocks.find((block) => block.type === 'thinking'),
        { type: 'thinking', thinking: 'I consider it.', signature: 'c2lnbmVkLWJ5LXByb3ZpZGVy' });
    });
  });
}

describe('Codex and its freeform patches, to a provider that knows them', () => {
  const target = targets.openai_responses;
  const stack = use_stack(target, { config: config(target) });

  test('are relayed as they are', async () => {
    const item = { type: 'custom_tool_call', id: 'ctc_1', call_id: 'call_1', name: 'apply_patch',
      input: patch, status: 'completed' };
    const response = { id: 'resp_1', object: 'response', status: 'in_progress',
      model: target.model, output: [] };
    const events = [{ type: 'response.created', response },
      { type: 'response.output_item.added', output_index: 0, item: { ...item, input: '' } },
      { type: 'response.custom_tool_call_input.delta', output_index: 0, delta: patch },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { ...response, status: 'completed',
        output: [item], usage: { input_tokens: 5, output_tokens: 5, total_tokens: 10 } } }];
    stack.tap.next(streams(events));
    stack.provider.on({ predicate: () => true }, says('Patched.'));
    const result = await turn(stack, 'TG-PATCH: patch', {}, { 'notes.txt': 'old\n' });
    assert.equal(result.text, 'Patched.');
    assert.deepEqual(result.read, patched);
    const output = stack.tap.calls[1].json.input.at(-1);
    assert.equal(output.type, 'custom_tool_call_output');
  });
});
