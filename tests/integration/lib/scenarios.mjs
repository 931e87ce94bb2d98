// What Claude Code is asked to do in the tests, independent of who serves it.
// A scenario: name, prepare(provider, workspace) adds fixtures, run holds options of run_claude,
// calls is the number of model calls it takes,
// verify(result, workspace, provider_calls, target) asserts what came of it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { calls_tools, says, step, tool_results, user_text } from './provider.mjs';
import { user_line } from './claude.mjs';

/** The parts of any good end of a Claude Code run. */
export function assert_good(result, expected_text, log = '') {
  assert.equal(result.is_error, false, `${result.result}\n${result.stderr}\n${log}`);
  assert.equal(result.code, 0);
  assert.equal(result.result, expected_text);
}

/** Token counts reached the client: exactly those of the provider, or estimates if it has none. */
export function assert_usage(result, input, output, target = {}) {
  if (target.tells_usage === false) {
    assert.ok(result.usage.input_tokens > 0, 'input tokens are estimated, not zero');
    assert.ok(result.usage.output_tokens > 0, 'output tokens are estimated, not zero');
    return;
  }
  assert.equal(result.usage.input_tokens, input, 'input tokens');
  assert.equal(result.usage.output_tokens, output, 'output tokens');
}

/** All content blocks that Claude Code saw from the model. */
export const assistant_blocks = (result) => result.messages
  .filter((message) => message.type === 'assistant')
  .flatMap((message) => message.message.content);

/** All tool results that Claude Code produced. */
export const produced_results = (result) => result.messages
  .filter((message) => message.type === 'user' && Array.isArray(message.message.content))
  .flatMap((message) => message.message.content)
  .filter((block) => block.type === 'tool_result');

// A PNG of 1 x 1.
export const small_png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk'
  + '+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

export const plain_prompt = {
  name: 'plain prompt',
  prompt: 'TG-PLAIN: what is the answer?',
  calls: 1,
  prepare: (provider) => provider
    .on(step('TG-PLAIN', 0), says('The answer is 42 – naïve, 日本語, 🚀 and done.')),
  verify: (result, workspace, calls, target) => {
    assert_good(result, 'The answer is 42 – naïve, 日本語, 🚀 and done.');
    assert_usage(result, 1200, 34, target);
  },
};

export const tool_loop = {
  name: 'tool loop with Bash, Read and Edit',
  prompt: 'TG-LOOP: change the notes',
  calls: 4,
  files: { 'notes.txt': 'alpha "quoted" line\nsecond\n' },
  prepare: (provider, workspace) => provider
    .on(step('TG-LOOP', 0), calls_tools([['Bash', { command: 'cat notes.txt; echo "from bash"',
      description: 'look' }]], { content: 'Looking first.' }))
    .on(step('TG-LOOP', 1), calls_tools([['Read', { file_path: workspace.file('notes.txt') }]]))
    .on(step('TG-LOOP', 2), calls_tools([['Edit', { file_path: workspace.file('notes.txt'),
      old_string: 'alpha "quoted" line', new_string: 'beta \\ "ünïcode" line' }]]))
    .on(step('TG-LOOP', 3), says('Edited.')),
  verify: async (result, workspace, calls, target) => {
    assert_good(result, 'Edited.');
    assert.equal(await readFile(workspace.file('notes.txt'), 'utf8'),
      'beta \\ "ünïcode" line\nsecond\n');
    assert.match(JSON.stringify(produced_results(result)[0].content), /from bash/);
    assert_usage(result, 3 * 1500 + 1200, 3 * 56 + 34, target);
  },
};

export const parallel_tools = {
  name: 'parallel tools in one answer',
  prompt: 'TG-PARALLEL: look at three things at once',
  calls: 2,
  files: { 'notes.txt': 'third\n' },
  prepare: (provider, workspace) => provider
    .on(step('TG-PARALLEL', 0), calls_tools([
      ['Bash', { command: 'echo first', description: 'one' }],
      ['Bash', { command: 'echo second', description: 'two' }],
      ['Read', { file_path: workspace.file('notes.txt') }]]))
    .on(step('TG-PARALLEL', 3), says('Saw three.')),
  verify: (result, workspace, calls, target) => {
    assert_good(result, 'Saw three.');
    const used = assistant_blocks(result).filter((block) => block.type === 'tool_use');
    assert.deepEqual(used.map((block) => block.name), ['Bash', 'Bash', 'Read']);
    assert.equal(new Set(used.map((block) => block.id)).size, 3, 'three different ids');
    const text = calls[1].request.body.toString('utf8');
    const at = ['first', 'second', 'third'].map((word) => text.lastIndexOf(word));
    assert.ok(at.every((position) => position > 0), 'all three results reach the provider');
    assert_usage(result, 2700, 90, target);
  },
};

