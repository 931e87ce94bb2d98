// A hundred thousand requests in a store: what charts say, what exports hold and what SQL adds up
// must be the same, and an export waits for its reader.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { admin, until } from './lib/admin.mjs';
import { Postgres, why_missing } from './lib/postgres.mjs';
import { Tollgate, binary, deployment, master_key } from './lib/tollgate.mjs';

const rows = 100000;
const make_usage = process.env.TOLLGATE_MAKE_USAGE
  ?? path.join(path.dirname(binary), 'tools/make_usage/make_usage');
const not_built = existsSync(make_usage) ? undefined
  : `no ${make_usage}: build it beside the gateway (ninja make_usage)`;
const day = 86400e3;

class Sqlite {
  static async start() {
    const store = new Sqlite();
    store.folder = await mkdtemp(path.join(os.tmpdir(), 'tollgate-usage-'));
    store.file = path.join(store.folder, 'usage.db');
    return store;
  }

  get url() { return `sqlite:${this.file}`; }

  query(sql) {
    return execFileSync('python3', ['-c', 'import sqlite3, sys\n'
      + 'for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]):\n'
      + '    print("|".join(map(str, row)))', this.file, sql], { encoding: 'utf8' }).trim();
  }

  stop() { return rm(this.folder, { recursive: true, force: true }); }
}

/** Dollars as nano-dollars, exactly. */
const nano = (dollars) => {
  const [whole, part = ''] = String(dollars).split('.');
  return BigInt(whole) * 1000000000n + BigInt(part.padEnd(9, '0'));
};
/** JSON whose money is kept as text: a double does not hold every nano-dollar of a year. */
const parse_exact = (text) => JSON.parse(text.replace(
  /"(\w*cost|charge|total|spent|fee)":(-?\d+(?:\.\d+)?)/g, '"$1":"$2"'));
const add_up = (items, field) => items.reduce((sum, item) => sum + nano(item[field]), 0n);
const count_up = (items, field) => items.reduce((sum, item) => sum + item[field], 0);

