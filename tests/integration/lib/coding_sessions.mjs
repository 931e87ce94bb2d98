// What a day of Claude Code looks like: sessions of several turns, most of them tool loops, with
// what the models say in each step. The words of the turns are ordinary ones, so that the tasks are
// detected and not told. `[ref NAME]` leads the scripted models to their step.
import path from 'node:path';

const sentences = ['The parser reads one record after the other and keeps a short history.',
  'A record without a date is put back into the queue and tried once more.',
  'Callers see the number of records, the first error and the time it took.',
  'Nothing is written before the whole batch was checked against its schema.',
  'The queue is bounded; when it is full the producer waits for the next slot.'];
/** About so many characters of prose. */
const prose = (characters) => {
  let text = '';
  for (let i = 0; text.length < characters; i += 1) text += `${sentences[i % 5]} `;
  return text.trimEnd();
};
/** A source file of about so many lines of 50 characters. */
const source = (name, lines) => Array.from({ length: lines }, (_, i) =>
  `export const ${name}_${i} = (record) => record.field_${i};`).join('\n');

const read = (file) => (folder) => ({ text: 'I look at it first.',
  calls: [['Read', { file_path: path.join(folder, file) }]] });
const run = (command) => ({ calls: [['Bash', { command, description: 'look' }]] });
const write = (file, lines) => (folder) => ({ text: 'Now the code.',
  calls: [['Write', { file_path: path.join(folder, file), content: source('made', lines) }]] });
const edit = (file, name, number) => (folder) => ({ text: 'This has to change.',
  calls: [['Edit', { file_path: path.join(folder, file),
    old_string: `${name}_${number} = (record) => record.field_${number};`,
    new_string: `${name}_${number} = (record) => record?.field_${number} ?? ${number};` }]] });
const agent = (prompt, more) => ({ text: 'Somebody else looks for that.',
  calls: [['Agent', { description: 'look around', prompt, subagent_type: 'general-purpose',
    run_in_background: false, ...more }]] });
const says = (characters) => ({ text: prose(characters) });

const files = { 'notes.txt': prose(4000), 'src/dates.js': source('dates', 120),
  'src/orders.js': source('orders', 300), 'src/queue.js': source('queue', 200),
  'README.md': `# Orders\n\n${prose(6000)}\n` };

// A loop over a file: read, change, test, again and again.
const loop = (file, name, times) => [read(file), ...Array.from({ length: times }, (_, i) =>
  [edit(file, name, i), run(`head -c 1500 ${file}; echo tested ${i}`)]).flat()];

/** Each: {name, turns: [prompt, ...]}. */
export const sessions = [
  { name: 'a question', turns: [
    'What does notes.txt tell about the queue? [ref question-1]',
    'Thanks. And who wrote it? [ref question-2]'] },
  { name: 'a feature', turns: [
    'Implement a function that parses ISO dates in src/dates.js and add unit tests. '
      + '[ref feature-1]',
    'Fix the failing test and handle null in the function too. [ref feature-2]'] },
  { name: 'a bug, over a long session', turns: [
    'Fix the bug in src/orders.js: the function crashes when a record is null. [ref bug-1]',
    'Add a unit test for each function that you changed. [ref bug-2]',
    'Now fix the same bug in src/queue.js. [ref bug-3]',
    'Add support for a default value as a parameter of these functions. [ref bug-4]'] },
  { name: 'documentation', turns: [
    'Update the README with documentation of the queue, for new developers. [ref docs-1]'] },
  { name: 'a plan, then the work', turns: [
    'Make an implementation plan for retries in the queue, without writing code. [ref plan-1]',
    'Implement the first step: write the function and a unit test. [ref plan-2]',
    'Write the code for the second step, a script that replays the queue. [ref plan-3]'] },
  { name: 'thinking it through', turns: [
    'Reason step by step: why would two workers deadlock on this queue? [ref think-1]'] },
  { name: 'a review for security', turns: [
    'Do a security review of src/orders.js: is there an injection vulnerability? [ref safe-1]'] },
  { name: 'sub-agents', turns: [
    'Implement the missing endpoint for orders and write a test for it. [ref parent-1]'] },
  { name: 'a refactoring', turns: [
    'Refactor src/queue.js into smaller functions without changing its behaviour. [ref tidy-1]'] },
];

/** What is said in which turn. */
export const turns = {
  'question-1': [read('notes.txt'), says(600)],
  'question-2': [says(200)],
  'feature-1': [read('src/dates.js'), write('src/iso.js', 40), write('test/iso.test.js', 40),
    run('head -c 2500 test/iso.test.js; echo 1 failed'), says(700)],
  'feature-2': [read('src/iso.js'), edit('src/iso.js', 'made', 3), run('echo all passed'),
    says(400)],
  'bug-1': [...loop('src/orders.js', 'orders', 5), says(600)],
  'bug-2': [write('test/orders.test.js', 80), run('echo 80 passed; head -c 3000 src/orders.js'),
    says(300)],
  'bug-3': [...loop('src/queue.js', 'queue', 4), says(400)],
  'bug-4': [edit('src/queue.js', 'queue', 20), edit('src/queue.js', 'queue', 21),
    edit('src/orders.js', 'orders', 30), run('echo all passed'), says(500)],
  'docs-1': [read('README.md'), read('src/queue.js'), (folder) => ({
    text: 'The text is ready.', calls: [['Write', { content: prose(3000),
      file_path: path.join(folder, 'README.md') }]] }), says(300)],
  'plan-1': [read('src/queue.js'), read('src/orders.js'), says(2500)],
  'plan-2': [...loop('src/queue.js', 'queue', 3), write('test/queue.test.js', 40),
    run('echo 40 passed'), says(500)],
  'plan-3': [write('replay.js', 60), run('head -c 2000 replay.js; echo replayed'),
    edit('replay.js', 'made', 7), run('echo replayed'), says(400)],
  'think-1': [says(3000)],
  'safe-1': [read('src/orders.js'), says(2500)],
  'parent-1': [agent('Find every function about orders and implement tests. [ref child-1]'),
    agent('Name the files of this project. [ref child-2]', { model: 'haiku' }),
    ...loop('src/orders.js', 'orders', 2), says(500)],
  'child-1': [read('src/orders.js'), run('head -c 3000 src/queue.js'), says(800)],
  'child-2': [run('ls -R . | head -40'), says(300)],
  'tidy-1': [...loop('src/queue.js', 'queue', 2), says(400)],
};

export { files };
