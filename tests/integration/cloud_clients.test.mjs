// Clients configured for a cloud and pointed at the gateway: their SDKs and Claude Code's Bedrock
// and Vertex modes, to an Anthropic provider and to one that speaks OpenAI Chat.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { AnthropicVertex } from '@anthropic-ai/vertex-sdk';
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand, CountTokensCommand,
  InvokeModelCommand, InvokeModelWithResponseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { AzureOpenAI } from 'openai';
import { check_calls, targets, use_stack } from './lib/kit.mjs';
import { master_key } from './lib/tollgate.mjs';
import { calls_tools, says, step, user_text } from './lib/provider.mjs';
import { fails } from './lib/faults.mjs';
import { run_scenario } from './lib/run_scenario.mjs';
import * as scenarios from './lib/scenarios.mjs';

const bedrock_model = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const vertex_model = 'claude-sonnet-4-5@20250929';
const ask = (model, text, more = {}) => ({ model, max_tokens: 100,
  messages: [{ role: 'user', content: text }], ...more });

const bedrock_of = (stack) => new AnthropicBedrock({ baseURL: stack.base_url, maxRetries: 0,
  awsAccessKey: master_key, awsSecretKey: 'unused', awsRegion: 'us-east-1' });
const aws_of = (stack) => new BedrockRuntimeClient({ endpoint: stack.base_url,
  region: 'us-east-1', maxAttempts: 1,
  // This SDK speaks HTTP/2 to Bedrock unless it is told otherwise.
  requestHandler: new NodeHttpHandler(),
  credentials: { accessKeyId: master_key, secretAccessKey: 'unused' } });
const vertex_of = (stack) => new AnthropicVertex({ baseURL: `${stack.base_url}/v1`,
  projectId: 'my-project', region: 'us-east5', maxRetries: 0, authClient: {
    getRequestHeaders: async () => new Headers({ authorization: `Bearer ${master_key}` }) } });

