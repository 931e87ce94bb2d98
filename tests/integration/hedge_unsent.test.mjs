// A first candidate that is overtaken while its credential, or its connection, is still waited for
// was never asked: it costs nothing. One that was sent its request has read it.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { patience } from './lib/patience.mjs';
import { PricedProvider } from './lib/priced_provider.mjs';
import { Tollgate, deployment } from './lib/tollgate.mjs';

const price = { input_cost_per_token: 0.000001, output_cost_per_token: 0.00001 };

/** Accepts requests and says nothing. */
async function silent() {
  const server = http.createServer((request) => { server.calls += 1; request.resume(); });
  server.calls = 0;
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  server.address_url = `http://127.0.0.1:${server.address().port}`;
  return server;
}

const stop = (server) => new Promise((resolve) => {
  server.closeAllConnections();
  server.close(resolve);
});

describe('a first candidate that is overtaken', () => {
  let authority, provider, quick, gateway;
  before(async () => {
    [authority, provider] = await Promise.all([silent(), silent()]);
    quick = await PricedProvider.start({ usage: { prompt_tokens: 9, completion_tokens: 5 } });
    const slow = (name, more) => ({ ...deployment(name, 'azure', 'gpt-4o',
      provider.address_url, { api_version: '2024-10-21', ...price, ...more }),
    model_info: { avg_latency_ms: 50 } });
    const unsent = slow('unsent', { tenant_id: 'made-up', client_id: 'made-up',
      client_secret: 'made-up' });
    delete unsent.litellm_params.api_key;
    gateway = await Tollgate.start({
      model_list: [unsent, slow('sent', {}),
        deployment('quick', 'hosted_vllm', 'm-quick', `${quick.url}/v1`, price)],
      routing: { rules: ['unsent', 'sent'].map((name) => ({ name, match: { model: name },
        use: { models: [name, 'quick'] }, hedge: true })) } },
    { env: { AZURE_AUTHORITY_HOST: authority.address_url } });
  });
  after(async () => {
    await gateway?.stop();
    for (const one of [authority, provider]) await stop(one);
    await quick?.stop();
  });

  const ask = async (model) => {
    const response = await gateway.fetch('/v1/chat/completions', { json: { model, stream: true,
      messages: [{ role: 'user', content: 'count' }] } });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    assert.equal(response.headers.get('x-tollgate-model'), 'hosted_vllm/m-quick');
    return until(async () => {
      const { body } = await admin(gateway, 'GET',
        `/api/v1/requests/${response.headers.get('x-request-id')}`);
      return body.request && body;
    }, 'the record', 5000 * patience);
  };

  test('before its request was sent, costs nothing', async () => {
    const { request, attempts } = await ask('unsent');
    assert.equal(authority.calls, 1, 'its credential was waited for');
    assert.equal(provider.calls, 0);
    const [slow, served] = attempts;
    assert.equal(slow.error_class, 'overtaken');
    assert.equal(slow.cost, 0);
    assert.ok(!(slow.tokens.input > 0), JSON.stringify(slow.tokens));
    assert.equal(request.cost, served.cost);
    assert.ok(served.cost > 0);
  });

  test('after that, pays for the prompt', async () => {
    const { request, attempts } = await ask('sent');
    assert.equal(provider.calls, 1);
    const [slow, served] = attempts;
    assert.equal(slow.error_class, 'overtaken');
    assert.ok(slow.cost > 0 && slow.tokens.input > 0 && slow.estimated);
    assert.ok(Math.abs(request.cost - slow.cost - served.cost) < 1e-9);
  });
});
