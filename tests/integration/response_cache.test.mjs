// The response cache as clients see it: what is repeated, what never is, and what it costs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { admin, until } from './lib/admin.mjs';
import { PricedProvider } from './lib/priced_provider.mjs';
import { Scripted } from './lib/scripted.mjs';
import { Tollgate, deployment, master_key } from './lib/tollgate.mjs';

// 1,000 input tokens at 1 USD per million and 100 output tokens at 10: 0.002 USD a request.
const prices = { input_cost_per_token: 1e-6, output_cost_per_token: 1e-5 };
const cost_of_one = 0.002;

async function ask(gateway, json, { key = master_key, path = '/v1/chat/completions',
  cache, headers = {} } = {}) {
  const response = await gateway.fetch(path, { key, json: { model: 'priced', max_tokens: 100,
    ...json }, headers: { ...headers, ...(cache ? { 'x-tollgate-cache': cache } : {}) } });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text,
    cache: response.headers.get('x-tollgate-cache') };
}
const said = (content, more = {}) => ({ messages: [{ role: 'user', content }], ...more });

async function new_tenant(gateway, name, more = {}) {
  const { body } = await admin(gateway, 'POST', '/api/v1/tenants', { status: 201,
    json: { name, key: {}, ...more } });
  await until(async () => (await gateway.fetch('/v1/models', { key: body.key.key })).status
    === 200, 'the key became valid', 2000);
  return { id: body.id, key: body.key.key };
}

const requests_of = async (gateway, id, count) => until(async () => {
  const { body } = await admin(gateway, 'GET', `/api/v1/requests?tenant=${id}`, { status: 200 });
  return body.data.length >= count && body.data;
}, `${count} usage rows came`);

const metric = async (gateway, result) => {
  const text = await (await fetch(gateway.metrics_url)).text();
  const found = text.match(
    new RegExp(`^tollgate_response_cache_total\\{result="${result}"\\} (\\d+)`, 'm'));
  return Number(found?.[1] ?? 0);
};