for (const name of ['anthropic', 'openai_chat']) {
  describe(`cloud SDKs to ${name}`, () => {
    const stack = use_stack(targets[name]);

    for (const [kind, client_of, model] of [['Bedrock', bedrock_of, bedrock_model],
      ['Vertex', vertex_of, vertex_model]]) {
      test(`Anthropic's ${kind} SDK, streamed and not`, async () => {
        stack.provider.on(step('TG-CLOUD', 0), says('Grüße, 世界 🚀.', { input: 21, output: 7 }));
        const client = client_of(stack);
        for (const message of [
          await client.messages.create(ask(model, 'TG-CLOUD')),
          await client.messages.stream(ask(model, 'TG-CLOUD')).finalMessage()]) {
          assert.equal(message.content[0].text, 'Grüße, 世界 🚀.');
          assert.equal(message.usage.input_tokens, 21);
          assert.equal(message.usage.output_tokens, 7);
          assert.equal(message.stop_reason, 'end_turn');
        }
        check_calls(stack, 2);
        for (const call of stack.tap.calls) {
          assert.equal(call.json.anthropic_version, undefined, 'the envelope stays here');
          assert.equal(call.json.model, stack.target.model);
        }
      });

      test(`a tool through Anthropic's ${kind} SDK`, async () => {
        stack.provider.on(step('TG-TOOL', 0), calls_tools([['look', { at: 'Zürich "am See"' }]]));
        const tools = [{ name: 'look', input_schema: { type: 'object',
          properties: { at: { type: 'string' } } } }];
        const message = await client_of(stack).messages
          .stream(ask(model, 'TG-TOOL', { tools })).finalMessage();
        const [call] = message.content.filter((block) => block.type === 'tool_use');
        assert.deepEqual(call.input, { at: 'Zürich "am See"' });
      });

      test(`refusals through Anthropic's ${kind} SDK`, async () => {
        stack.tap.next(fails(400, 'no such thing'));
        await assert.rejects(() => client_of(stack).messages.create(ask(model, 'TG-BAD')),
          (error) => error.status === 400 && /no such thing/.test(error.message));
        await assert.rejects(() => client_of(stack).messages.create(ask('no-such-model', 'x')),
          (error) => error.status === 404 && /no-such-model/.test(error.message));
      });
    }

    test('betas in a Bedrock body become the header, or stay away', async () => {
      stack.provider.on(step('TG-BETA', 0), says('ok'));
      await bedrock_of(stack).beta.messages.create({ ...ask(bedrock_model, 'TG-BETA'),
        betas: ['context-1m-2025-08-07'] });
      const [call] = stack.tap.calls;
      assert.equal(call.json.anthropic_beta, undefined);
      assert.equal(call.request.headers['anthropic-beta'],
        name === 'anthropic' ? 'context-1m-2025-08-07' : undefined);
    });

    test('the AWS SDK: InvokeModel, its stream, CountTokens', async () => {
      stack.provider.on(step('TG-AWS', 0), says('From AWS.'));
      const client = aws_of(stack);
      const body = JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 50,
        messages: [{ role: 'user', content: 'TG-AWS' }] });
      const plain = await client.send(new InvokeModelCommand({ modelId: bedrock_model, body,
        contentType: 'application/json' }));
      assert.equal(JSON.parse(new TextDecoder().decode(plain.body)).content[0].text, 'From AWS.');
      const streamed = await client.send(new InvokeModelWithResponseStreamCommand(
        { modelId: bedrock_model, body, contentType: 'application/json' }));
      const events = [];
      for await (const part of streamed.body) {
        events.push(JSON.parse(new TextDecoder().decode(part.chunk.bytes)));
      }
      assert.equal(events[0].type, 'message_start');
      assert.equal(events.at(-1).type, 'message_stop');
      const text = events.filter((event) => event.delta?.text).map((event) => event.delta.text);
      assert.equal(text.join(''), 'From AWS.');
      const counted = await client.send(new CountTokensCommand({ modelId: bedrock_model,
        input: { invokeModel: { body: new TextEncoder().encode(body) } } }));
      assert.ok(counted.inputTokens > 3, counted.inputTokens);
      client.destroy();
    });

    test('the AWS SDK: Converse, its stream, CountTokens', async () => {
      stack.provider.on(step('TG-CONVERSE', 0), calls_tools([['look', { at: 'Zürich "am See"' }],
        ['look', { at: 'b' }]]));
      stack.provider.on(step('TG-CONVERSE', 2), says('Gesehen: 世界.', { input: 21, output: 7 }));
      const client = aws_of(stack);
      const request = { modelId: bedrock_model, system: [{ text: 'Be brief.' }],
        inferenceConfig: { maxTokens: 300 },
        messages: [{ role: 'user', content: [{ text: 'TG-CONVERSE' }] }],
        toolConfig: { tools: [{ toolSpec: { name: 'look', inputSchema: { json: {
          type: 'object', properties: { at: { type: 'string' } } } } } }] } };
      const first = await client.send(new ConverseCommand(request));
      assert.equal(first.stopReason, 'tool_use');
      const calls = first.output.message.content.filter((block) => block.toolUse);
      assert.deepEqual(calls.map((block) => block.toolUse.input.at), ['Zürich "am See"', 'b']);
      const inputs = {};
      let stopped;
      for await (const event of (await client.send(new ConverseStreamCommand(request))).stream) {
        const { contentBlockIndex: index, delta } = event.contentBlockDelta ?? {};
        if (delta?.toolUse) inputs[index] = (inputs[index] ?? '') + delta.toolUse.input;
        stopped = event.messageStop?.stopReason ?? stopped;
      }
      assert.equal(stopped, 'tool_use');
      assert.deepEqual(Object.values(inputs).map((text) => JSON.parse(text).at),
        ['Zürich "am See"', 'b']);
      const answered = { ...request, messages: [...request.messages, first.output.message,
        { role: 'user', content: calls.map((block) => ({ toolResult: {
          toolUseId: block.toolUse.toolUseId, content: [{ text: 'water' }] } })) }] };
      const second = await client.send(new ConverseStreamCommand(answered));
      let text = '';
      let usage;
      for await (const event of second.stream) {
        text += event.contentBlockDelta?.delta.text ?? '';
        usage = event.metadata?.usage ?? usage;
      }
      assert.equal(text, 'Gesehen: 世界.');
      assert.equal(usage.inputTokens, 21);
      assert.equal(usage.outputTokens, 7);
      const counted = await client.send(new CountTokensCommand({ modelId: bedrock_model,
        input: { converse: { messages: request.messages } } }));
      assert.ok(counted.inputTokens > 3);
      stack.tap.each(() => fails(429, 'slow down'));
      await assert.rejects(() => client.send(new ConverseCommand(request)),
        (error) => error.name === 'ThrottlingException' && /slow down/.test(error.message));
      client.destroy();
    });

    test('a wrong key is named', async () => {
      const client = new AnthropicBedrock({ baseURL: stack.base_url, maxRetries: 0,
        awsAccessKey: 'sk-wrong', awsSecretKey: 'x', awsRegion: 'us-east-1' });
      await assert.rejects(() => client.messages.create(ask(bedrock_model, 'x')),
        (error) => error.status === 401 && /the key in .* is unknown/.test(error.message));
    });
  });

  describe(`OpenAI's Azure class to ${name}`, () => {
    const stack = use_stack(targets[name]);

    test('chat, streamed and not', async () => {
      stack.provider.on(step('TG-AZURE', 0), says('From Azure.'));
      const client = new AzureOpenAI({ endpoint: stack.base_url, apiKey: master_key,
        apiVersion: '2024-10-21', deployment: 'claude-sonnet', maxRetries: 0 });
      const request = { messages: [{ role: 'user', content: 'TG-AZURE' }] };
      const plain = await client.chat.completions.create(request);
      assert.equal(plain.choices[0].message.content, 'From Azure.');
      let text = '';
      for await (const chunk of await client.chat.completions.create(
        { ...request, stream: true })) text += chunk.choices[0]?.delta.content ?? '';
      assert.equal(text, 'From Azure.');
      const answer = await client.responses.create({ model: 'claude-sonnet', store: false,
        input: 'TG-AZURE' });
      assert.equal(answer.output_text, 'From Azure.');
    });
  });

  describe(`Claude Code in a cloud's mode to ${name}`, () => {
    const stack = use_stack(targets[name]);
    const modes = {
      Bedrock: (key) => ({ CLAUDE_CODE_USE_BEDROCK: '1', AWS_REGION: 'us-east-1',
        ANTHROPIC_BEDROCK_BASE_URL: stack.base_url, AWS_BEARER_TOKEN_BEDROCK: key }),
      Vertex: () => ({ CLAUDE_CODE_USE_VERTEX: '1', CLOUD_ML_REGION: 'us-east5',
        ANTHROPIC_VERTEX_PROJECT_ID: 'my-project', CLAUDE_CODE_SKIP_VERTEX_AUTH: '1',
        ANTHROPIC_VERTEX_BASE_URL: `${stack.base_url}/v1` }),
    };
    for (const [mode, environment] of Object.entries(modes)) {
      for (const scenario of [scenarios.plain_prompt, scenarios.tool_loop]) {
        test(`${mode}: ${scenario.name}`, async () => {
          const ended = [];
          await run_scenario({ ...scenario, get calls() { return stack.tap.calls.length; },
            prepare: (provider, workspace) => {
              // In Bedrock's mode it first asks every model that it knows whether it is there.
              provider.on({ predicate: (request) => user_text(request) === '.' }, says('.'));
              scenario.prepare(provider, workspace);
            },
            verify: (result, workspace, calls, target) => {
              ended.push(...calls.filter((call) => call.request.body.length > 1000));
              return scenario.verify(result, workspace, ended, target);
            } }, stack,
          // With thinking on, the mock wants turns that begin with it.
          { env: { MAX_THINKING_TOKENS: '0', ...environment(master_key) } });
          assert.equal(ended.length, scenario.calls, 'model calls');
        });
      }
    }
  });
}
