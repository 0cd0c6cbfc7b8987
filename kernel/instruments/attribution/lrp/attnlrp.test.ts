/** Relevance through attention against LXT, the package of AttnLRP's authors (`fixtures/attnlrp.py`). */
import { beforeAll, expect, test } from 'vitest';
import { sizeOf, type Dims } from '../../../base/shape.ts';
import { tensor, type Tensor } from '../../../base/tensor.ts';
import {
  add,
  constant,
  div,
  matmul,
  mul,
  reduceMean,
  reshape,
  softmax,
  split,
  sqrt,
} from '../../../engine/functions.ts';
import type { Var } from '../../../engine/var.ts';
import { Model } from '../../../model/model.ts';
import { pick } from '../../../model/objective.ts';
import * as nn from '../../../nn/index.ts';
import * as attribution from '../index.ts';
import { difference, network, reference } from '../testing-fixtures.ts';

let theirs: Record<string, Tensor>;
beforeAll(async () => {
  theirs = await reference('attnlrp');
});

const rules = attribution.epsilon();

test('a transformer, from a logit of the last word to what its block reads', async () => {
  const { 'text/tokens': tokens } = await reference();
  const model = await network('text');
  const of = pick('logits', [0, -1, 2]);
  const { name: at } = [...model.sites].find(({ op }) => op === 'Add')!;
  const { values } = await attribution.lrp(model, { tokens }, { of, at, rules });
  expect(difference(values, theirs.text)).toBeLessThan(1e-4);
  // patterns that count as weights are another method
  const constantly = await attribution.lrp(model, { tokens }, { of, at, rules, attention: 'constant' });
  expect(difference(constantly.values, theirs.text)).toBeGreaterThan(0.01);
});

const rows = (x: Var, epsilon: number) => sqrt(add(reduceMean(mul(x, x), [-1], true), epsilon));

const operations: Record<string, (...inputs: Var[]) => Var> = {
  softmax: x => softmax(x, -1),
  matmul: (a, b) => matmul(a, b),
  product: (a, b) => mul(a, b),
  rms: x => mul(div(x, rows(x, 1e-5)), constant(x.trace, theirs.gain)),
  layer: x =>
    x.trace.apply('LayerNormalization', [
      x,
      constant(x.trace, theirs.gain),
      constant(x.trace, theirs.shift),
    ])[0],
};

/** What an operation hands to its inputs, end to end, where `arriving` arrives behind it. */
async function handed(name: string): Promise<Tensor> {
  const inputs = [0, 1].flatMap(i => theirs[`${name}/input${i}`] ?? []);
  const arriving = theirs[`${name}/arriving`];
  const all = tensor(
    inputs.flatMap(input => input.toNumbers()),
    [1, inputs.reduce((sum, { size }) => sum + size, 0)],
  );
  const applied = (x: Var): Var => {
    const parts = split(x, inputs.map(({ size }) => size), 1); // prettier-ignore
    return operations[name](...inputs.map(({ dims }, i) => reshape(parts[i], dims as Dims)));
  };
  // a score Σ (arriving/y)·y has, by the ε rule, the relevance `arriving` at y
  const values = await new Model(
    'values',
    nn.network({ build: ({ x }) => ({ y: applied(x) }) }, { inputs: { x: all.dims } }),
  ).run({ x: all });
  const y = values.outputs.y.toNumbers();
  const weights = tensor(
    arriving.toNumbers().map((value, i) => value / y[i]),
    [y.length, 1],
  );
  const model = new Model(
    'scored',
    nn.network(
      {
        build: ({ x }) => ({
          score: matmul(reshape(applied(x), [1, sizeOf(arriving.dims)]), constant(x.trace, weights)),
        }),
      },
      { inputs: { x: all.dims } },
    ),
  );
  return (await attribution.lrp(model, { x: all }, { of: pick('score', [0, 0]), rules })).values;
}

test.each([
  ['softmax', 'its Taylor expansion', 1],
  ['matmul', 'half each', 2],
  ['product', 'half each', 2],
  ['rms', 'an identity', 1],
  ['layer', 'an identity behind the mean', 1],
] as const)('%s: %s', async (name, _, count) => {
  const expected = Array.from({ length: count }, (_, i) =>
    theirs[`${name}/relevance${i}`].toNumbers(),
  ).flat();
  const found = await handed(name);
  expect(difference(found, tensor(expected, [1, expected.length]))).toBeLessThan(1e-4);
});