describe('response cache', () => {
  let provider;
  let gateway;
  before(async () => {
    provider = await PricedProvider.start();
    gateway = await Tollgate.start({ cache: { enabled: true, ttl: '60s', max_entry_bytes: '64k' },
      model_list: [deployment('priced', 'hosted_vllm', 'm', `${provider.url}/v1`, prices),
        deployment('other', 'hosted_vllm', 'm', `${provider.url}/v1`, prices)] });
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
  });
  /** Calls that reached the provider while `run` ran. */
  async function calls(run) {
    const before_it = provider.calls;
    await run();
    return provider.calls - before_it;
  }

  test('an exact repeat is answered without the provider, byte for byte', async () => {
    const asked = await calls(async () => {
      const first = await ask(gateway, said('repeat'));
      assert.equal(first.status, 200, first.text);
      assert.equal(first.cache, 'miss');
      const again = await ask(gateway, { ...said('repeat'), user: 'somebody else' });
      assert.equal(again.cache, 'hit');
      assert.equal(again.text, first.text);
      assert.equal(again.headers.get('x-tollgate-attempts'), '0');
      assert.equal(Number(again.headers.get('x-tollgate-cost')), 0);
      assert.equal(again.headers.get('x-tollgate-model'), 'hosted_vllm/m');
    });
    assert.equal(asked, 1);
  });

  test('another question, model or parameter is another answer', async () => {
    const asked = await calls(async () => {
      for (const json of [said('one'), said('two'), said('one', { temperature: 0 }),
        said('one', { model: 'other' }), said('one', { stream: true })]) {
        assert.equal((await ask(gateway, json)).cache, 'miss', JSON.stringify(json));
      }
    });
    assert.equal(asked, 5);
  });

  test('a stream is repeated as a stream, with all its events', async () => {
    const asked = await calls(async () => {
      const json = said('streamed', { stream: true, stream_options: { include_usage: true } });
      const first = await ask(gateway, json);
      assert.match(first.text, /\[DONE\]/);
      assert.match(first.text, /"usage":\{/);
      const again = await ask(gateway, json);
      assert.equal(again.cache, 'hit');
      assert.match(again.headers.get('content-type'), /text\/event-stream/);
      assert.equal(again.text, first.text);
      const without = await ask(gateway, said('streamed', { stream: true }));
      assert.equal(without.cache, 'miss', 'another stream: one without usage');
    });
    assert.equal(asked, 2);
  });

  test('a translated answer is repeated in the client\'s protocol', async () => {
    const asked = await calls(async () => {
      for (const stream of [false, true]) {
        const options = { path: '/v1/messages', headers: { 'anthropic-version': '2023-06-01' } };
        const first = await ask(gateway, said('anthropic', { stream }), options);
        assert.equal(first.status, 200, first.text);
        assert.equal(first.cache, 'miss');
        const again = await ask(gateway, { ...said('anthropic', { stream }),
          metadata: { user_id: 'u' } }, options);
        assert.equal(again.cache, 'hit');
        assert.equal(again.text, first.text);
        if (stream) assert.match(again.text, /event: message_stop/);
        else assert.equal(JSON.parse(again.text).content[0].text, 'counted');
      }
    });
    assert.equal(asked, 2);
  });

  test('no-cache asks anew and keeps what it gets', async () => {
    const asked = await calls(async () => {
      assert.equal((await ask(gateway, said('anew'))).cache, 'miss');
      assert.equal((await ask(gateway, said('anew'), { cache: 'no-cache' })).cache, 'miss');
      assert.equal((await ask(gateway, said('anew'))).cache, 'hit');
    });
    assert.equal(asked, 2);
  });

  test('no-store keeps nothing, both together leave the cache alone', async () => {
    const asked = await calls(async () => {
      assert.equal((await ask(gateway, said('unkept'), { cache: 'no-store' })).cache, 'miss');
      assert.equal((await ask(gateway, said('unkept'), { cache: 'no-cache, no-store' })).cache,
        'off');
      assert.equal((await ask(gateway, said('unkept'))).cache, 'miss');
    });
    assert.equal(asked, 3);
  });

  test('ttl is how long an answer is kept', async () => {
    assert.equal((await ask(gateway, said('short'), { cache: 'ttl=1' })).cache, 'miss');
    assert.equal((await ask(gateway, said('short'))).cache, 'hit');
    await new Promise((resolve) => { setTimeout(resolve, 1100); });
    assert.equal((await ask(gateway, said('short'))).cache, 'miss');
  });

  test('a header that cannot be read is refused by name', async () => {
    const asked = await calls(async () => {
      for (const header of ['ttl=soon', 'sometimes']) {
        const refused = await ask(gateway, said('odd'), { cache: header });
        assert.equal(refused.status, 400);
        assert.match(refused.text, /x-tollgate-cache|no-cache|ttl/);
      }
    });
    assert.equal(asked, 0);
  });

  test('tenants do not share answers, keys of one tenant do', async () => {
    const one = await new_tenant(gateway, 'cached-1');
    const two = await new_tenant(gateway, 'cached-2');
    const asked = await calls(async () => {
      assert.equal((await ask(gateway, said('whose'), { key: one.key })).cache, 'miss');
      assert.equal((await ask(gateway, said('whose'), { key: two.key })).cache, 'miss');
      assert.equal((await ask(gateway, said('whose'), { key: one.key })).cache, 'hit');
      const { body } = await admin(gateway, 'POST', '/api/v1/keys', { status: 201,
        json: { name: 'second', tenant: one.id } });
      const secret = body.key?.key ?? body.key;
      await until(async () => (await gateway.fetch('/v1/models', { key: secret })).status === 200,
        'the key became valid', 2000);
      assert.equal((await ask(gateway, said('whose'), { key: secret })).cache, 'hit');
    });
    assert.equal(asked, 2);
  });

  test('a tenant may be without the cache', async () => {
    const who = await new_tenant(gateway, 'uncached',
      { settings: { features: { response_cache: false } } });
    const asked = await calls(async () => {
      for (let i = 0; i < 2; i += 1) {
        assert.equal((await ask(gateway, said('mine'), { key: who.key })).cache, 'off');
      }
    });
    assert.equal(asked, 2);
  });

  test('a hit costs nothing, counts as a request and is told as saved', async () => {
    const who = await new_tenant(gateway, 'thrifty',
      { limits: { requests_per_minute: 3 }, budget: { limit: 1, period: 'daily' } });
    await ask(gateway, said('costs'), { key: who.key });
    const hits_before = await metric(gateway, 'hit');
    for (let i = 0; i < 2; i += 1) {
      assert.equal((await ask(gateway, said('costs'), { key: who.key })).cache, 'hit');
    }
    assert.equal(await metric(gateway, 'hit') - hits_before, 2);
    assert.equal((await ask(gateway, said('costs'), { key: who.key })).status, 429,
      'the fourth request in a minute of three');
    const rows = await requests_of(gateway, who.id, 3);
    assert.deepEqual(rows.map((row) => row.cache).sort(), ['hit', 'hit', 'miss']);
    for (const row of rows) {
      assert.equal(Number(row.cost), row.cache === 'hit' ? 0 : cost_of_one);
      assert.equal(Number(row.list_cost), cost_of_one);
      assert.equal(row.provider, 'hosted_vllm');
    }
    const { body: report } = await admin(gateway, 'GET',
      `/api/v1/reports/savings?tenant=${who.id}`, { status: 200 });
    const text = JSON.stringify(report);
    assert.match(text, /"response_cache":"?0\.004/, text);
    const { body: budgets } = await admin(gateway, 'GET', `/api/v1/budgets?tenant=${who.id}`,
      { status: 200 });
    assert.equal(Number(budgets.data[0].state.spent), cost_of_one, JSON.stringify(budgets));
  });

  test('a reload begins anew', async () => {
    const json = said('reloaded');
    await ask(gateway, json);
    assert.equal((await ask(gateway, json)).cache, 'hit');
    gateway.signal('SIGHUP');
    await until(async () => (await ask(gateway, json)).cache === 'miss', 'the reload', 8000);
  });
});

const chunk = (delta, finish_reason = null) => `data: ${JSON.stringify({ id: 'c', created: 1,
  object: 'chat.completion.chunk', model: 'm',
  choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const stream_of = (...chunks) => ({ json: chunks.join(''),
  headers: { 'content-type': 'text/event-stream' } });
const call_of_tool = [{ index: 0, id: 'call_1', type: 'function',
  function: { name: 'look_up', arguments: '{"place":"Ulm"}' } }];
const plain = (message, finish_reason = 'stop') => ({ json: { id: 'c', object: 'chat.completion',
  created: 1, model: 'm', choices: [{ index: 0, message, finish_reason }],
  usage: { prompt_tokens: 5, completion_tokens: 5, total_tokens: 10 } } });

describe('what the response cache keeps', () => {
  let provider;
  let gateway;
  before(async () => {
    provider = await Scripted.start(() => plain({ role: 'assistant', content: 'x' }));
    // As LiteLLM's files say it.
    gateway = await Tollgate.start({
      litellm_settings: { cache: true, cache_params: { type: 'local', ttl: 60 } },
      cache: { max_bytes: '256k', max_entry_bytes: '16k' },
      router_settings: { num_retries: 0 },
      model_list: [deployment('priced', 'hosted_vllm', 'm', `${provider.url}/v1`)] });
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
  });
  async function twice(answer, json) {
    provider.reset(answer);
    const first = await ask(gateway, json);
    const second = await ask(gateway, json);
    return { first, second, calls: provider.calls.length };
  }

  test('calls of tools, streamed and not', async () => {
    const tools = [{ type: 'function', function: { name: 'look_up', parameters: {} } }];
    const whole = await twice(() => plain({ role: 'assistant', content: null,
      tool_calls: call_of_tool.map(({ index, ...call }) => call) }, 'tool_calls'),
    said('tool', { tools }));
    assert.equal(whole.calls, 1);
    assert.equal(whole.second.text, whole.first.text);
    assert.equal(JSON.parse(whole.second.text).choices[0].message.tool_calls[0].id, 'call_1');
    const streamed = await twice(() => stream_of(
      chunk({ role: 'assistant', tool_calls: call_of_tool }), chunk({}, 'tool_calls'),
      'data: [DONE]\n\n'), said('tool', { tools, stream: true }));
    assert.equal(streamed.calls, 1);
    assert.equal(streamed.second.text, streamed.first.text);
    assert.match(streamed.second.text, /look_up/);
  });

  test('no errors', async () => {
    const failed = await twice(() => ({ status: 400,
      json: { error: { message: 'no', type: 'invalid_request_error' } } }), said('refused'));
    assert.equal(failed.first.status, 400);
    assert.equal(failed.second.status, 400);
    assert.equal(failed.calls, 2);
  });

  test('no stream that broke off', async () => {
    const broken = await twice(() => stream_of(chunk({ role: 'assistant', content: 'half' })),
      said('broken', { stream: true }));
    assert.doesNotMatch(broken.first.text, /\[DONE\]/);
    assert.equal(broken.second.cache, 'miss');
    assert.equal(broken.calls, 2);
  });

  test('no error inside a stream', async () => {
    const failed = await twice(() => stream_of(chunk({ role: 'assistant', content: 'half' }),
      'data: {"error":{"message":"overloaded","type":"server_error"}}\n\n'),
    said('failing', { stream: true }));
    assert.equal(failed.second.cache, 'miss');
    assert.equal(failed.calls, 2);
  });

  test('nothing longer than it may be', async () => {
    const long = await twice(() => plain({ role: 'assistant', content: 'x'.repeat(20000) }),
      said('long'));
    assert.equal(long.second.cache, 'miss');
    assert.equal(long.calls, 2);
    assert.equal(long.second.text.length, long.first.text.length);
  });

  test('no more than fits', async () => {
    provider.reset(() => plain({ role: 'assistant', content: 'x'.repeat(12000) }));
    for (let i = 0; i < 60; i += 1) await ask(gateway, said(`filling ${i}`));
    assert.equal((await ask(gateway, said('filling 59'))).cache, 'hit');
    assert.equal((await ask(gateway, said('filling 0'))).cache, 'miss');
  });
});

describe('without a response cache', () => {
  let provider;
  let gateway;
  before(async () => {
    provider = await PricedProvider.start();
    gateway = await Tollgate.start({
      model_list: [deployment('priced', 'hosted_vllm', 'm', `${provider.url}/v1`)] });
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
  });

  test('every request is asked, and the answer says so', async () => {
    for (let i = 0; i < 2; i += 1) {
      assert.equal((await ask(gateway, said('plain'), { cache: 'ttl=60' })).cache, 'off');
    }
    assert.equal(provider.calls, 2);
  });

  test('a tenant may have one all the same', async () => {
    const who = await new_tenant(gateway, 'cached',
      { settings: { features: { response_cache: true } } });
    await ask(gateway, said('plain'), { key: who.key });
    assert.equal((await ask(gateway, said('plain'), { key: who.key })).cache, 'hit');
  });
});

describe('marks for the provider\'s prompt cache', () => {
  let provider;
  let gateway;
  const answer = { json: { id: 'msg_1', type: 'message', role: 'assistant', model: 'm',
    content: [{ type: 'text', text: 'hi' }], stop_reason: 'end_turn', stop_sequence: null,
    usage: { input_tokens: 5, output_tokens: 1 } } };
  before(async () => {
    provider = await Scripted.start(() => answer);
    gateway = await Tollgate.start({
      model_list: [deployment('priced', 'anthropic', 'claude-sonnet-4-5', provider.url)] });
  });
  after(async () => {
    await gateway?.stop();
    await provider?.stop();
  });
  const ephemeral = { type: 'ephemeral' };
  const rules = 'Answer in one sentence. '.repeat(200);
  const conversation = { system: rules, tools: [{ name: 'f', input_schema: { type: 'object' } }],
    messages: [{ role: 'user', content: 'one' }, { role: 'assistant', content: 'yes' },
      { role: 'user', content: 'two' }, { role: 'assistant', content: 'yes' },
      { role: 'user', content: [{ type: 'text', text: 'three' }] }] };
  const sent = async (json, path = '/v1/messages', headers = {}) => {
    provider.reset(() => answer);
    const asked = await ask(gateway, json, { path, headers });
    assert.equal(asked.status, 200, asked.text);
    return provider.calls[0].json;
  };

  test('are four on what a client sends without any', async () => {
    const seen = await sent(conversation);
    assert.deepEqual(seen.system, [{ type: 'text', text: rules, cache_control: ephemeral }]);
    assert.deepEqual(seen.tools[0].cache_control, ephemeral);
    assert.equal(seen.messages[0].content, 'one');
    assert.deepEqual(seen.messages[2].content,
      [{ type: 'text', text: 'two', cache_control: ephemeral }]);
    assert.deepEqual(seen.messages[4].content,
      [{ type: 'text', text: 'three', cache_control: ephemeral }]);
    assert.equal(JSON.stringify(seen).match(/cache_control/g).length, 4);
  });

  test('are added to translated requests too', async () => {
    const seen = await sent({ messages: [{ role: 'system', content: rules },
      { role: 'user', content: 'one' }] }, '/v1/chat/completions');
    assert.deepEqual(seen.system.at(-1).cache_control, ephemeral);
    assert.deepEqual(seen.messages[0].content.at(-1).cache_control, ephemeral);
  });

  test('are left to a client that sets one itself', async () => {
    const own = { ...conversation, cache_control: ephemeral };
    const seen = await sent(own);
    assert.equal(seen.system, rules);
    assert.equal(JSON.stringify(seen).match(/cache_control/g).length, 1);
  });

  const marked = async (...how) => JSON.stringify(await sent(...how)).includes('cache_control');
  const short = { messages: [{ role: 'user', content: 'one' }] };

  test('are none on short prompts and on what Claude Code leaves without', async () => {
    assert.equal(await marked(short), false);
    assert.equal(await marked(conversation, '/v1/messages',
      { 'user-agent': 'claude-cli/2.1.197 (external, cli)' }), false);
    assert.equal(await marked(conversation, '/v1/messages',
      { 'x-claude-code-session-id': 'a-session' }), false);
  });

  test('are as configuration says', async () => {
    const configured = (cache_marks) => gateway.write_config({ routing: { cache_marks },
      model_list: [deployment('priced', 'anthropic', 'claude-sonnet-4-5', provider.url)] });
    await configured('on');
    gateway.signal('SIGHUP');
    await until(() => marked(short), 'marks on everything', 8000);
    await configured('off');
    gateway.signal('SIGHUP');
    await until(async () => !await marked(conversation), 'marks ended', 8000);
  });
});
