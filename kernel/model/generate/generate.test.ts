/** Texts that are written: as the reference writes them, as the seed wants, and to where they have to end. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { host, setHost } from '../../base/host.ts';
import { tensor } from '../../base/tensor.ts';
import { ARCHITECTURE_KEY, cachedForm } from '../../nn/architectures/index.ts';
import type { Graph } from '../../onnx/graph.ts';
import { renameValues } from '../../onnx/rename.ts';
import { graphOf, info, node } from '../../onnx/testing.ts';
import { ablate } from '../edits.ts';
import { load } from '../load.ts';
import { Model } from '../model.ts';
import { checkpointFiles } from '../testing-checkpoint.ts';
import { TOKENIZER_KEY } from '../tokenizer.ts';
import { generate, generateTokens } from './generate.ts';
import { sampler } from './sample.ts';
import { stepsOf } from './steps.ts';

const root = mkdtempSync(join(tmpdir(), 'neuronbook-generate-'));
afterAll(() => rmSync(root, { recursive: true }));
// a bar in a terminal prints its last line
const quiet = () => setHost({ ...host(), display() {} });
quiet();
afterEach(quiet);

const made = new Map<string, Promise<{ model: Model; prompt: number[]; written: number[] }>>();
/** The tiny model of an architecture, a prompt, and what the reference writes behind it. */
function tiny(name: string) {
  const known = made.get(name);
  if (known) return known;
  const work = (async () => {
    const { files, given } = await checkpointFiles(name);
    const folder = mkdtempSync(join(root, `${name}-`));
    for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
    const prompt = given.inputs.tokens.at(0).toNumbers();
    return { model: await load(folder), prompt, written: given.inputs.written.toNumbers() };
  })();
  made.set(name, work);
  return work;
}

test.each(['gpt2', 'neox', 'llama', 'mistral', 'qwen2'])(
  '%s writes the 20 tokens that transformers writes, with a cache and without',
  async name => {
    const { model, prompt, written } = await tiny(name);
    expect(await generate(model, prompt, { tokens: 20, stop: [] })).toEqual(written);
    expect(await generate(model, prompt, { tokens: 20, stop: [], cache: false })).toEqual(written);
    model.dispose();
  },
);

test('a prompt may hold the int64 numbers that networks take', async () => {
  const { model, prompt, written } = await tiny('gpt2');
  const numbers = prompt.map(BigInt);
  const expected = written.slice(0, prompt.length + 3);
  expect(await generate(model, numbers, { tokens: 3, stop: [] })).toEqual(expected);
  expect(await generate(model, BigInt64Array.from(numbers), { tokens: 3, stop: [] })).toEqual(expected);
});

test('with a cache each step reads one token', async () => {
  const { model, prompt } = await tiny('gpt2');
  const steps = stepsOf(model);
  const all = await stepsOf(model, false).next([...prompt, 5, 6]);
  await steps.next(prompt);
  await steps.next([5]);
  const last = await steps.next([6]);
  last.forEach((logit, i) => expect(logit).toBeCloseTo(all[i], 5));
  const form = [
    ...(model as unknown as { programs: Map<string, Promise<{ graph: { inputs: unknown[] } }>> }).programs,
  ];
  expect((await form.find(([key]) => key === 'tokens true')![1]).graph.inputs.length).toBeGreaterThan(1);
});

test('networks as exporters write them: input_ids, a mask, positions, past_key_values', async () => {
  const { model, prompt, written } = await tiny('gpt2');
  const exported = (form: Graph): Model => {
    const beside = ['attention_mask', 'position_ids'].map(name => ({ name, dims: ['batch', '?'] }));
    const more = beside.map(info => ({ ...info, dtype: 'int64' as const }));
    const { [ARCHITECTURE_KEY]: _, ...metadata } = form.metadata;
    const renamed = renameValues(form, name =>
      name === 'tokens' ? 'input_ids' : name.replace(/^past\./, 'past_key_values.'),
    );
    return new Model('exported', { ...renamed, metadata, inputs: [...renamed.inputs, ...more] });
  };
  const count = { tokens: 20, stop: [] };
  expect(await generate(exported(cachedForm(model.graph)!), prompt, count)).toEqual(written);
  expect(await generate(exported(model.graph), prompt, count)).toEqual(written);
  const odd = {
    ...model.graph,
    metadata: {},
    inputs: [...model.graph.inputs, { name: 'pixels', dtype: 'float32' as const }],
  };
  await expect(generate(new Model('odd', odd), prompt)).rejects.toThrow(
    'generate cannot fill input pixels; run the model itself, with all its inputs',
  );
});

test('masks are as long as all tokens, and positions count on', async () => {
  // the next token is the last position plus the length of the mask
  const integers = (name: string) => ({ name, dtype: 'int64' as const, dims: ['batch', '?'] });
  const counting = (cached: boolean) =>
    new Model(
      'counting',
      graphOf(
        [
          node('length = ReduceSum(attention_mask)', { keepdims: 1n }),
          node('next = Add(position_ids, length)'),
          node('logits = OneHot(next, depth, values)'),
          node('column = Reshape(input_ids, shape)'),
          node('key = Cast(column)', { to: 1n }),
          ...(cached ? [node('present.0.key = Concat(past_key_values.0.key, key)', { axis: 2n })] : []),
        ],
        {
          inputs: [
            ...['input_ids', 'attention_mask', 'position_ids'].map(integers),
            ...(cached ? [info('past_key_values.0.key', 'batch', 1, 'past', 1)] : []),
          ],
          outputs: [
            info('logits', 'batch', '?', 64),
            ...(cached ? [info('present.0.key', 'batch', 1, 'all', 1)] : []),
          ],
          constants: { depth: tensor([64n]), values: tensor([0, 1]), shape: tensor([1n, 1n, -1n, 1n]) },
        },
      ),
    );
  for (const cached of [true, false])
    expect(await generate(counting(cached), [1, 1, 1], { tokens: 4 })).toEqual([1, 1, 1, 5, 7, 9, 11]);
});

