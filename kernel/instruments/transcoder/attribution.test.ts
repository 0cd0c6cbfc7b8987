/** Circuits of coders, on random toy weights: sums are exact, and every edge does what it predicts. */
import { beforeAll, describe, expect, test } from 'vitest';
import { rng } from '../../base/rng.ts';
import { tensor, Tensor } from '../../base/tensor.ts';
import { Model } from '../../model/model.ts';
import { neox } from '../../nn/index.ts';
import type { Architecture } from './architecture.ts';
import { jumpRelu, relu, topK } from './architectures/index.ts';
import { attribute } from './attribution.ts';
import type { AttributionGraph } from './attribution-graph.ts';
import { firstWeights, type Coder } from './coder.ts';
import { agreement, intervene } from './interventions.ts';
import { Transcoder } from './transcoder.ts';
import { deembeddings, outputEffects, virtualWeights } from './virtual-weights.ts';

const [width, features, vocabulary, layers] = [12, 20, 11, 3];
const model = new Model(
  'toy',
  neox(
    { vocabulary, context: 8, width, layers, heads: 2, rotary: 1, parallel: false, activation: 'relu' },
    { seed: 4 },
  ),
);

function coder(layer: number, architecture: Architecture): Transcoder {
  const shape: Coder = {
    architecture,
    inputs: [width],
    outputs: [width],
    features,
    centre: 'b_in',
    skip: false,
  };
  const random = rng(`coder ${layer}`);
  const weights = Object.entries(firstWeights(shape, layer)).map(([name, { dims, data }]) => [
    name,
    new Tensor(
      'float32',
      dims,
      (data as Float32Array).map(value => value + 0.2 * random.normal()),
    ),
  ]);
  const block = `blocks.${layer}.mlp`;
  return new Transcoder({ coder: shape, weights: Object.fromEntries(weights) as never, from: [`${block}.in`], to: [`${block}.out`] }); // prettier-ignore
}

const coders = [relu(), jumpRelu({ threshold: 0.2 }), topK({ k: 6 })].map((kind, layer) =>
  coder(layer, kind),
);
const tokens = tensor([1n, 5n, 3n, 3n, 9n], [1, 5]);
const of = Float32Array.from({ length: vocabulary }, (_, i) => (i === 4 ? 1 : i === 7 ? -1 : 0));
const closeTo = (a: ArrayLike<number>, b: ArrayLike<number>, within: number) =>
  expect(Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])))).toBeLessThan(within);
/** In the unit of the largest. */
const near = (a: readonly number[], b: readonly number[], within: number) => {
  const most = Math.max(...b.map(Math.abs));
  closeTo(
    a.map(value => value / most),
    b.map(value => value / most),
    within,
  );
};

let graph: AttributionGraph;
beforeAll(async () => {
  graph = await attribute(model, coders, { tokens }, { of, live: false });
}, 120_000);

describe('on one input', () => {
  test('edges, errors and biases sum to every pre-activation and to the output', async () => {
    const { outputs } = await model.run({ tokens });
    const logits = outputs.logits.at(0).at(4).toNumbers();
    const sums = graph.targets.map(target => graph.sumOf(target));
    const values = graph.targets.map(target => graph.nodes[target].value);
    expect(values.length).toBeGreaterThan(60);
    expect(values[0]).toBeCloseTo(logits[4] - logits[7], 5);
    near(sums, values, 1e-5);
  });

  test('an MLP without a coder is an error as a whole, and sums stay exact', async () => {
    const without = await attribute(model, [coders[0], coders[2]], { tokens }, { of, live: false });
    expect(without.nodes.filter(({ kind, layer }) => kind === 'feature' && layer === 1)).toEqual([]);
    near(without.targets.map(target => without.sumOf(target)), without.targets.map(target => without.nodes[target].value), 1e-5); // prettier-ignore
    expect(String(without)).not.toBe(String(graph));
  });

  test('taking a source away changes its target by what the edge says, if the rest is held', async () => {
    const edges = ['token', 'feature', 'error'].flatMap(kind =>
      graph.edges.filter(({ from }) => graph.nodes[from].kind === kind).slice(0, 50),
    );
    expect(edges).toHaveLength(150);
    const held = await intervene(model, coders, { tokens }, graph, edges, { of });
    closeTo(held.map(({ measured }) => measured), held.map(({ predicted }) => predicted), 1e-4); // prettier-ignore
    expect(agreement(held)).toBeGreaterThan(0.9999);
    // where more is let go, the edge is an estimate
    const loose = [];
    for (const free of [
      { norms: false },
      { norms: false, patterns: false },
      { norms: false, patterns: false, others: false },
    ])
      // prettier-ignore
      loose.push(agreement(await intervene(model, coders, { tokens }, graph, edges, { of, ...free })));
    for (const pearson of loose) expect(pearson).toBeLessThan(0.9999);
    // and edges dealt out anew predict nothing
    const dealt = held.map((one, i) => ({ ...one, predicted: held[(i + 71) % held.length].predicted }));
    expect(Math.abs(agreement(dealt))).toBeLessThan(0.4);
    await expect(intervene(model, coders, { tokens }, graph, graph.into(graph.output))).rejects.toThrow('expected its weights in `of`'); // prettier-ignore
  });

  test('what is left after pruning holds the share that was asked for', () => {
    const { influence } = graph;
    const sum = (nodes: readonly number[]) => nodes.reduce((total, node) => total + influence[node], 0);
    const pruned = graph.prune({ nodes: 0.7, edges: 0.9 });
    expect(pruned.staying.length).toBeLessThan(graph.staying.length / 2);
    expect(pruned.staying).toContain(graph.output);
    expect(sum(pruned.staying) - 1).toBeGreaterThanOrEqual(0.7 * (sum(graph.staying) - 1));
    const kept = new Set(pruned.staying);
    for (const { from, to } of pruned.edges) expect([kept.has(from), kept.has(to)]).toEqual([true, true]);
    const reaching = graph.edges.filter(({ to }) => influence[to] > 0);
    expect(graph.prune({ nodes: 1, edges: 1 }).edges).toHaveLength(reaching.length);
    // influence into the output is handed on in proportion, and all of it comes from tokens and errors in the end
    expect(influence[graph.output]).toBe(1);
    const ends = graph.nodes.flatMap(({ kind }, i) => (kind === 'token' || kind === 'error' ? [i] : []));
    expect(sum(ends)).toBeCloseTo(1, 6);
    expect(String(pruned.table(3))).toContain('blocks.');
  });

  test('only the features that matter most are traced where there are too many', async () => {
    const few = await attribute(model, coders, { tokens }, { of, most: 10, batch: 4, live: false });
    expect(few.targets).toHaveLength(11);
    const [first] = few.targets.slice(1);
    const best = graph.into(graph.output).find(({ from }) => graph.nodes[from].kind === 'feature')!.from;
    expect(first).toBe(best);
    expect(() => few.sumOf(0)).toThrow('are not known');
  });
});

