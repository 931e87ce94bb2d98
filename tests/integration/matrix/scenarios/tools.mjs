// Scenarios about tools: calls, results, choices, loops.
import { need, same } from '../strict.mjs';
import { mock } from '../stage.mjs';
import { note } from '../notes.mjs';
import { small_png } from '../samples.mjs';
import { assert_said, mock_usage, says } from './content.mjs';

export const weather = { name: 'get_weather', description: 'The weather of a city.',
  schema: { type: 'object', properties: { city: { type: 'string', description: 'Its name.' },
    days: { type: 'array', items: { type: 'integer', minimum: 0 } } }, required: ['city'] } };
// Anthropic's clients may use 128 characters, most providers take 64.
const long_name = `mcp__a_server_with_a_long_name__${'and_a_tool_with_a_longer_one_'.repeat(2)}x`;
const search = { name: 'mcp__docs__search', description: 'Searches.', schema: { type: 'object',
  properties: { query: { type: 'string' }, filter: { type: 'object',
    properties: { since: { type: 'string' }, deep: { type: 'boolean' } } } },
  required: ['query'] } };

export const calls = (list, more = {}) => mock({ usage: mock_usage,
  toolCalls: list.map(([name, input]) => ({ name, arguments: JSON.stringify(input) })), ...more });

const results_of = (view) => view.turns.flatMap((turn) => turn.parts)
  .filter((part) => part.result).map((part) => part.result);
const calls_of = (view) => view.turns.flatMap((turn) => turn.parts)
  .filter((part) => part.call).map((part) => part.call);
const result_text = (result) => result.parts.map((part) => part.text ?? '').join('\n');

async function one_call(cell) {
  const talk = cell.talk('Weather in Paris?', { tools: [weather, search] });
  const input = { city: 'Paris "là-bas"\n', days: [1, 2] };
  const { answer, view } = await cell.ask(talk, calls([['get_weather', input]]));
  same(answer.calls.map(({ name, input: given }) => ({ name, input: given })),
    [{ name: 'get_weather', input }], 'the call and its arguments');
  same(answer.stop, cell.client.stops.calls, 'why it ended');
  same(view.tools.map((tool) => tool.name), ['get_weather', 'mcp__docs__search'], 'the tools');
  same(view.tools[0].description, weather.description, 'a description');
  same(Object.keys(view.tools[0].schema.properties), ['city', 'days'], 'arguments of a tool');
  same(view.tools[0].schema.required, ['city'], 'required arguments');
  same(Object.keys(view.tools[1].schema.properties.filter.properties), ['since', 'deep'],
    'nested arguments');
}

async function parallel(cell) {
  const talk = cell.talk('Weather in three places?', { tools: [weather] });
  const cities = ['Paris', 'Oslo', 'Rome'];
  const { answer } = await cell.ask(talk, calls(cities.map((city) => ['get_weather', { city }])));
  same(answer.calls.map((call) => call.input.city), cities, 'three calls in order');
  same(answer.stop, cell.client.stops.calls, 'why it ended');
  talk.history.push({ role: 'answer', answer },
    // Answered in another order than asked.
    { role: 'results', results: [2, 0, 1].map((at) => ({ id: answer.calls[at].id,
      parts: [{ text: `It is fine in ${cities[at]}.` }] })) });
  const { answer: last, view } = await cell.ask(talk, says('Fine everywhere.'));
  assert_said(cell, last, 'Fine everywhere.');
  for (const call of calls_of(view)) {
    const result = results_of(view).find((one) => one.id === call.id);
    need(result_text(result).includes(call.input.city), `the result of ${call.input.city}`);
  }
}

async function loop(cell) {
  const second = cell.client.knows.long_names ? long_name : search.name;
  const talk = cell.talk('Plan a trip.', { tools: [weather, { ...search, name: second }] });
  const steps = [['get_weather', { city: 'Paris' }, 'Rain.'],
    [second, { query: 'museums', filter: { deep: true } }, 'Louvre "open" \\ 9–18'],
    ['get_weather', { city: 'Nice' }, '']];
  for (const [name, input, result] of steps) {
    const reply = (context) => {
      // The provider calls the tool by the name that it was told, shortened where it had to be.
      const view = context.column.protocol.read_request(context.exchange, context.column.request);
      const at = name === second ? 1 : 0;
      return calls([[view.tools[at].name, input]])(context);
    };
    const { answer } = await cell.ask(talk, reply);
    same(answer.calls.map((call) => [call.name, call.input]), [[name, input]],
      'the call under the client\'s name');
    talk.history.push({ role: 'answer', answer },
      { role: 'results', results: [{ id: answer.calls[0].id, parts: [{ text: result }] }] });
  }
  const { answer, view } = await cell.ask(talk, says('Go to Nice.'));
  assert_said(cell, answer, 'Go to Nice.');
  same(calls_of(view).map((call) => call.input), steps.map(([, input]) => input),
    'all calls went back');
  const told = results_of(view);
  same(told.length, 3, 'all results went back');
  steps.forEach(([, , result], at) => need(result_text(told[at]).includes(
    result_text(told[at]).startsWith('{') ? JSON.stringify(result).slice(1, -1) : result),
  `result ${at}: ${result_text(told[at])}`));
}

/** A talk in which one call waits for its result. */
async function with_call(cell, more = {}) {
  const talk = cell.talk('Weather in Paris?', { tools: [weather], ...more });
  const { answer } = await cell.ask(talk, calls([['get_weather', { city: 'Paris' }]]));
  talk.history.push({ role: 'answer', answer });
  return { talk, id: answer.calls[0].id };
}

