/** Dropout and batch normalization in training: what a step does, and what comes out of it. */
import { expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { checkGradient, normal } from '../engine/testing.ts';
import { compile } from '../engine/compile.ts';
import { upgrade } from '../engine/upgrade.ts';
import { mul } from '../engine/functions.ts';
import { batchNorm, dropout, linear, network, relu, sequential } from '../nn/index.ts';
import { fit } from './fit.ts';
import { mse } from './loss.ts';
import { fillMask } from './mask.ts';
import { sgd } from './optimizer.ts';
import { parametersOf } from './parameters.ts';
import { stepGraph } from './step.ts';
import { batchNormalized } from './training-form.ts';

const net = network(
  sequential(
    linear('a', { features: 6 }),
    relu('r'),
    dropout('drop', { rate: 0.25 }),
    linear('y', { features: 1 }),
  ),
  { name: 'dropping', inputs: { x: ['batch', 3] } },
);
const batch = { x: normal([5, 3]), target: normal([5, 1]) };
const options = { loss: mse({ output: 'y' }), optimizer: sgd({ lr: 0.05 }), steps: 6, live: false };
const weights = async (seed: number) =>
  [...(await fit(net, batch, { ...options, seed })).graph.constants.values()].flatMap(each =>
    each.toNumbers(),
  );

test('a dropout layer passes everything in use, and its node stays for training', async () => {
  expect(net.nodes.map(({ op, outputs }) => `${op} ${outputs}`)).toContain('Dropout drop');
  const program = await compile({
    ...net,
    outputs: [{ name: 'drop', dtype: 'float32', dims: ['batch', 6] }],
  });
  const plain = await compile({ ...net, outputs: [{ name: 'r', dtype: 'float32', dims: ['batch', 6] }] });
  const [dropped, passed] = [await program.run({ x: batch.x }), await plain.run({ x: batch.x })];
  expect(dropped.drop.toNumbers()).toEqual(passed.r.toNumbers());
});

test('a step multiplies by a mask that it is fed, which the seed decides', async () => {
  const step = stepGraph({
    graph: net,
    parameters: parametersOf(net),
    batch: { x: { dtype: 'float32', dims: [5, 3] }, target: { dtype: 'float32', dims: [5, 1] } },
    ...options,
  });
  expect(step.inputs.find(({ name }) => name === 'train/mask/drop')?.dims).toEqual([5, 6]);
  expect(step.metadata['train/kept']).toBe('{"train/mask/drop":0.75}');
  expect(await weights(1)).toEqual(await weights(1));
  expect(await weights(1)).not.toEqual(await weights(2));
});

test('before opset 12 the ratio was an attribute: it is kept in training', () => {
  const upgraded = upgrade({
    ...net,
    opsets: { '': 11 },
    nodes: net.nodes.map(node =>
      node.op === 'Dropout'
        ? { ...node, inputs: node.inputs.slice(0, 1), attributes: { ratio: 0.125 } }
        : node,
    ),
  });
  const step = stepGraph({
    graph: upgraded,
    parameters: parametersOf(upgraded),
    batch: { x: { dtype: 'float32', dims: [5, 3] }, target: { dtype: 'float32', dims: [5, 1] } },
    ...options,
  });
  expect(step.metadata['train/kept']).toBe('{"train/mask/drop":0.875}');
});

test('a mask keeps the share that it should, at either half of a number, and keeps the mean', () => {
  const mask = new Float32Array(100_001);
  fillMask(mask, 0.7, rng(3));
  for (const parity of [0, 1]) {
    const half = mask.filter((_, i) => i % 2 === parity);
    // the share of kept ones of 50 000 has a standard deviation of 0.002
    expect(Math.abs(half.filter(value => value > 0).length / half.length - 0.7)).toBeLessThan(0.01);
  }
  expect(Math.max(...mask.subarray(0, 100))).toBeCloseTo(1 / 0.7, 4);
  const neighbours = mask.reduce((sum, value, i) => sum + +(value > 0 && mask[i + 1] > 0), 0) / mask.length;
  expect(Math.abs(neighbours - 0.49)).toBeLessThan(0.01);
});

test.each([[[4, 3, 2, 2]], [[5, 3]]])('the gradient of batch normalization over %j', async dims => {
  await checkGradient(
    'batch normalization',
    (x, gain, offset) => {
      const { y } = batchNormalized(x, gain, offset, 1e-3);
      return mul(y, y);
    },
    [normal(dims), normal([3], 1), normal([3], 2)],
  );
});

test('a batch normalization whose gain and offset are frozen stays as it is in use', () => {
  const graph = network(sequential(batchNorm('bn'), linear('y', { features: 1 })), {
    inputs: { x: ['batch', 3] },
  });
  const entries = {
    x: { dtype: 'float32', dims: [5, 3] },
    target: { dtype: 'float32', dims: [5, 1] },
  } as const;
  const results = (freeze: readonly RegExp[]) => {
    const parameters = parametersOf(graph, undefined, freeze);
    const step = stepGraph({ graph, parameters, batch: entries, ...options });
    return step.outputs.map(({ name }) => name);
  };
  expect(results([/^bn/])).toEqual(['train/loss', 'train/parameters/next']);
  expect(results([/^y.bias/])).toContain('train/running/next');
});
