/** Time for memory in training: the same bits with fewer values alive, and a plain error for a site that is none. */
import { expect, test } from 'vitest';
import { optimize } from '../engine/optimize/index.ts';
import { profiled } from '../engine/testing-peak.ts';
import { rng } from '../base/rng.ts';
import { tensor, type Tensor } from '../base/tensor.ts';
import * as nn from '../nn/index.ts';
import type { Graph } from '../onnx/graph.ts';
import { fit } from './fit.ts';
import { crossEntropy } from './loss.ts';
import { adam, sgd } from './optimizer.ts';
import { parametersOf } from './parameters.ts';
import { stepGraph } from './step.ts';

const random = rng(0);
const tokens = (vocabulary: number, ...dims: number[]): Tensor =>
  tensor(
    BigInt64Array.from({ length: dims.reduce((a, b) => a * b) }, () => BigInt(random.integer(vocabulary))),
    dims,
  );
const normal = (...dims: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => random.normal()),
    dims,
  );

const gpt = nn.gpt2({ layers: 6, width: 16, heads: 2, vocabulary: 11, context: 32 });
const text = { tokens: tokens(11, 4, 32), label: tokens(11, 4, 32) };
const perLayer = [/resid\.post$/];

const convnet = nn.network(
  nn.sequential(
    nn.conv('one', { channels: 4 }),
    nn.batchNorm('norm'),
    nn.relu('relu'),
    nn.dropout('drop', { rate: 0.5 }),
    nn.conv('two', { channels: 4 }),
    nn.globalAveragePool('pool'),
    nn.flatten('flat'),
    nn.linear('logits', { features: 3 }),
  ),
  { inputs: { image: ['batch', 2, 8, 8] } },
);
const pictures = { image: normal(6, 2, 8, 8), label: tokens(3, 6) };

test.each([
  ['a transformer', gpt, text, perLayer],
  ['a convolutional network with running statistics and masks', convnet, pictures, ['one', 'two']],
])('%s learns to the same bits', async (_, net, batch, keep) => {
  const trained = async (keep?: (string | RegExp)[]) => {
    const options = { loss: crossEntropy(), optimizer: adam({ lr: 1e-2 }), steps: 4, live: false };
    const { losses, model } = await fit(net, () => batch, { ...options, keep });
    const weights = [...model.graph.constants.values()].map(value => value.data);
    return { losses, weights };
  };
  expect(await trained(keep)).toEqual(await trained());
});

test('six layers: their hidden values are gone when the loss is known', async () => {
  const step = (keep?: RegExp[]): Graph =>
    stepGraph({
      graph: gpt,
      parameters: parametersOf(gpt),
      batch: text,
      loss: crossEntropy(),
      optimizer: sgd(),
      keep,
    });
  const [plain, light] = [step(), step(perLayer)];
  const feeds = Object.fromEntries(
    plain.inputs.map(({ name, dims }) => [name, text[name as 'label'] ?? normal(...(dims as number[]))]),
  );
  const [before, after] = [await profiled(optimize(plain), feeds), await profiled(optimize(light), feeds)];
  expect(after.peak).toBeLessThan(0.5 * before.peak);
  const count = (nodes: readonly { op: string }[], op: string) => nodes.filter(each => each.op === op).length;
  expect([count(before.nodes, 'Softmax'), count(after.nodes, 'Softmax')]).toEqual([7, 13]);
});

test('a site that is none', async () => {
  await expect(
    fit(gpt, () => text, { loss: crossEntropy(), steps: 1, live: false, keep: ['blocks.0.resid.pots'] }),
  ).rejects.toThrow('unknown site: blocks.0.resid.pots; nearest: blocks.0.resid.post');
});
