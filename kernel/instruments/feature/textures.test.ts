/**
 * Is what ascent finds what the network knows? Pictures made for all fourteen classes of `zoo:textures`, from noise, are
 * given to the unedited file in plain ONNX Runtime. Controls that must fail: gradients in another order, weights in
 * another order, and the noise itself.
 */
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { beforeAll, expect, test } from 'vitest';
import { rng } from '../../base/rng.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { textures } from '../../data/textures.ts';
import { gather, reshape } from '../../engine/functions.ts';
import type { Var } from '../../engine/var.ts';
import { load } from '../../model/load.ts';
import { Model } from '../../model/model.ts';
import { feature, type FeatureOptions } from './feature.ts';
import { logit } from './objectives/index.ts';

let model: Model;
let plain: InferenceSession;
beforeAll(async () => {
  model = await load('zoo:textures');
  plain = await InferenceSession.create(
    readFileSync(new URL('../../zoo/textures/textures.onnx', import.meta.url)),
  );
});

const classes = textures.classes.map((_, index) => index);
const goals = classes.map(index => logit('logits', index));

/** How many of fourteen pictures the file takes for the class that each was made for. */
async function taken(images: Tensor): Promise<number> {
  const fed = new OrtTensor('float32', images.data as Float32Array, [...images.dims]);
  const { logits } = await plain.run({ image: fed });
  const scores = Array.from(logits.data as Float32Array);
  return classes.filter(index => {
    const row = scores.slice(14 * index, 14 * index + 14);
    return row.indexOf(Math.max(...row)) === index;
  }).length;
}

const made = async (network: Model, options: FeatureOptions = {}) =>
  (await feature(network, goals, { steps: 64, seed: 1, live: false, ...options })).images;

const shuffled = (g: Var): Var => {
  const count = g.dims.reduce((a, b) => a * b, 1);
  const order = tensor(BigInt64Array.from(rng('shuffle').permutation(count), BigInt));
  return reshape(gather(reshape(g, [count]), g.trace.constant(order)), g.dims);
};

/** Weights in another order, layer by layer. */
function disordered({ graph }: Model): Model {
  const mixed = ([name, value]: [string, Tensor]): [string, Tensor] => {
    if (value.dtype !== 'float32' || value.size < 2) return [name, value];
    const data = value.data as Float32Array;
    return [
      name,
      tensor(
        Float32Array.from(rng(name).permutation(data.length), i => data[i]),
        value.dims,
      ),
    ];
  };
  return new Model('disordered', { ...graph, constants: new Map([...graph.constants].map(mixed)) });
}

test('pictures of all classes are taken for them; those of the controls are not', async () => {
  expect(await taken(await made(model))).toBe(14);
  const most = 4;
  expect(await taken(await made(model, { gradient: shuffled }))).toBeLessThanOrEqual(most);
  expect(await taken(await made(disordered(model)))).toBeLessThanOrEqual(most);
  expect(await taken(await made(model, { steps: 1 }))).toBeLessThanOrEqual(most);
}, 300_000);