export const sub_agent = {
  name: 'sub-agent',
  prompt: 'TG-PARENT: hand this on',
  calls: 3,
  prepare: (provider) => provider
    .on({ predicate: (request) => user_text(request).includes('TG-CHILD')
      && !user_text(request).includes('TG-PARENT') }, says('The child reports: done.'))
    .on(step('TG-PARENT', 0), calls_tools([['Agent', { description: 'a child',
      prompt: 'TG-CHILD: do the work', subagent_type: 'general-purpose',
      run_in_background: false }]]))
    .on(step('TG-PARENT', 1), says('The parent has it.')),
  verify: (result) => {
    assert_good(result, 'The parent has it.');
    assert.match(JSON.stringify(produced_results(result)), /The child reports: done/);
  },
};

export const image = {
  name: 'image',
  calls: 1,
  run: { input: user_line([{ type: 'text', text: 'TG-IMAGE: what is it?' },
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: small_png } }]) },
  prepare: (provider) => provider.on(step('TG-IMAGE', 0), says('A small dot.')),
  verify: (result, workspace, calls) => {
    assert_good(result, 'A small dot.');
    assert.ok(calls[0].request.body.includes(small_png), 'the picture reaches the provider');
  },
};

/** A picture that comes back from a tool: Read of a PNG file. */
export const tool_image = {
  name: 'image in a tool result',
  prompt: 'TG-PICTURE: read the picture',
  calls: 2,
  files: { 'dot.png': Buffer.from(small_png, 'base64') },
  prepare: (provider, workspace) => provider
    .on(step('TG-PICTURE', 0), calls_tools([['Read', { file_path: workspace.file('dot.png') }]]))
    .on(step('TG-PICTURE', 1), says('Seen.')),
  verify: (result, workspace, calls) => {
    assert_good(result, 'Seen.');
    assert.match(calls[1].request.body.toString('utf8'), /iVBORw0KGgo/, 'as an image');
  },
};

export const large_context = {
  name: '1 MB of context',
  prompt: `TG-LARGE: ${'0123456789abcde '.repeat(65536)}`,
  calls: 1,
  prepare: (provider) => provider
    .on(step('TG-LARGE', 0), says('Read it all.', { input: 262000 })),
  verify: (result, workspace, calls) => {
    assert_good(result, 'Read it all.');
    assert.ok(calls[0].request.body.length > 1024 * 1024, 'all of it reached the provider');
    assert_usage(result, 262000, 34);
  },
};

export const thinking = {
  name: 'thinking model in a tool loop',
  prompt: 'TG-THINK: think, then act',
  calls: 2,
  prepare: (provider) => provider
    .on(step('TG-THINK', 0), calls_tools([['Bash', { command: 'echo thought', description: 'x' }]],
      { reasoning: 'First I consider the matter.',
        reasoningSignature: 'c2lnbmVkLWJ5LXByb3ZpZGVy' }))
    .on(step('TG-THINK', 1), says('Thought through.', { reasoning: 'Now I conclude.',
      reasoningSignature: 'c2Vjb25k' })),
  verify: (result) => {
    assert_good(result, 'Thought through.');
    const thoughts = assistant_blocks(result).filter((block) => block.type === 'thinking');
    assert.deepEqual(thoughts.map((block) => block.thinking),
      ['First I consider the matter.', 'Now I conclude.']);
  },
};

/** Claude Code's own search request, where the provider answers it. */
export const web_search = {
  name: 'web search request',
  prompt: 'TG-WEB: search the web',
  calls: 3,
  prepare: (provider) => provider
    .on({ predicate: (request) => user_text(request).includes('TG-QUERY')
      && !user_text(request).includes('TG-WEB:') }, says('Found nothing.'))
    .on(step('TG-WEB:', 0), calls_tools([['WebSearch', { query: 'TG-QUERY' }]]))
    .on(step('TG-WEB:', 1), says('Searched.')),
  verify: (result) => assert_good(result, 'Searched.'),
};

export const everywhere = [plain_prompt, tool_loop, parallel_tools, sub_agent, image, tool_image];

export { tool_results };
