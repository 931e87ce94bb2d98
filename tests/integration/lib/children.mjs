// spawn(), for servers and clients that a test starts: whatever is still running when the test
// process ends, after a failure above all, ends with it; and a file whose tests are over is over,
// whatever a failed test left open.
import { spawn as start } from 'node:child_process';
import { after } from 'node:test';

const running = new Set();

export function spawn(...args) {
  const child = start(...args);
  running.add(child);
  child.on('close', () => running.delete(child));
  child.on('error', () => running.delete(child));
  return child;
}

process.on('exit', () => { for (const child of running) child.kill('SIGKILL'); });
if (process.env.NODE_TEST_CONTEXT) {
  after(() => { setTimeout(() => process.exit(), 3000).unref(); });
}
