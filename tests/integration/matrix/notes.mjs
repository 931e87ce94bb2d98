// What a cell may say instead of "ok": each is a documented behaviour that the cell has asserted.
import { need } from './strict.mjs';

export const texts = {
  client_no_stop: 'the client protocol has no stop sequences',
  client_no_mid_system: 'the client protocol has no system words among the messages',
  client_no_choice_none: 'the client protocol cannot forbid tools',
  client_no_serial: 'the client protocol cannot ask for one tool call at a time',
  client_no_tool_image: 'the client protocol has no images in tool results',
  client_no_tool_error: 'the client protocol cannot say that a tool result is an error',
  client_no_signature: 'the client protocol has no place for the signature of reasoning, so the '
    + 'reasoning is left out of the next turn; the provider accepts that',
  result_image_left_out: 'no model of this provider takes both tools and images: the result says '
    + 'that an image was left out, and `x-tollgate-dropped` names it',
  relayed_as_is: 'client and provider speak the same protocol, so the request is relayed as it is',
  format_dropped: 'the provider takes no output format for this model: named in '
    + '`x-tollgate-dropped`',
  no_policy_refusal: 'the provider refuses nobody for what is said: a filter that steps in is an '
    + 'answer, see Refusal',
  streams_only: 'happens only inside streams',
  no_such_fault: 'the provider has no word for this inside a stream',
  image_after_result: 'the provider takes only text in a tool result: the image follows it in a '
    + 'user message that names the call',
  no_signatures: 'the provider has no signatures',
  chat_hides_reasoning: 'the provider never shows reasoning in this protocol',
  choice_dropped: 'the provider cannot be told: the answer names it in `x-tollgate-dropped`; for a '
    + 'named tool, that tool alone is offered',
  serial_dropped: 'the provider cannot be told to call one tool at a time: named in '
    + '`x-tollgate-dropped`',
  stop_cut_here: 'the provider takes no stop sequences: the gateway ends the answer at the first '
    + 'one',
  no_refusals: 'the provider has no sign for a refusal: what the model says arrives as text',
  no_cache_figures: 'the provider does not say what came from a cache',
  no_documents: 'the provider takes no such documents: a 400 that says so, no provider is asked',
};

export class Note {
  constructor(key) {
    need(texts[key], `no note ${key}`);
    this.key = key;
  }
}

export const note = (key) => new Note(key);

/** The request was refused clearly before any provider was asked. */
export function refused_with(cell, got, words, key) {
  need(got.status === 400, `a clear 400 is expected, not ${got.status}: ${got.text.slice(0, 300)}`);
  need(words.test(got.error.message), `the message names it: ${got.error.message}`);
  need(cell.exchanges.length === 0, 'no provider was asked');
  return note(key);
}
