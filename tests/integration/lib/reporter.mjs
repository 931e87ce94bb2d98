// A readable report for `node --test`: one line per file's failure, details at the end, a summary.
const reset = process.stdout.isTTY ? '\x1b[0m' : '';
const red = process.stdout.isTTY ? '\x1b[31m' : '';

const is_suite = (event) => event.details?.type === 'suite';

/** The chain of suite names is only known when a suite ends, so it is kept by nesting level. */
export default async function* report(source) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  const failures = [];
  const names = [];
  const started = Date.now();
  for await (const { type, data } of source) {
    if (type === 'test:start') names[data.nesting] = data.name;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const title = [...names.slice(0, data.nesting), data.name].join(' > ');
    if (data.skip !== undefined) {
      count.skipped += 1;
      yield `skipped  ${title}${typeof data.skip === 'string' ? ` (${data.skip})` : ''}\n`;
    } else if (type === 'test:fail') {
      const error = data.details.error;
      if (is_suite(data) && error?.failureType === 'subtestsFailed') continue;
      count.failed += 1;
      failures.push({ title, error, file: data.file });
      yield `${red}FAILED${reset}   ${title}\n`;
    } else if (!is_suite(data)) {
      count.passed += 1;
      yield `passed   ${title} (${Math.round(data.details.duration_ms)} ms)\n`;
    }
  }
  for (const { title, error, file } of failures) {
    const cause = error?.cause ?? error;
    yield `\n${red}FAILED${reset} ${title}\n  in ${file}\n`;
    yield `${cause?.stack ?? cause?.message ?? cause}\n`;
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  yield `\nintegration: ${seconds} s\n`;
  yield `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`;
}
