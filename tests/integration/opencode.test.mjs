// OpenCode through the gateway, by each interface that it can be told to use.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { targets, use_stack } from './lib/kit.mjs';
import { master_key } from './lib/tollgate.mjs';
import { calls_tools, says, step } from './lib/provider.mjs';
import { make_workspace } from './lib/claude.mjs';
import { prepare_opencode, run_opencode } from './lib/opencode.mjs';

const interfaces = {
  'Anthropic Messages': { npm: '@ai-sdk/anthropic', path: '/v1' },
  'OpenAI Chat': { npm: '@ai-sdk/openai-compatible', path: '/v1' },
  'OpenAI Responses': { npm: '@ai-sdk/openai', path: '/v1' },
};

let missing = '';
before(async () => { missing = await prepare_opencode(); });

for (const [target, name] of [['anthropic', 'OpenAI Chat'], ['anthropic', 'OpenAI Responses'],
  ['openai_chat', 'Anthropic Messages'], ['openai_chat', 'OpenAI Chat']]) {
  describe(`OpenCode by ${name} to ${target}`, () => {
    const stack = use_stack(targets[target]);
    const provider = () => ({ npm: interfaces[name].npm, name: 'Gateway', options: {
      baseURL: `${stack.base_url}${interfaces[name].path}`, apiKey: master_key } });

    test('a tool loop', async (context) => {
      if (missing) { context.skip(missing); return; }
      const workspace = await make_workspace({ 'note.txt': 'TG-SECRET-WORD\n' });
      try {
        // Beside the task it asks for a title of the session.
        stack.provider.on({ predicate: (request) => JSON.stringify(request.messages)
          .includes('title') && !request.tools?.length }, says('A title'));
        stack.provider.on(step('TG-READ', 0), calls_tools([['read',
          { filePath: workspace.file('note.txt') }]]));
        stack.provider.on(step('TG-READ', 1), says('It has been read.'));
        const done = await run_opencode(workspace, 'TG-READ read note.txt',
          { provider: provider(), model: 'claude-sonnet' });
        assert.equal(done.code, 0, done.err.slice(-1500));
        assert.match(done.out + done.err, /It has been read\./);
        const bodies = stack.tap.calls.map((call) => call.request.body.toString());
        assert.ok(bodies.some((body) => body.includes('TG-SECRET-WORD')), 'the result went back');
      } finally { await workspace.remove(); }
    });
  });
}