describe('on any input', () => {
  // one token: the mean scale is its own, and it attends to itself wholly
  const one = tensor([5n], [1, 1]);

  test('paths straight on and through each head make up the edge', async () => {
    const [early, late] = [coders[0], coders[1]];
    const alone = await attribute(model, coders, { tokens: one }, { of, live: false });
    const parts = await Promise.all(
      [undefined, 0, 1].map(async head =>
        virtualWeights(model, early, late, {
          inputs: { tokens: one },
          head: head === undefined ? undefined : ['blocks.1.attn.pattern', head],
        }),
      ),
    );
    let seen = 0;
    for (const target of alone.targets)
      for (const { from, to, weight } of alone.into(target)) {
        const [a, b] = [alone.nodes[from], alone.nodes[to]];
        if (a.kind !== 'feature' || b.kind !== 'feature' || a.layer !== 0 || b.layer !== 1) continue;
        const unit = parts.reduce(
          (sum, part) => sum + Number(part.data[a.feature! * features + b.feature!]),
          0,
        );
        expect(a.value * unit).toBeCloseTo(weight, 4);
        seen++;
      }
    expect(seen).toBeGreaterThan(5);
    await expect(virtualWeights(model, early, late, { inputs: { tokens: one }, head: ['blocks.1.attn.pattern', 2] })).rejects.toThrow('head 2 of blocks.1.attn.pattern; expected 0 to 1'); // prettier-ignore
  });

  test('what the last layer gives to the output', async () => {
    const alone = await attribute(model, coders, { tokens: one }, { of, live: false });
    const effects = await outputEffects(model, coders[2], { inputs: { tokens: one } });
    expect(effects.dims).toEqual([features, vocabulary]);
    const last = alone.into(alone.output).filter(({ from }) => alone.nodes[from].kind === 'feature' && alone.nodes[from].layer === 2); // prettier-ignore
    expect(last.length).toBeGreaterThan(3);
    for (const { from, weight } of last) {
      const { value, feature } = alone.nodes[from];
      const row = feature! * vocabulary;
      expect(value * (Number(effects.data[row + 4]) - Number(effects.data[row + 7]))).toBeCloseTo(weight, 4);
    }
  });

  test('what each token gives to a feature', async () => {
    const found = await deembeddings(model, coders[0], { inputs: { tokens }, vocabulary });
    const read = ['embed', 'blocks.0.resid.mid'];
    const all = tensor(
      BigInt64Array.from({ length: vocabulary }, (_, i) => BigInt(i)),
      [vocabulary, 1],
    );
    const { sites } = await model.run({ tokens: all }, { read: ['embed'] });
    const streams = (await model.run({ tokens }, { read })).sites['blocks.0.resid.mid']
      .at(0)
      .toArray() as number[][];
    const average = (row: readonly number[]) => row.reduce((sum, value) => sum + value, 0) / row.length;
    const scale = average(
      streams.map(row => 1 / Math.sqrt(average(row.map(x => (x - average(row)) ** 2)) + 1e-5)),
    );
    const rows = sites.embed.toArray() as number[][][];
    const gain = model.graph.constants.get('blocks.0.ln2.weight')!.toNumbers();
    const encoder = coders[0].weights.W_enc.toArray() as number[][];
    rows.forEach(([row], token) => {
      const scaled = row.map((x, j) => (x - average(row)) * scale * gain[j]);
      const wanted = Array.from({ length: features }, (_, i) => scaled.reduce((sum, x, j) => sum + x * encoder[j][i], 0)); // prettier-ignore
      closeTo(found.at(token).toNumbers(), wanted, 1e-5);
    });
  });
});

test('what is no transcoder, and what fits no model, is refused', async () => {
  const [first] = coders;
  await expect(attribute(model, [first, first], { tokens }, { of })).rejects.toThrow(
    'two coders write blocks.0.mlp.out',
  );
  const self = new Transcoder({ ...first, coder: { ...first.coder, centre: 'b_dec' }, to: first.from });
  await expect(attribute(model, [self], { tokens }, { of })).rejects.toThrow('is no transcoder');
  await expect(attribute(model, coders, { tokens: tensor([1n, 2n], [2, 1]) }, { of })).rejects.toThrow(
    'expected one example',
  );
  await expect(attribute(model, coders, { tokens }, { of: [1] })).rejects.toThrow(
    '1 weights of an output of 1×5×11',
  );
});
