// A private PostgreSQL server for a test file, on a Unix socket in a temporary folder. The server
// refuses to run as root: then it runs as the user postgres.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { spawn } from './children.mjs';
import { patience } from './patience.mjs';

const folders = process.env.TOLLGATE_POSTGRES_BIN ? [process.env.TOLLGATE_POSTGRES_BIN]
  : ['15', '16', '17'].map((version) => `/usr/lib/postgresql/${version}/bin`);
const binaries = folders.find((folder) => existsSync(path.join(folder, 'postgres')));

export const why_missing = binaries ? undefined : `no PostgreSQL in ${folders.join(', ')}`;

const as_user = process.getuid() === 0
  ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : [];
const command = (program, ...args) => {
  const [first, ...rest] = [...as_user, path.join(binaries, program), ...args];
  return [first, rest];
};

export class Postgres {
  static async start() {
    const server = new Postgres();
    server.folder = await mkdtemp(path.join(os.tmpdir(), 'tollgate-postgres-'));
    if (as_user.length > 0) chmodSync(server.folder, 0o777);
    server.data = path.join(server.folder, 'data');
    execFileSync(...command('initdb', '-D', server.data, '-A', 'trust', '-U', 'postgres', '-E',
      'UTF8', '--locale=C', '--no-sync'), { cwd: '/', stdio: 'ignore' });
    await server.resume();
    server.query('CREATE DATABASE gate TEMPLATE template0', 'postgres');
    return server;
  }

  get url() { return `postgres:///gate?host=${this.folder}&user=postgres`; }

  /** The rows as psql prints them, a line each, columns with | between them. */
  query(sql, database = 'gate') {
    const [program, args] = command('psql', '-h', this.folder, '-U', 'postgres', '-d', database,
      '-X', '-A', '-t', '-c', sql);
    return execFileSync(program, args, { cwd: '/', encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  }

  /** Starts it (again), with the data it had. */
  async resume() {
    this.child = spawn(...command('postgres', '-D', this.data, '-k', this.folder, '-h', '',
      '-c', 'fsync=off', '-c', 'log_min_messages=fatal', '-c', 'max_connections=60'),
    { cwd: '/', stdio: 'ignore' });
    this.ended = new Promise((resolve) => { this.child.on('close', resolve); });
    const until = Date.now() + 20000 * patience;
    for (;;) {
      try {
        this.query('SELECT 1', 'postgres');
        break;
      } catch (error) {
        if (Date.now() > until) throw error;
        await new Promise((resolve) => { setTimeout(resolve, 50); });
      }
    }
  }

  /** Ends it and all its connections, if it runs: nobody answers until resume(). */
  async pause() {
    this.child.kill('SIGINT');
    await this.ended;
  }

  async stop() {
    await this.pause();
    await rm(this.folder, { recursive: true, force: true });
  }
}
