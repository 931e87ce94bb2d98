// A private Redis server for a test file, on a loopback port, keeping nothing on disk.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { spawn } from './children.mjs';
import { patience } from './patience.mjs';

function present() {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
export const why_missing = present() ? undefined : 'no redis-server in PATH';

const free_port = () => new Promise((resolve, reject) => {
  const probe = net.createServer().on('error', reject);
  probe.listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

const answers = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('connect', () => socket.write('PING\r\n'));
  socket.on('data', (data) => { socket.destroy(); resolve(data.toString().startsWith('+PONG')); });
  socket.on('error', () => resolve(false));
});

export class Redis {
  static async start() {
    const server = new Redis();
    server.folder = await mkdtemp(path.join(os.tmpdir(), 'tollgate-redis-'));
    server.port = await free_port();
    await server.resume();
    return server;
  }

  get url() { return `redis://127.0.0.1:${this.port}`; }

  /** Starts it (again), empty. */
  async resume() {
    this.child = spawn('redis-server', ['--port', String(this.port), '--bind', '127.0.0.1',
      '--save', '', '--appendonly', 'no', '--dir', this.folder], { stdio: 'ignore' });
    this.ended = new Promise((resolve) => { this.child.on('close', resolve); });
    const until = Date.now() + 10000 * patience;
    while (!await answers(this.port)) {
      if (Date.now() > until) throw new Error('redis-server does not answer');
      await new Promise((resolve) => { setTimeout(resolve, 30); });
    }
  }

  /** Ends it: nobody answers on its port until resume(). */
  async pause() {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  async stop() {
    await this.pause();
    await rm(this.folder, { recursive: true, force: true });
  }
}
