// The tables: one per client protocol, provider protocols as columns, scenarios as rows.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { texts } from './notes.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const begin_mark = '<!-- Written by ./test --matrix: do not edit from here on. -->';

function cell_text(streamed, plain, numbers) {
  const word = (cell) => (cell.verdict === 'ok' ? 'ok'
    : cell.verdict === 'note' ? `[${numbers.get(cell.note)}]` : '**FAILED**');
  const both = [word(streamed), word(plain)];
  return both[0] === both[1] ? both[0] : both.join(' / ');
}

/** Notes are numbered in the order in which a reader meets them. */
function number_notes(cells) {
  const numbers = new Map();
  for (const cell of cells) {
    if (cell.verdict === 'note' && !numbers.has(cell.note)) {
      numbers.set(cell.note, numbers.size + 1);
    }
  }
  return numbers;
}

export function make_tables(clients, columns, rows, cells) {
  const find = (client, row, column, stream) => cells.find((cell) => cell.client === client
    && cell.row === row && cell.column === column && cell.stream === stream);
  const in_order = clients.flatMap((client) => rows.flatMap((row) => columns.flatMap((column) =>
    [true, false].map((stream) => find(client, row, column, stream)))));
  const numbers = number_notes(in_order);
  const parts = [];
  for (const client of clients) {
    parts.push(`## ${client.title} clients`, '',
      `| | ${columns.map((column) => column.title).join(' | ')} |`,
      `| --- |${' :-: |'.repeat(columns.length)}`);
    for (const row of rows) {
      const words = columns.map((column) => cell_text(find(client, row, column, true),
        find(client, row, column, false), numbers));
      parts.push(`| ${row.title} | ${words.join(' | ')} |`);
    }
    parts.push('');
  }
  if (numbers.size > 0) {
    parts.push('## Notes', '');
    for (const [key, number] of numbers) parts.push(`- [${number}] ${texts[key]}`);
    parts.push('');
  }
  return parts.join('\n');
}

/** The digest of everything that decides what the tables say; scripts/checks has it as well. */
export async function digest() {
  const names = (await readdir(here, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(here, path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
  const hash = createHash('sha256');
  for (const name of names) {
    hash.update(`${name}\n`);
    hash.update(await readFile(path.join(here, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

export async function put_into_document(document, tables) {
  const at = document.indexOf(begin_mark);
  if (at < 0) throw new Error(`the document has no line "${begin_mark}"`);
  return `${document.slice(0, at)}${begin_mark}\n<!-- scenarios ${await digest()} -->\n\n${tables}`;
}