test('an edited model writes what the edit makes it write', async () => {
  const { model, prompt, written } = await tiny('gpt2');
  const edited = model.edit(ablate('blocks.0.mlp.out'));
  const theirs = await generate(edited, prompt, { tokens: 20 });
  expect(theirs).not.toEqual(written);
  expect(theirs).toEqual(await generate(edited, prompt, { tokens: 20, cache: false }));
});

test('the same seed draws the same tokens, and another seed others', async () => {
  const { model, prompt } = await tiny('gpt2');
  const draw = (seed: number) => generate(model, prompt, { tokens: 10, temperature: 2, seed });
  expect(await draw(1)).toEqual(await draw(1));
  expect(await draw(1)).not.toEqual(await draw(2));
});

test('it ends before a stop token, at the end of the context, and on interrupt', async () => {
  const { model, prompt, written } = await tiny('gpt2');
  const fourth = written[prompt.length + 3];
  const first = written.indexOf(fourth, prompt.length);
  expect(await generate(model, prompt, { stop: [fourth] })).toEqual(written.slice(0, first));
  const { context } = stepsOf(model);
  const long = await generate(model, prompt, { tokens: 10_000 });
  expect(long).toHaveLength(context);
  await expect(generate(model, [...long, 1])).rejects.toThrow(
    `the prompt has ${context + 1} tokens; expected at most ${context}; shorten it`,
  );
  await expect(generate(model, [])).rejects.toThrow('the prompt holds no token; begin with some text');

  let interrupted = false;
  const shown: string[] = [];
  setHost({
    ...host(),
    get interrupted() {
      return interrupted;
    },
    display: bundle => void shown.push(String(bundle['text/plain'])),
  });
  const seen: number[] = [];
  const onToken = ({ id }: { id: number }) => (interrupted = seen.push(id) === 3);
  expect(await generate(model, prompt, { tokens: 20, onToken })).toEqual(written.slice(0, prompt.length + 3));
  expect(shown.at(-1)).toMatch(/^generating 3\/20, .*stopped after /);
});

test('text comes with the model’s tokenizer, piece by piece', async () => {
  const { model: bare } = await tiny('gpt2');
  const vocabulary = bare.graph.outputs[0].dims!.at(-1) as number;
  // each token of the tiny network is a letter
  const letters = Array.from({ length: vocabulary }, (_, i) => [String.fromCodePoint(97 + i), i]);
  const bpe = { type: 'BPE', vocab: Object.fromEntries(letters) as object, merges: [] };
  const json = JSON.stringify({ model: bpe, added_tokens: [], decoder: { type: 'Fuse' } });
  const metadata = { ...bare.graph.metadata, [TOKENIZER_KEY]: json };
  const model = new Model('words', { ...bare.graph, metadata });
  const prompt = 'cafe';
  const tokens = [];
  for await (const token of generateTokens(model, prompt, { tokens: 12 })) tokens.push(token);
  const text = await generate(model, prompt, { tokens: 12 });
  expect(text).toBe(prompt + tokens.map(token => token.text).join(''));
  expect(await generate(model, model.tokenizer.encode(prompt), { tokens: 12 })).toEqual([
    ...model.tokenizer.encode(prompt),
    ...tokens.map(({ id }) => id),
  ]);
  await expect(generate(model, prompt, { stop: ['nowhere'] })).rejects.toThrow(
    /^unknown token: nowhere; nearest:/,
  );
  await expect(generate(bare, 'words')).rejects.toThrow(/carries no tokenizer; pass token numbers/);
});

test('draws follow the probabilities that temperature, top-k and top-p leave', () => {
  const logits = Float32Array.from([0.5, 0.3, 0.15, 0.05], Math.log);
  const shares = (options: object) => {
    const choose = sampler({ ...options, seed: 3 });
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 4000; i++) counts[choose(logits)] += 1 / 4000;
    return counts;
  };
  const near = (counts: number[], expected: number[]) =>
    expected.forEach((share, i) => expect(counts[i]).toBeCloseTo(share, 1));
  near(shares({ temperature: 1 }), [0.5, 0.3, 0.15, 0.05]);
  near(shares({ topK: 2 }), [0.625, 0.375, 0, 0]);
  near(shares({ topP: 0.8 }), [0.625, 0.375, 0, 0]);
  expect(shares({ topP: 0.8 }).slice(2)).toEqual([0, 0]);
  expect(shares({ topP: 0.81 })[2]).toBeGreaterThan(0);
  // p² ∝ 0.25, 0.09, 0.0225, 0.0025
  near(shares({ temperature: 0.5 }), [0.685, 0.247, 0.062, 0.007]);
  expect(sampler()(Float32Array.of(1, 3, 3, 2))).toBe(1);
  expect(shares({ temperature: 0 })).toEqual([expect.closeTo(1, 5), 0, 0, 0]);
  expect(() => sampler()(Float32Array.of(0, NaN))).toThrow('the logit of token 1 is not a number');
  expect(() => sampler({ topK: 0 })).toThrow('topK is 0; expected a whole number from 1 on');
  expect(() => sampler({ topP: 2 })).toThrow('topP is 2; expected above 0, at most 1');
  expect(() => sampler({ temperature: -1 })).toThrow('temperature is -1; expected 0 or more');
});

test('a network that is no language model is refused', async () => {
  await expect(generate(await load('zoo:textures'), [1])).rejects.toThrow(
    'textures reads no tokens: its inputs are image; expected one of integers, batch × position',
  );
});