async function result_image(cell) {
  if (!cell.client.knows.tool_images) return note('client_no_tool_image');
  const { talk, id } = await with_call(cell);
  talk.history.push({ role: 'results', results: [{ id, parts: [{ text: 'A map:' },
    { image: small_png, type: 'image/png' }] }] });
  const { answer, view, dropped } = await cell.ask(talk, says('A map of Paris.'));
  assert_said(cell, answer, 'A map of Paris.');
  need(result_text(results_of(view)[0]).includes('A map:'), 'the words of the result');
  const inside = results_of(view)[0].parts.some((part) => part.image === small_png);
  const after = view.turns.slice(2).some((turn) =>
    turn.parts.some((part) => part.image === small_png));
  if (cell.column.cannot.tool_result_image === 'result_image_left_out') {
    need(/image/.test(result_text(results_of(view)[0])), 'the result says that one is missing');
    need(dropped.some((one) => /image/.test(one)), `x-tollgate-dropped names it: ${dropped}`);
    return note('result_image_left_out');
  }
  if (cell.column.cannot.tool_result_image && cell.same_protocol) {
    need(inside, 'the picture is relayed');
    return note('relayed_as_is');
  }
  if (cell.column.cannot.tool_result_image) {
    need(after && !inside, 'the picture follows its result');
    return note(cell.column.cannot.tool_result_image);
  }
  need(inside, 'the picture is part of the result');
  return undefined;
}

async function result_error(cell) {
  if (!cell.client.knows.tool_errors) return note('client_no_tool_error');
  const { talk, id } = await with_call(cell);
  talk.history.push({ role: 'results', results: [{ id, error: true,
    parts: [{ text: 'no such city' }] }] });
  const { answer, view } = await cell.ask(talk, says('There is none.'));
  assert_said(cell, answer, 'There is none.');
  const [result] = results_of(view);
  need(result_text(result).includes('no such city'), 'the words of the result');
  need(result.error || /error/i.test(result_text(result)), 'that it is an error reaches the model');
}

async function after_result(cell) {
  const { talk, id } = await with_call(cell);
  talk.history.push({ role: 'results', results: [{ id, parts: [{ text: 'Rain.' }] }],
    parts: [{ text: 'And is that bad?' }] });
  const { answer, view } = await cell.ask(talk, says('No.'));
  assert_said(cell, answer, 'No.');
  need(result_text(results_of(view)[0]).includes('Rain.'), 'the result');
  need(view.turns.at(-1).parts.some((part) => part.text?.includes('And is that bad?')),
    'what the user added');
}

const choice_scenario = (choice) => async (cell) => {
  if (choice === 'none' && cell.client.knows.choice_none === false) {
    return note('client_no_choice_none');
  }
  const talk = cell.talk('Weather in Paris?', { tools: [weather, search], choice });
  const reply = choice === 'none' ? says('I do not look.')
    : calls([['get_weather', { city: 'Paris' }]]);
  const { answer, view, dropped } = await cell.ask(talk, reply);
  same(answer.calls.length, choice === 'none' ? 0 : 1, 'calls');
  const key = cell.column.cannot[`choice_${choice === 'get_weather' ? 'named' : choice}`];
  if (key) {
    need(dropped.some((one) => one.includes('tool_choice')) || view.tools === undefined
      || view.tools.length === 1, `x-tollgate-dropped names it: ${dropped}`);
    return note(key);
  }
  if (choice === 'none') {
    // Without tools nothing can be called either, where results do not need their declaration.
    need(view.choice === 'none' || view.tools === undefined, `choice ${view.choice}`);
  } else if (choice === 'auto') {
    need([undefined, 'auto'].includes(view.choice), `choice ${view.choice}`);
  } else {
    same(view.choice, choice, 'the choice reached the provider');
  }
  return undefined;
};

async function serial(cell) {
  if (cell.client.knows.serial === false) return note('client_no_serial');
  const talk = cell.talk('Weather in Paris?', { tools: [weather], serial: true });
  const { answer, view, dropped } = await cell.ask(talk, calls([['get_weather', { city: 'x' }]]));
  same(answer.calls.length, 1, 'calls');
  if (cell.column.cannot.serial) {
    need(dropped.some((one) => /parallel/.test(one)), `x-tollgate-dropped names it: ${dropped}`);
    return note(cell.column.cannot.serial);
  }
  need(view.serial, 'one call at a time reached the provider');
  return undefined;
}

export const scenarios = [
  { id: 'tools', title: 'Tool call', run: one_call },
  { id: 'parallel', title: 'Parallel tool calls and their results', run: parallel },
  { id: 'loop', title: 'Tool loop of three turns, one tool with a long name', run: loop },
  { id: 'result_image', title: 'Tool result with an image', run: result_image },
  { id: 'result_error', title: 'Tool result that is an error', run: result_error },
  { id: 'after_result', title: 'User words after a tool result', run: after_result },
  { id: 'choice_auto', title: 'Tool choice: auto', run: choice_scenario('auto') },
  { id: 'choice_any', title: 'Tool choice: any', run: choice_scenario('any') },
  { id: 'choice_none', title: 'Tool choice: none', run: choice_scenario('none') },
  { id: 'choice_named', title: 'Tool choice: a named tool', run: choice_scenario('get_weather') },
  { id: 'serial', title: 'One tool call at a time', run: serial },
];
