/** The loss of every architecture, and its gradients, as PyTorch has them (`fixtures/losses.py`). */
import { describe, expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { Tensor } from '../../base/tensor.ts';
import { sgd } from '../../train/index.ts';
import type { Architecture } from './architecture.ts';
import { batchTopK, gated, jumpRelu, matryoshka, relu, topK } from './architectures/index.ts';
import { layoutOf, type Coder } from './coder.ts';
import { auxiliary, ghosts } from './revive.ts';
import { SILENCE } from './step.ts';
import { Trainer } from './trainer.ts';

interface Case {
  kind: 'relu' | 'topK' | 'batchTopK' | 'matryoshka' | 'jumpRelu' | 'gated';
  sae: boolean;
  skip?: boolean;
  outputs?: number[];
  l1?: number;
  l0?: number;
  k?: number;
  bandwidth?: number;
  prefixes?: number[];
  revival?: 'auxiliary' | 'ghosts';
  dead?: number[];
  x: number[];
  y: number[];
  weights: Record<string, number[]>;
  loss: number;
  z: number[];
  gradients: Record<string, number[]>;
}

const { rows, inputs, features, cases } = JSON.parse(
  readFileSync(new URL('./fixtures/losses.json', import.meta.url), 'utf8'),
) as { rows: number; inputs: number; features: number; cases: Case[] };

const architectureOf: Record<Case['kind'], (options: Case) => Architecture> = {
  relu,
  topK,
  batchTopK,
  matryoshka,
  jumpRelu: ({ l0, bandwidth }) => jumpRelu({ l0, bandwidth }),
  gated,
};

const named = (each: Case) =>
  [
    each.kind,
    each.sae ? 'autoencoder' : 'transcoder',
    each.skip && 'skip',
    each.outputs && 'two sites',
    each.revival,
    each.dead,
  ]
    .filter(Boolean)
    .join(' ');

/** Feeds the case's weights and rows, takes one plain step at rate 1: the gradient is what θ has moved by. */
async function stepped(each: Case) {
  const outputs = each.outputs ?? [each.y.length / rows];
  const coder: Coder = {
    architecture: architectureOf[each.kind](each),
    inputs: [inputs],
    outputs,
    features,
    centre: each.sae ? 'b_dec' : 'b_in',
    skip: each.skip ?? false,
  };
  const trainer = new Trainer({
    coder,
    optimizer: sgd({ lr: 1 }),
    rows,
    scales: { inputs: 1, outputs: 1 },
    unit: false,
    deadAfter: 1,
    revival: each.revival && { auxiliary, ghosts }[each.revival](),
    seed: 0,
  });
  const given = Object.fromEntries(
    Object.entries(each.weights).map(([name, values]) => [name, Float32Array.from(values)]),
  );
  trainer.begin(0, given);
  if (each.dead) trainer.vectors()[SILENCE].set(each.dead);
  const width = outputs.reduce((sum, value) => sum + value, 0);
  const metrics = await trainer.step(0, 1, 1, {
    x: new Tensor('float32', [rows, inputs], Float32Array.from(each.x)),
    y: new Tensor('float32', [rows, width], Float32Array.from(each.sae ? each.x : each.y)),
  });
  const after = trainer.weights();
  await trainer.release();
  const gradients = Object.fromEntries(
    layoutOf(coder).trained.map(({ name }) => [
      name,
      Array.from(given[name], (value, i) => value - (after[name].data as Float32Array)[i]),
    ]),
  );
  return { metrics, gradients };
}

describe.each(cases.map(each => [named(each), each] as const))('%s', (_name, each) => {
  test('loss and gradients are those of PyTorch', async () => {
    const { metrics, gradients } = await stepped(each);
    expect(metrics.loss).toBeCloseTo(each.loss, 4);
    expect(metrics.l0).toBeCloseTo(each.z.filter(value => value > 0).length / rows, 5);
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(each.gradients).sort());
    for (const [name, wanted] of Object.entries(each.gradients)) {
      const off = wanted.map((value, i) => Math.abs(value - gradients[name][i]));
      expect(Math.max(...off), name).toBeLessThan(2e-5);
      // a gradient that is zero everywhere would tell nothing
      expect(Math.max(...wanted.map(Math.abs)), name).toBeGreaterThan(1e-3);
    }
  });
});
