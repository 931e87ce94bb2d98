// Makes the compatibility matrix: every client protocol x every provider protocol x every scenario,
// streamed and not, against one gateway. Prints the tables; exits with 1 if a cell failed.
//   --client ID, --column ID, --row ID   only these (repeatable)
//   --write FILE                         puts the tables into this document
//   --verbose                            all of a failed cell's bytes
import { readFile, writeFile } from 'node:fs/promises';
import * as anthropic from './clients/anthropic.mjs';
import * as bedrock_converse from './clients/bedrock_converse.mjs';
import * as gemini from './clients/gemini.mjs';
import * as openai_chat from './clients/openai_chat.mjs';
import * as openai_responses from './clients/openai_responses.mjs';
import { Cell } from './cell.mjs';
import { columns as all_columns } from './columns.mjs';
import { Note } from './notes.mjs';
import { Stage } from './stage.mjs';
import { make_tables, put_into_document } from './table.mjs';
import { scenarios as content } from './scenarios/content.mjs';
import { scenarios as tools } from './scenarios/tools.mjs';
import { scenarios as thinking } from './scenarios/thinking.mjs';
import { scenarios as faults } from './scenarios/faults.mjs';

const cells_at_once = 24;
const cell_limit_ms = 90000;

function parse_arguments(words) {
  const options = { client: [], column: [], row: [], write: undefined, verbose: false };
  for (let at = 0; at < words.length; at += 1) {
    const name = words[at].replace(/^--/, '');
    if (name === 'verbose') options.verbose = true;
    else if (name === 'write') options.write = words[at += 1];
    else if (Array.isArray(options[name])) options[name].push(words[at += 1]);
    else throw new Error(`unknown option ${words[at]}`);
  }
  return options;
}

const picked = (list, ids, what) => {
  const unknown = ids.filter((id) => !list.some((one) => one.id === id));
  if (unknown.length > 0) {
    throw new Error(`no ${what} ${unknown}; there are ${list.map((one) => one.id).join(', ')}`);
  }
  return list.filter((one) => ids.length === 0 || ids.includes(one.id));
};

async function in_time(work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${cell_limit_ms} ms`)),
      cell_limit_ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function run_cell(stage, { client, column, row, stream }) {
  const cell = new Cell(stage, client, column, stream);
  try {
    const outcome = await in_time(row.run(cell));
    if (outcome === undefined) return { verdict: 'ok' };
    if (outcome instanceof Note) return { verdict: 'note', note: outcome.key };
    throw new Error(`a scenario returned ${outcome}`);
  } catch (thrown) {
    const error = cell.problem ?? thrown;
    return { verdict: 'FAILED', why: error.message ?? String(error), excerpt: cell.excerpt(),
      stack: error.stack };
  } finally {
    cell.leave();
  }
}

function list_cells(clients, columns, rows) {
  const cells = [];
  // The slow ones first, so that the end does not wait for a single one of them.
  for (const row of [...rows].sort((a, b) => Number(b.slow ?? 0) - Number(a.slow ?? 0))) {
    for (const client of clients) {
      for (const column of columns) {
        for (const stream of [true, false]) cells.push({ client, column, row, stream });
      }
    }
  }
  return cells;
}

async function run_all(stage, cells, on_done) {
  let next = 0;
  const worker = async () => {
    while (next < cells.length) {
      const { ended, log } = stage.gateway;
      // Without the gateway every cell fails, which would only hide why.
      if (ended) throw new Error(`gateway ended: ${JSON.stringify(ended)}: ${log.slice(-4000)}`);
      const cell = cells[next];
      next += 1;
      const began = performance.now();
      Object.assign(cell, await run_cell(stage, cell));
      cell.ms = performance.now() - began;
      on_done(cell);
    }
  };
  await Promise.all(Array.from({ length: cells_at_once }, worker));
}

const title_of = (cell) => `${cell.client.id} > ${cell.column.id} > ${cell.row.id}`
  + ` (${cell.stream ? 'stream' : 'plain'})`;

function report(cell, verbose) {
  if (cell.verdict !== 'FAILED') return;
  console.log(`FAILED   ${title_of(cell)}: ${cell.why.replace(/\s+/g, ' ').slice(0, 1200)}`);
  if (verbose) console.log(`${cell.excerpt}\n${cell.stack}\n`);
}

async function main() {
  const options = parse_arguments(process.argv.slice(2));
  const columns = picked(all_columns, options.column, 'provider protocol');
  const clients = picked([anthropic, openai_chat, openai_responses, gemini, bedrock_converse],
    options.client, 'client protocol');
  const rows = picked([...content, ...tools, ...thinking, ...faults], options.row, 'scenario');
  const began = performance.now();
  const stage = await Stage.start(columns);
  const cells = list_cells(clients, columns, rows);
  try {
    await run_all(stage, cells, (cell) => report(cell, options.verbose));
  } finally {
    await stage.stop();
  }
  const tables = make_tables(clients, columns, rows, cells);
  console.log(`\n${tables}`);
  if (options.write) {
    const document = await readFile(options.write, 'utf8');
    await writeFile(options.write, await put_into_document(document, tables));
  }
  for (const stray of stage.strays) console.log(`STRAY    ${stray}`);
  const failed = cells.filter((cell) => cell.verdict === 'FAILED').length + stage.strays.length;
  const [slowest] = [...cells].sort((a, b) => b.ms - a.ms);
  console.log(`matrix: ${((performance.now() - began) / 1000).toFixed(1)} s, slowest cell `
    + `${title_of(slowest)}: ${slowest.ms.toFixed(0)} ms`);
  console.log(`${cells.length - failed} passed, ${failed} failed, 0 skipped`);
  process.exitCode = failed > 0 ? 1 : 0;
}

await main();
