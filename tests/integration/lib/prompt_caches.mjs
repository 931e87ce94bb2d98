// Prompt caches as providers keep them, one for each account and model; a token is four characters.
// Marked: up to each block that the client marked the prompt is written; a later prompt that begins
// with it, at most 20 blocks before a mark, reads it. Automatic: what was sent is read again, in
// steps of 128 tokens. Both from 1024 tokens on, for five minutes after the last use.
import { createHash } from 'node:crypto';

const tokens = (characters) => Math.ceil(characters / 4);
const least = 1024;
const step = 128;
const look_back = 20;
const lifetime_ms = 5 * 60 * 1000;

function common_length(one, other) {
  const end = Math.min(one.length, other.length);
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (one.startsWith(other.slice(0, middle))) low = middle;
    else high = middle - 1;
  }
  return low;
}

export class PromptCaches {
  constructor(now = () => performance.now()) {
    this.now = now;
    this.marked = new Map();
    this.automatic = new Map();
  }

  clear() {
    this.marked.clear();
    this.automatic.clear();
  }

  /** Tokens {input, read, written} of a prompt with marks. place: account and model. */
  of_marked(place, blocks) {
    const kept = this.marked.get(place) ?? new Map();
    this.marked.set(place, kept);
    const hash = createHash('sha256');
    let characters = 0;
    const ends = blocks.map(({ text }) => {
      hash.update(text).update('\u0001');
      characters += text.length;
      return { prefix: hash.copy().digest('hex'), tokens: tokens(characters) };
    });
    const whole = tokens(characters);
    const marks = blocks.flatMap(({ marked }, index) => (marked ? [index] : []))
      .filter((index) => ends[index].tokens >= least);
    if (marks.length === 0) return { input: whole, read: 0, written: 0 };
    let found = -1;
    for (const mark of marks) {
      for (let at = mark; at >= 0 && at > mark - look_back && at > found; at -= 1) {
        const until = kept.get(ends[at].prefix);
        if (until !== undefined && until > this.now()) found = at;
      }
    }
    const until = this.now() + lifetime_ms;
    for (const mark of marks) kept.set(ends[mark].prefix, until);
    if (found >= 0) kept.set(ends[found].prefix, until);
    const upto = ends[marks.at(-1)].tokens;
    const read = found >= 0 ? ends[found].tokens : 0;
    return { input: whole - upto, read, written: upto - read };
  }

  /** The same where the provider caches by itself: nothing is paid for writing. */
  of_automatic(place, blocks) {
    const text = blocks.map((one) => one.text).join('\u0001');
    const kept = (this.automatic.get(place) ?? []).filter(({ until }) => until > this.now());
    let longest = 0;
    for (const one of kept) longest = Math.max(longest, common_length(text, one.text));
    const same = Math.floor(longest / 4 / step) * step;
    const read = same >= least ? same : 0;
    kept.push({ text, until: this.now() + lifetime_ms });
    this.automatic.set(place, kept);
    return { input: tokens(text.length) - read, read, written: 0 };
  }

  static without(blocks) {
    const characters = blocks.reduce((sum, { text }) => sum + text.length, 0);
    return { input: tokens(characters), read: 0, written: 0 };
  }
}
