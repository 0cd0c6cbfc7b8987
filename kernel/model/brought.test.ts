/**
 * Networks as each framework's exporter leaves them (the files of the tenth guide, made by the scripts beside them):
 * they answer as they did in Python, and so do their gradients.
 */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { tensor, type Tensor } from '../base/tensor.ts';
import { readNpz } from '../data/files/npy.ts';
import { load } from './load.ts';
import { pick } from './objective.ts';

const file = (name: string) =>
  fileURLToPath(new URL(`../../notebooks/guide/10-models/${name}`, import.meta.url));
const { pixels, label } = await readNpz(file('held.npz'));
const [digit] = label.toNumbers();

/** The largest difference, as a share of the largest number. */
const difference = (ours: Tensor, theirs: Tensor): number => {
  const [a, b] = [ours.toNumbers(), theirs.toNumbers()];
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / Math.max(...b.map(Math.abs));
};

test.each(['pytorch-dynamo', 'pytorch-torchscript', 'tensorflow', 'jax'])('%s: pictures', async name => {
  const model = await load(file(`${name}.onnx`));
  const answers = await readNpz(file(`${name.replace(/-.*/, '')}.npz`));
  const { mean, std, labels } = model.imageInput!;
  expect(labels).toHaveLength(10);
  const image = tensor(
    pixels.toNumbers().map(pixel => (pixel - mean[0]) / std[0]),
    [200, 1, 8, 8],
  );
  const { outputs, sites } = await model.run({ image }, { read: ['conv1', 'relu1', 'conv2'] });
  expect(difference(outputs.scores, answers.scores)).toBeLessThan(1e-5);
  expect([sites.conv1, sites.conv2].map(({ dims }) => dims.slice(1))).toEqual([
    [8, 8, 8],
    [16, 4, 4],
  ]);
  const first = image.at(0).reshape([1, 1, 8, 8]);
  const { image: slope } = await model.gradient(
    { image: first },
    { of: pick('scores', [0, digit]), at: ['image'] },
  );
  expect(difference(slope, answers.slope)).toBeLessThan(1e-5);
  const second = image.at(1).reshape([1, 1, 8, 8]);
  const other = await model.gradient({ image: second }, { of: pick('scores', [0, digit]), at: ['image'] });
  expect(difference(other.image, answers.slope)).toBeGreaterThan(0.1);
});

test.each(['pipeline', 'mlp', 'forest'])('scikit-learn, %s: rows of numbers', async name => {
  const model = await load(file(`scikit-${name}.onnx`));
  const answers = await readNpz(file(`scikit-${name}.npz`));
  const { probabilities } = (await model.run({ X: pixels.reshape([200, 64]) })).outputs;
  expect(difference(probabilities, answers.scores)).toBeLessThan(1e-5);
});

test('the slopes of a pipeline are its coefficients; as an operator of scikit-learn it has none, and says so', async () => {
  const X = pixels.at(0).reshape([1, 64]);
  const { slope } = await readNpz(file('scikit-pipeline.npz'));
  const plain = await load(file('scikit-pipeline.onnx'));
  const found = await plain.gradient({ X }, { of: pick('Add', [0, digit]), at: ['X'] });
  expect(difference(found.X, slope)).toBeLessThan(1e-5);
  const fused = await load(file('trap-scaler.onnx'));
  await expect(fused.gradient({ X }, { of: pick('probabilities', [0, digit]), at: ['X'] })).rejects.toThrow(
    /^no rule for op ai\.onnx\.ml\.Scaler at Scaler; the model can be run and read/,
  );
});

test.each([
  ['alone', /external data trap-alone\.onnx\.data: there is no such file beside the model; copy it there/],
  ['custom', /^Swirl: unknown op: not in domain my\.lab; export the model without custom operators/],
  ['opset', /opset 6; expected 7 to \d+; convert it with onnx\.version_converter/],
  ['zipmap', /output output_probability is not a tensor but a sequence, map/],
])('trap-%s.onnx says what is wrong with it', async (name, message) => {
  await expect(load(file(`trap-${name}.onnx`))).rejects.toThrow(message);
});
