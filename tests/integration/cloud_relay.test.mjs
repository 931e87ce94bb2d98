// Clients of a cloud to providers of the same protocol: what they sent arrives as they spelled it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GoogleGenAI } from '@google/genai';
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand }
  from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { use_stack } from './lib/kit.mjs';
import { deployment, master_key } from './lib/tollgate.mjs';
import { says, step } from './lib/provider.mjs';

describe("Google's SDK to Gemini", () => {
  const stack = use_stack({ model: 'gemini-2.5-flash' }, { config: (url) => ({
    model_list: [deployment('my-gemini', 'gemini', 'gemini-2.5-flash', url)] }) });

  test('the body passes as it is, the model has the name that was asked for', async () => {
    stack.provider.on(step('TG-RELAY', 0), says('Grüße, 世界 🚀.', { input: 21, output: 7 }));
    const client = new GoogleGenAI({ apiKey: master_key,
      httpOptions: { baseUrl: stack.base_url } });
    const request = { model: 'my-gemini', contents: 'TG-RELAY', config: { maxOutputTokens: 50,
      safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }] } };
    const plain = await client.models.generateContent(request);
    assert.equal(plain.text, 'Grüße, 世界 🚀.');
    assert.equal(plain.usageMetadata.promptTokenCount, 21);
    if (plain.modelVersion) assert.equal(plain.modelVersion, 'my-gemini');
    let text = '';
    for await (const chunk of await client.models.generateContentStream(request)) {
      text += chunk.text ?? '';
      if (chunk.modelVersion) assert.equal(chunk.modelVersion, 'my-gemini');
    }
    assert.equal(text, 'Grüße, 世界 🚀.');
    const paths = ['generateContent', 'streamGenerateContent?alt=sse'];
    assert.equal(stack.tap.calls.length, 2);
    stack.tap.calls.forEach((call, at) => {
      assert.equal(call.request.path, `/v1beta/models/gemini-2.5-flash:${paths[at]}`);
      assert.deepEqual(call.request.body, stack.client_tap.calls[at].request.body, 'every byte');
      assert.ok(!call.request.raw.includes(master_key));
    });
  });
});

describe('the AWS SDK to Bedrock', () => {
  const model = 'us.amazon.nova-pro-v1:0';
  const stack = use_stack({ model }, { config: (url) => ({
    model_list: [{ model_name: 'my-nova', litellm_params: { model: `bedrock/${model}`,
      api_base: url, api_key: 'bedrock-key-made-up', aws_region_name: 'us-west-2' } }] }) });

  test('Converse passes as it is, streamed and not', async () => {
    stack.provider.on(step('TG-RELAY', 0), says('Grüße, 世界 🚀.', { input: 21, output: 7 }));
    const client = new BedrockRuntimeClient({ endpoint: stack.base_url, region: 'us-east-1',
      maxAttempts: 1, requestHandler: new NodeHttpHandler(),
      credentials: { accessKeyId: master_key, secretAccessKey: 'unused' } });
    const request = { modelId: 'my-nova', inferenceConfig: { maxTokens: 50 },
      messages: [{ role: 'user', content: [{ text: 'TG-RELAY' }] }] };
    const plain = await client.send(new ConverseCommand(request));
    assert.equal(plain.output.message.content[0].text, 'Grüße, 世界 🚀.');
    assert.equal(plain.stopReason, 'end_turn');
    let text = '';
    let usage;
    for await (const event of (await client.send(new ConverseStreamCommand(request))).stream) {
      text += event.contentBlockDelta?.delta.text ?? '';
      usage = event.metadata?.usage ?? usage;
    }
    assert.equal(text, 'Grüße, 世界 🚀.');
    assert.equal(usage.inputTokens, 21);
    assert.equal(stack.tap.calls.length, 2);
    stack.tap.calls.forEach((call, at) => {
      assert.deepEqual(call.request.body, stack.client_tap.calls[at].request.body, 'every byte');
      assert.match(call.request.path, at === 0 ? /\/converse$/ : /\/converse-stream$/);
    });
    client.destroy();
  });
});
