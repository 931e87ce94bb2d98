// Scenarios about reasoning: asked for, shown, and carried back on the next turn.
import { need, same } from '../strict.mjs';
import { shape } from '../stage.mjs';
import { note } from '../notes.mjs';
import { weather } from './tools.mjs';

const shown = (answer) => answer.thinking.map((one) => one.text).join('');

async function thinking(cell) {
  const key = cell.column.cannot.thinking;
  const talk = cell.talk('What is it?', { thinking: true });
  const { answer, view, dropped } = await cell.ask(talk, shape(key ? 'hello' : 'thinking'));
  if (key) {
    need(view.thinking || dropped.includes('thinking') || dropped.some((one) =>
      /reasoning|thinking/.test(one)), `asked for or named as dropped: ${dropped}`);
    return note(key);
  }
  need(view.thinking, 'thinking was asked for');
  same(shown(answer), 'Let me weigh it.', 'the reasoning');
  same(answer.text, 'It is 42.', 'the answer');
  const order = answer.order.filter((one) => one !== 'redacted_thinking');
  if (order.length > 0) need(/thinking|reasoning/.test(order[0]), `reasoning first: ${order}`);
  same(answer.stop, cell.client.stops.end, 'why it ended');
  same([answer.usage.prompt, answer.usage.output], [60, 25], 'usage with its reasoning');
  return undefined;
}

/** Effort instead of a budget, as Claude Code asks, at a model that takes nothing else. */
async function adaptive(cell) {
  const key = cell.column.cannot.thinking;
  const talk = cell.talk('What is it?', { thinking: 'adaptive' });
  const { answer, view, dropped } = await cell.ask(talk, shape(key ? 'hello' : 'thinking'));
  if (key) {
    need(view.thinking || dropped.some((one) => /reasoning|thinking/.test(one)),
      `asked for or named as dropped: ${dropped}`);
    return note(key);
  }
  need(view.thinking, 'thinking was asked for');
  if (cell.column.adaptive) same([view.mode, view.effort], ['adaptive', 'high'], 'how it thinks');
  else if (view.effort !== undefined) same(view.effort, 'high', 'the effort');
  same(shown(answer), 'Let me weigh it.', 'the reasoning');
  same(answer.text, 'It is 42.', 'the answer');
  return undefined;
}

// The signatures in the recorded shapes.
const claude = 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds48FINEGREAT';
const signatures = { openrouter: claude, anthropic: claude, bedrock_converse: claude,
  gemini: 'CsoBAVSoXO4y8mRkXvGnYwX3yWkqYQ0aN1b2Zk9pT3Rlc3Q=',
  openai_responses: 'gAAAAABoISQ24OyVRYbkYfukdJoqdzWT-3uiErKInHDC-lgAaXeky44N77j7aibc2elHISjAvX7O'
    + 'mUwMU1r7NgaiHSVWL6BtWXz4QQ==' };

async function thinking_loop(cell) {
  const key = cell.column.cannot.thinking_loop;
  if (key) return note(key);
  const talk = cell.talk('Weather in Paris?', { thinking: true, tools: [weather] });
  const { answer } = await cell.ask(talk, shape('thinking_call'));
  same(shown(answer), 'I need the weather.', 'the reasoning');
  same(answer.calls.map((call) => [call.name, call.input]), [['get_weather', { city: 'Paris' }]],
    'the call');
  same(answer.stop, cell.client.stops.calls, 'why it ended');
  talk.history.push({ role: 'answer', answer }, { role: 'results',
    results: [{ id: answer.calls[0].id, parts: [{ text: 'Rain.' }] }] });
  const { answer: last, view } = await cell.ask(talk, shape('thinking'));
  same(last.text, 'It is 42.', 'the answer');
  const parts = view.turns.flatMap((turn) => (turn.role === 'assistant' ? turn.parts : []));
  const texts = parts.filter((part) => part.thinking).map((part) => part.thinking);
  const signature = signatures[cell.column.id] ?? signatures[cell.column.family];
  const carries = cell.client.knows.signatures || cell.same_protocol
    || cell.column.family === 'gemini';
  if (signature && carries) {
    need(parts.some((part) => part.signature === signature), 'the signature came back unchanged');
    return undefined;
  }
  if (signature) {
    need(texts.length === 0, 'reasoning without its signature is not sent back');
    return note('client_no_signature');
  }
  need(texts.includes('I need the weather.'), 'the reasoning came back');
  return undefined;
}

export const scenarios = [
  { id: 'thinking', title: 'Thinking', run: thinking },
  { id: 'adaptive', title: 'Thinking by effort (adaptive)', run: adaptive },
  { id: 'thinking_loop', title: 'Thinking carried through a tool loop', run: thinking_loop },
];
