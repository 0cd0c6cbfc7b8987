/** The parts of feature visualization, each alone: what it computes, and its gradient against finite differences. */
import { expect, test } from 'vitest';
import { rng } from '../../base/rng.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { compile } from '../../engine/compile.ts';
import { checkGradient, normal } from '../../engine/testing.ts';
import { Trace } from '../../engine/trace.ts';
import type { Var } from '../../engine/var.ts';
import { fourier, pixel, preprocess, type PictureDims } from './image/index.ts';
import { jitter, pad, rotate, scale, type Warp } from './transforms/index.ts';
import { mapTensor, resample, type Affine } from './transforms/resample.ts';
import { compose, reachOf } from './transforms/warps.ts';

async function evaluate(build: (...inputs: Var[]) => Var, ...inputs: Tensor[]): Promise<Tensor> {
  const trace = new Trace();
  const vars = inputs.map((value, i) => trace.input(`x${i}`, value.dtype, value.dims));
  const program = await compile(trace.graph({ y: build(...vars) }));
  return (await program.run(Object.fromEntries(inputs.map((value, i) => [`x${i}`, value])))).y;
}

const resampled =
  (transforms: readonly Warp[], height: number, width: number, seed = 1) =>
  (x: Var) =>
    resample(
      x,
      x.trace.constant(mapTensor(compose(transforms, rng(seed)), height, width)),
      reachOf(transforms),
    );
/** A transform that is always this map. */
const always = (...affine: Affine): Warp => ({ text: 'always', draw: () => affine });

const picture = [1, 3, 5, 6] as const satisfies PictureDims;

test.each([
  ['fourier, odd height', (x: Var) => fourier().decode(x, picture), normal(fourier().dims(picture))],
  [
    'fourier, odd width',
    (x: Var) => fourier({ decay: 0.5 }).decode(x, [2, 1, 4, 5]),
    normal(fourier().dims([2, 1, 4, 5])),
  ],
  ['pixel', (x: Var) => pixel().decode(x, picture), normal(picture)],
  [
    'preprocess',
    (x: Var) => preprocess(x, { scale: 2, mean: [0.1, 0.2, 0.3], std: [1, 2, 4], order: 'bgr' }),
    normal(picture),
  ],
  [
    'resampling, turned and shifted',
    resampled([rotate([30]), jitter(2), scale([0.8])], 5, 6),
    normal(picture),
  ],
  ['resampling, enlarged', resampled([scale([2.3])], 5, 6), normal(picture)],
  ['resampling, seen from afar', resampled([pad(4, 6), rotate([90])], 5, 6), normal(picture)],
  [
    'resampling, all at once',
    resampled([jitter(1), scale([1.1]), rotate([10]), jitter(1)], 7, 7),
    normal([2, 1, 7, 7]),
  ],
] as const)('%s has its gradient', async (name, build, input) => {
  await checkGradient(name, build as (x: Var) => Var, [input]);
});

test('a reach that is too short loses part of the gradient, and the check sees it', async () => {
  const map = (x: Var) => x.trace.constant(mapTensor([0.4, 0, 0, 0, 0.4, 0], 5, 6));
  await checkGradient('long enough', x => resample(x, map(x), 2.5), [normal(picture)]);
  await expect(checkGradient('too short', x => resample(x, map(x), 1), [normal(picture)])).rejects.toThrow(
    /off by/,
  );
});

test('the Fourier picture of one frequency is one wave', async () => {
  const dims: PictureDims = [1, 1, 8, 8];
  const plain = fourier({ decay: 0, decorrelated: false });
  const spectrum = tensor(new Float32Array(2 * 8 * 5), [2, 1, 8, 5]);
  (spectrum.data as Float32Array)[2] = 1; // real part, no cycles down, two across
  const values = (await evaluate(x => plain.decode(x, dims), spectrum))
    .toNumbers()
    .map(y => Math.log(y / (1 - y)));
  // x[p] = 2·cos(2π·2p/8) / √(8·8) / 4
  values.forEach((value, i) =>
    expect(value).toBeCloseTo((2 * Math.cos((2 * Math.PI * 2 * (i % 8)) / 8)) / 32, 5),
  );
});

test('a start from a picture decodes to that picture', async () => {
  const random = rng('start');
  const from = tensor(
    Float32Array.from({ length: 90 }, () => random.between(0.05, 0.95)),
    picture,
  );
  const parameterization = pixel({ from });
  const decoded = await evaluate(
    x => parameterization.decode(x, picture),
    parameterization.start(picture, random),
  );
  decoded.toNumbers().forEach((value, i) => expect(value).toBeCloseTo(Number(from.data[i]), 5));
});

test('no transform is the picture itself; a shift moves it and fills with grey', async () => {
  const x = normal([1, 1, 4, 4]);
  expect((await evaluate(resampled([always(1, 0, 0, 0, 1, 0)], 4, 4), x)).toNumbers()).toEqual(x.toNumbers());
  const shifted = await evaluate(resampled([always(1, 0, 1, 0, 1, 0)], 4, 4), x);
  expect(shifted.toNumbers().slice(0, 4)).toEqual([...x.toNumbers().slice(1, 4), 0.5]);
});

test('four quarter turns are no turn', async () => {
  const x = normal([1, 3, 6, 6]);
  const turned = await evaluate(resampled([rotate([90]), rotate([90]), rotate([90]), rotate([90])], 6, 6), x);
  turned.toNumbers().forEach((value, i) => expect(value).toBeCloseTo(Number(x.data[i]), 4));
});

test('transforms compose in order, and the same seed draws the same', () => {
  const [zoom] = compose([pad(4, 8), scale([2])], rng(0));
  expect(zoom).toBeCloseTo(1);
  const chain = [jitter(3), rotate([-5, 5]), scale([0.9, 1.1])];
  expect(compose(chain, rng(7))).toEqual(compose(chain, rng(7)));
  expect(compose(chain, rng(7))).not.toEqual(compose(chain, rng(8)));
});
