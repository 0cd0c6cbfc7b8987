/**
 * Every architecture against the reference implementation: logits and every hidden state of a tiny checkpoint agree
 * to 10⁻⁴, weights arrive complete, and text is written alike with a cache of keys and values.
 */
import { describe, expect, test } from 'vitest';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { compile, type Program } from '../../engine/compile.ts';
import type { Graph } from '../../onnx/graph.ts';
import { built, difference, fixture, read, slopes } from '../testing.ts';
import { cachedForm } from './registry.ts';

const causal = ['gpt2', 'neox', 'llama', 'mistral', 'qwen2'];
const all = [...causal, 'bert', 'vit', 'clip', 'resnet', 'resnet_basic', 'mixer'];

describe.each(all)('%s', name => {
  test('hidden states and outputs are those of the reference', async () => {
    const given = await fixture(name);
    const { graph } = built(given);
    const names = Object.keys(given.sites);
    expect(names.length).toBeGreaterThan(20);
    const received = await read(graph, given.inputs, names);
    const off = names
      .map(site => ({ site, by: difference(received[site], given.sites[site]) }))
      .filter(({ by }) => !(by < 1e-4));
    expect(off).toEqual([]);
  });

  test('every weight of the checkpoint is used, and no parameter keeps its first value', async () => {
    const given = await fixture(name);
    const { architecture, graph } = built(given);
    const sources = architecture.sources(given.checkpoint);
    const parameters = JSON.parse(graph.metadata['neuronbook.parameters']) as string[];
    expect(parameters.filter(parameter => !sources[parameter])).toEqual([]);
    const used = new Set(Object.values(sources).flatMap(({ from }) => from));
    expect(given.checkpoint.names.filter(key => !used.has(key) && !unused.test(key))).toEqual([]);
  });
});

describe.each(all)('%s', name => {
  test('gradients reach every parameter and agree with differences', async () => {
    const given = await fixture(name);
    const { gradient, differences, zeros } = await slopes(
      built(given).graph,
      given.inputs,
      // short, so that few ReLUs turn on the way
      name.startsWith('resnet') ? 2 ** -9 : undefined,
    );
    expect(zeros).toEqual([]);
    expect(Math.abs(gradient - differences) / Math.abs(differences)).toBeLessThan(1e-2);
  });
});

/** Counters and tables that follow from the configuration. */
const unused = /num_batches_tracked|position_ids|rotary_emb|attn\.bias$|predictions\.decoder/;

describe.each(causal)('%s', name => {
  test('20 greedy tokens with a cache are those of the reference', async () => {
    const given = await fixture(name);
    const { graph } = built(given);
    const prompt = given.inputs.tokens.at(0).toNumbers();
    const written = await greedy(cachedForm(graph)!, prompt, 20);
    expect([...prompt, ...written]).toEqual(given.inputs.written.toNumbers());
  });
});

/** Writes `count` tokens: first from the whole prompt behind an empty past, then one by one. */
async function greedy(graph: Graph, prompt: readonly number[], count: number): Promise<number[]> {
  const program = await compile(graph, { threads: 1 });
  let past = emptyPast(program);
  let next = [...prompt];
  const written: number[] = [];
  while (written.length < count) {
    const tokens = tensor(BigInt64Array.from(next, BigInt), [1, next.length]);
    const { logits, ...present } = await program.run({ tokens, ...past });
    past = Object.fromEntries(
      Object.entries(present).map(([name, value]) => [name.replace('present', 'past'), value]),
    );
    const last = logits.at(0).at(-1).toNumbers();
    next = [last.indexOf(Math.max(...last))];
    written.push(...next);
  }
  await program.release();
  return written;
}

const emptyPast = ({ inputs }: Program): Record<string, Tensor> =>
  Object.fromEntries(
    inputs
      .filter(({ name }) => name.startsWith('past.'))
      .map(({ name, dims }) => [
        name,
        tensor(new Float32Array(0), [1, dims![1] as number, 0, dims![3] as number]),
      ]),
  );
