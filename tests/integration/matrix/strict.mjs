// Small words for strict checks: what a document must and may hold, said with its place.
import assert from 'node:assert/strict';

export function need(condition, message) {
  if (!condition) throw new assert.AssertionError({ message });
}

export function same(actual, expected, what) {
  assert.deepEqual(actual, expected, what);
}

/** The object's keys are the required ones and, beyond these, only the optional ones. */
export function fields(object, where, required, optional = []) {
  need(object !== null && typeof object === 'object' && !Array.isArray(object),
    `${where}: an object is expected, not ${JSON.stringify(object)?.slice(0, 200)}`);
  for (const key of required) need(key in object, `${where}: ${key} is missing`);
  for (const key of Object.keys(object)) {
    need(required.includes(key) || optional.includes(key), `${where}: unknown field ${key}`);
  }
  return object;
}

export function list(value, where, { least = 0 } = {}) {
  need(Array.isArray(value), `${where}: a list is expected`);
  need(value.length >= least, `${where}: at least ${least} entries are expected`);
  return value;
}

export function text(value, where, { empty = true } = {}) {
  need(typeof value === 'string', `${where}: a string is expected, not ${JSON.stringify(value)}`);
  need(empty || value.trim().length > 0, `${where}: must not be blank`);
  return value;
}

export function whole(value, where, least = 0) {
  need(Number.isInteger(value) && value >= least,
    `${where}: a whole number from ${least} is expected, not ${JSON.stringify(value)}`);
  return value;
}

export function one_of(value, choices, where) {
  need(choices.includes(value), `${where}: ${JSON.stringify(value)} is none of ${choices}`);
  return value;
}

export function matches(value, pattern, where) {
  need(typeof value === 'string' && pattern.test(value),
    `${where}: ${JSON.stringify(value)} does not match ${pattern}`);
  return value;
}

export function base64(value, where) {
  return matches(value, /^[A-Za-z0-9+/]+={0,2}$/, where);
}

/** A JSON schema of a tool's arguments as every provider wants it. */
export function object_schema(schema, where) {
  need(schema && schema.type?.toLowerCase?.() === 'object', `${where}: type must be object`);
  return schema;
}

export function unique(values, what) {
  need(new Set(values).size === values.length, `${what} are not unique: ${values.join(', ')}`);
}

/**
 * Each assistant turn's calls are answered in the turn right after it, each exactly once, and no
 * result stands anywhere else. turns: [{role, parts}] with parts {call} and {result}.
 */
export function calls_have_results(turns) {
  let open = [];
  turns.forEach((turn, at) => {
    const results = turn.parts.filter((part) => part.result).map((part) => part.result.id);
    need(turn.role !== 'assistant' || results.length === 0, `turn ${at}: results of an assistant`);
    if (turn.role === 'assistant') {
      need(open.length === 0, `turn ${at}: calls ${open} have no result`);
      open = turn.parts.filter((part) => part.call).map((part) => part.call.id);
      unique(open, `turn ${at}: ids of calls`);
    } else if (open.length > 0 || results.length > 0) {
      same([...results].sort(), [...open].sort(), `turn ${at}: a result for each call`);
      open = [];
    }
  });
  need(open.length === 0, `the last turn's calls ${open} have no result`);
}

/** With thinking on, the turn of a tool loop that goes on begins with its reasoning, signed. */
export function loop_begins_with_thinking(turns) {
  const last = turns.filter((turn) => turn.role === 'assistant').at(-1);
  if (!last?.parts.some((part) => part.call)) return;
  const in_progress = turns.at(-1).parts.some((part) => part.result);
  need(!in_progress || last.parts[0].signature,
    'thinking is on, and the turn of the tool loop does not begin with thinking');
}

/** user and assistant take turns, beginning and ending with a user. */
export function alternate(turns) {
  turns.forEach((turn, at) => {
    const expected = at % 2 === 0 ? 'user' : 'assistant';
    need(turn.role === expected, `turn ${at} is ${turn.role}, not ${expected}`);
  });
  need(turns.at(-1)?.role === 'user', 'the last turn is a user\'s');
}
