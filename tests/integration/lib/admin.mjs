// Administration as a script does it: JSON over HTTP with the master key.
import assert from 'node:assert/strict';
import { patience } from './patience.mjs';

/** Calls the admin interface; asserts the status when one is given. */
export async function admin(gateway, method, path, { json, status, key, headers } = {}) {
  const response = await gateway.fetch(path, { method, key, headers,
    ...(json === undefined ? {} : { body: JSON.stringify(json),
      headers: { 'content-type': 'application/json', ...headers } }) });
  const text = await response.text();
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = text;
  }
  if (status !== undefined) {
    assert.equal(response.status, status, `${method} ${path}: ${text.slice(0, 600)}`);
  }
  return { status: response.status, body, headers: response.headers };
}

/** Asks until `check` gives something true; its last value. */
export async function until(check, what, limit_ms = 10000) {
  const end = Date.now() + limit_ms * patience;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what} did not happen within ${limit_ms} ms`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}