function suite(name, store_kind, skip) {
  describe(`usage of a year, ${name}`, { skip }, () => {
    let store;
    let gateway;
    let truth;
    before(async () => {
      store = await store_kind.start();
      // Its times are measured too; what they are on this machine is not this test's business.
      await promisify(execFile)(make_usage,
        ['--database', store.url, '--rows', String(rows), '--keys', '40', '--no-check']);
      gateway = await Tollgate.start({ stores: { database: store.url }, model_list: [
        deployment('m', 'hosted_vllm', 'm', 'http://127.0.0.1:9/v1')] });
      const [requests, cost, baseline, input, output, errors] = store.query(
        'SELECT COUNT(*), SUM(cost_nano), SUM(baseline_cost_nano), SUM(input_tokens), '
        + 'SUM(output_tokens), SUM(CASE WHEN status_code >= 400 THEN 1 ELSE 0 END) '
        + "FROM llm_usage_logs WHERE tenant_id = 'busy'").split('|').map(BigInt);
      truth = { requests, cost, baseline, input, output, errors };
    });
    after(async () => {
      await gateway?.stop();
      await store?.stop();
    });

    const ask = async (where) => {
      const response = await gateway.fetch(where);
      const text = await response.text();
      assert.equal(response.status, 200, `${where}: ${text.slice(0, 400)}`);
      return parse_exact(text);
    };
    const from = (days) => new Date(Math.floor(Date.now() / day) * day - days * day).toISOString();
    const report = (more) => ask(`/api/v1/reports/usage?tenant=busy&from=${from(370)}&${more}`);

    test('the tool made what it was asked for', () => {
      assert.equal(truth.requests, BigInt(rows));
      assert.ok(truth.cost > 0n && truth.errors > 0n);
    });

    test('usage adds up to the rows, by every dimension', async () => {
      const path_of = (more) => `/api/v1/llm/usage?tenant=busy&days=370${more}`;
      const whole = await ask(path_of(''));
      assert.equal(whole.total_requests, rows);
      assert.equal(nano(whole.total_cost), truth.cost);
      assert.equal(nano(whole.baseline_cost), truth.baseline);
      assert.equal(count_up(whole.series, 'requests'), rows);
      assert.equal(add_up(whole.series, 'cost'), truth.cost);
      assert.equal(add_up(whole.providers, 'cost'), truth.cost);
      for (const dimension of ['model', 'provider', 'user', 'key', 'project', 'tenant']) {
        const every = await ask(path_of(`&group_by=${dimension}`));
        assert.equal(add_up(every.groups, 'cost'), truth.cost, dimension);
        const chart = await ask(path_of(`&group_by=${dimension}&top=3`));
        assert.ok(chart.groups.length <= 4);
        assert.deepEqual(chart.groups.slice(0, 3), every.groups.slice(0, 3), dimension);
        assert.equal(add_up(chart.groups, 'cost'), truth.cost, dimension);
        assert.equal(add_up(chart.group_series, 'cost'), truth.cost, dimension);
        assert.equal(count_up(chart.group_series, 'requests'), rows, dimension);
      }
      const users = store.query('SELECT provider, COUNT(DISTINCT user_id) FROM llm_usage_logs '
        + 'GROUP BY provider ORDER BY provider').split('\n');
      assert.deepEqual(whole.providers.map((one) => `${one.provider_id}|${one.unique_users}`)
        .sort(), users);
    });

    test('reports add up to the rows, by every step', async () => {
      for (const more of ['step=day', 'step=month&group_by=team', 'step=hour&group_by=model',
        'step=whole&group_by=rule,provider,model', 'step=day&group_by=team,status_class',
        'step=day&group_by=key&series_top=5', 'step=month&group_by=user&series_top=2']) {
        const answer = await report(more);
        assert.equal(nano(answer.total.cost), truth.cost, more);
        assert.equal(add_up(answer.series, 'cost'), truth.cost, more);
        assert.equal(count_up(answer.series, 'errors'), Number(truth.errors), more);
        assert.equal(count_up(answer.series, 'input_tokens'), Number(truth.input), more);
        assert.equal(answer.latency[0].total.requests, rows, more);
      }
      const begin = `${Date.parse(from(20)) / 1000}000000`;
      const [hours, cost] = store.query(`SELECT COUNT(DISTINCT at / 3600000000), SUM(cost_nano)
        FROM llm_usage_logs WHERE at >= ${begin} AND key_id = 'key-3'`).split('|');
      const some = await ask(
        `/api/v1/reports/usage?tenant=busy&from=${from(20)}&key=key-3&step=hour`);
      assert.equal(some.series.length, Number(hours));
      assert.equal(add_up(some.series, 'cost'), BigInt(cost));
    });

    test('savings, chargeback and tags add up to the rows', async () => {
      const savings = await ask(`/api/v1/reports/savings?tenant=busy&from=${from(370)}`);
      assert.equal(nano(savings.total.spent), truth.cost);
      assert.equal(savings.total.requests, rows);
      const charged = await ask(`/api/v1/reports/chargeback?tenant=busy&from=${from(370)}`);
      assert.equal(nano(charged.total), truth.cost);
      assert.equal(count_up(charged.rows, 'requests'), rows);
      assert.ok(charged.rows.every((row) => /^Team \d$/.test(row.team_name)));
      const tagged = store.query('SELECT COUNT(*), SUM(cost_nano) FROM llm_usage_logs WHERE '
        + "CAST(tags AS TEXT) LIKE '%batch%'").split('|').map(BigInt);
      const tags = await ask('/api/v1/llm/usage?tenant=busy&days=370&group_by=tag&top=1');
      const [batch] = tags.groups;
      assert.equal(batch.tag, 'batch');
      assert.deepEqual([BigInt(batch.requests), nano(batch.cost)], tagged);
    });

    for (const format of ['csv', 'jsonl']) {
      test(`the export as ${format} holds each request once`, async () => {
        const response = await gateway.fetch(
          `/api/v1/llm/usage/export?tenant=busy&format=${format}`);
        assert.equal(response.status, 200);
        const ids = new Set();
        let cost = 0n;
        let output = 0n;
        let names;
        for await (const line of readline.createInterface(Readable.fromWeb(response.body))) {
          let row;
          if (format === 'jsonl') {
            row = parse_exact(line);
          } else if (!names) {
            names = line.split(',');
            continue;
          } else {
            // No made text holds a comma but those that are quoted.
            const cells = line.replace(/"[^"]*"/g, 'quoted').split(',');
            row = Object.fromEntries(names.map((one, i) => [one, cells[i]]));
          }
          ids.add(row.request_id);
          cost += nano(row.cost);
          output += BigInt(row.output_tokens);
        }
        assert.equal(ids.size, rows);
        assert.equal(cost, truth.cost);
        assert.equal(output, truth.output);
      });
    }

    const reads = async () => {
      const text = await (await fetch(gateway.metrics_url)).text();
      return Number(text.match(/^tollgate_store_seconds_count\{access="read"\} (\d+)/m)[1]);
    };
    const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

    test('an export waits for its reader, and ends with it', async () => {
      const answer = await new Promise((resolve, reject) => {
        http.get(`${gateway.url}/api/v1/llm/usage/export?tenant=busy&format=jsonl`,
          { headers: { authorization: `Bearer ${master_key}` } }, resolve).on('error', reject);
      });
      answer.pause();
      let seen = await reads();
      const start = seen;
      try {
        await until(async () => {
          await pause(500);
          const now = await reads();
          const still = now - seen <= 1;  // the keeper of the directory looks now and then
          seen = now;
          return still;
        }, 'the export stood still');
        // 119 MB are 100 pages; what sockets hold is a few.
        assert.ok(seen - start < 60, `${seen - start} pages were read for nobody`);
      } finally {
        answer.destroy();
      }
      await pause(1000);
      const left = await reads();
      assert.ok(left - seen <= 3, `${left - seen} pages were read after the reader left`);
      const { body } = await admin(gateway, 'GET', '/api/v1/llm/usage?tenant=busy&days=370');
      assert.equal(body.total_requests, rows);
    });
  });
}

suite('SQLite', Sqlite, not_built);
suite('PostgreSQL', Postgres, not_built ?? why_missing);
