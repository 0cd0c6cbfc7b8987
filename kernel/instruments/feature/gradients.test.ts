/** Every parameterization, transform and regularizer has the gradient that finite differences give. */
import { describe, expect, test } from 'vitest';
import { rng } from '../../base/rng.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { compile } from '../../engine/compile.ts';
import { reduceSum } from '../../engine/functions.ts';
import { gradients } from '../../engine/grad.ts';
import { checkGradient, normal, uniform } from '../../engine/testing.ts';
import { Trace } from '../../engine/trace.ts';
import type { Var } from '../../engine/var.ts';
import { cosine } from '../../train/schedule.ts';
import {
  alpha,
  colours,
  cppn,
  fourier,
  lowRank,
  pixel,
  pyramid,
  type Parameterization,
  type PictureDims,
} from './image/index.ts';
import * as regularize from './regularizers.ts';
import {
  background,
  blur,
  chained,
  grain,
  jitter,
  rotate,
  tint,
  type Transform,
} from './transforms/index.ts';

const picture = [2, 3, 5, 6] as const satisfies PictureDims;
const measured = colours(uniform([4, 3, 3, 3], 0, 1));

const parameterizations: readonly Parameterization[] = [
  pixel(),
  pixel({ decorrelated: measured }),
  pixel({ decorrelated: false }),
  fourier(),
  pyramid({ levels: 3 }),
  lowRank({ rank: 2 }),
  cppn({ layers: 2, width: 3 }),
  alpha(pixel()),
  alpha(fourier({ decorrelated: measured })),
];

describe('parameterizations', () => {
  test.each(parameterizations.map((image, i) => [`${i} ${image.text}`, image] as const))(
    '%s',
    async (name, image) => {
      await checkGradient(name, x => image.decode(x, picture), [normal(image.dims(picture))]);
      // the same dims come out of the start, and a picture in [0, 1] of it
      const start = image.start(picture, rng('start'));
      expect(start.dims).toEqual(image.dims(picture));
      const seen = (await decoded(image, start)).toNumbers();
      expect(seen).toHaveLength(2 * (image.alpha ? 4 : 3) * 30);
      expect(seen.every(value => value > 0 && value < 1)).toBe(true);
      // pictures of a batch do not depend on each other's numbers
      expect(new Set(seen.slice(0, 90)).size).toBeGreaterThan(20);
    },
  );

  async function decoded(image: Parameterization, parameters: Tensor): Promise<Tensor> {
    const trace = new Trace();
    const x = trace.input('x', 'float32', parameters.dims);
    const program = await compile(trace.graph({ y: image.decode(x, picture) }));
    return (await program.run({ x: parameters })).y;
  }

  test.each([
    ['pixel', (from: Tensor) => pixel({ from })],
    ['fourier', (from: Tensor) => fourier({ from })],
    ['fourier in measured colours', (from: Tensor) => fourier({ from, decorrelated: measured, decay: 1.5 })],
    ['pyramid', (from: Tensor) => pyramid({ from, levels: 2 })],
  ])('a start from a picture is that picture: %s', async (_, make) => {
    const from = uniform(picture, 0.05, 0.95);
    const image = make(from);
    const seen = (await decoded(image, image.start(picture, rng(0)))).toNumbers();
    from.toNumbers().forEach((value, i) => expect(seen[i]).toBeCloseTo(value, 4));
  });

  test('a start with opacity is opaque, and one of other dims is refused', async () => {
    const from = uniform([1, 3, 5, 6], 0.05, 0.95);
    const image = alpha(pixel({ from }));
    const seen = await decoded(image, image.start(picture, rng(0)));
    expect(
      seen
        .toNumbers()
        .slice(90, 120)
        .every(value => value > 0.98),
    ).toBe(true);
    const wrong = pixel({ from: uniform([1, 3, 4, 6], 0, 1) });
    expect(() => wrong.start(picture, rng(0))).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: starting picture is 1×3×4×6; expected 2×3×5×6]`,
    );
    expect(() => alpha(image)).toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: alpha of alpha(pixel(from a picture)), which has an alpha channel already]`,
    );
  });
});

test('measured colours make numbers vary as the pictures do', () => {
  const random = rng('colours');
  // red and green together, blue alone and half as much
  const data = Array.from({ length: 400 }, () => [random.normal(), random.normal()]);
  const planes = [0, 1, 2].flatMap(c => data.map(([a, b]) => (c < 2 ? a : b / 2)));
  const { mixing } = colours(tensor(Float32Array.from(planes), [1, 3, 20, 20]));
  const product = mixing.map(row => mixing.map(other => row.reduce((sum, x, k) => sum + x * other[k], 0)));
  // M·Mᵀ is the covariance, up to a factor
  expect(product[0][1] / product[0][0]).toBeCloseTo(1, 1);
  expect(product[2][2] / product[0][0]).toBeGreaterThan(0.2);
  expect(product[2][2] / product[0][0]).toBeLessThan(0.3);
  expect(Math.abs(product[0][2] / product[0][0])).toBeLessThan(0.1);
});

/** The chain with one draw of it held fixed. */
function applied(transforms: readonly Transform[], x: Var): Var {
  const probe = new Trace();
  const fed = chained(probe, probe.input('x', 'float32', x.dims), transforms).feed(rng('draw'));
  const held = { input: (name: string) => x.trace.constant(fed[name]) } as unknown as Trace;
  return chained(held, x, transforms).seen;
}

describe('transforms', () => {
  test.each([
    [[grain(0.2)], picture],
    [[tint(0.3)], picture],
    [[blur(0.8)], picture],
    [[background], [2, 4, 5, 6]],
    [
      [background, jitter(1), rotate([20]), blur(1), grain(0.1), tint(0.1)],
      [1, 4, 5, 6],
    ],
  ] as const)('%#', async (transforms, dims) => {
    await checkGradient(transforms.map(({ text }) => text).join(), x => applied(transforms, x), [
      uniform(dims, 0, 1),
    ]);
  });

  test('warps that follow each other are one resampling, filters between them are not', () => {
    const trace = new Trace();
    const x = trace.input('x', 'float32', [1, 3, 8, 8]);
    const { feed } = chained(trace, x, [jitter(1), rotate([5]), tint(0.1), blur(1), jitter(2)]);
    expect(Object.values(feed(rng(0))).map(({ dims }) => dims)).toEqual([
      [4, 3],
      [1, 3, 1, 1],
      [4, 3],
    ]);
  });

  test('an opaque picture hides its background, a transparent one shows it', async () => {
    const trace = new Trace();
    const x = trace.input('x', 'float32', [1, 4, 2, 2]);
    const { seen, feed } = chained(trace, x, [background]);
    const program = await compile(trace.graph({ seen }));
    const fed = feed(rng('behind'));
    const run = async (opacity: number) => {
      const values = Float32Array.from({ length: 16 }, (_, i) => (i < 12 ? 0.25 : opacity));
      return (await program.run({ x: tensor(values, [1, 4, 2, 2]), ...fed })).seen.toNumbers();
    };
    expect(await run(1)).toEqual(Array.from({ length: 12 }, () => 0.25));
    expect(new Set(await run(0)).size).toBeGreaterThan(6);
  });
});

describe('regularizers', () => {
  const { totalVariation, l1, l2, blur: smooth, centre, opacity } = regularize;
  test.each([
    [totalVariation(1), picture, 0],
    // away from grey, where |x − ½| has its corner
    [l1(1), picture, 0.55],
    [l2(1), picture, 0],
    [centre(1), picture, 0],
    [opacity(1), [2, 4, 5, 6], 0],
  ] as const)('%#', async ({ text, penalty }, dims, least) => {
    await checkGradient(text, penalty, [uniform(dims, least, 1)]);
  });

  test('blur draws towards the blurred picture, which it takes as given: 2(x − blur x)', async () => {
    const trace = new Trace();
    const x = trace.input('x', 'float32', [1, 1, 5, 6]);
    const [slope] = gradients(trace, reduceSum(smooth(1).penalty(x)), [x]);
    const value = uniform([1, 1, 5, 6], 0, 1);
    const { slope: received } = await (await compile(trace.graph({ slope }))).run({ x: value });
    const other = new Trace();
    const y = other.input('y', 'float32', [1, 1, 5, 6]);
    const { seen } = chained(other, y, [blur(1)]);
    const blurredValue = (await (await compile(other.graph({ seen }))).run({ y: value })).seen.toNumbers();
    received
      .toNumbers()
      .forEach((slopeAt, i) => expect(slopeAt).toBeCloseTo(2 * (Number(value.data[i]) - blurredValue[i]), 4));
  });

  test('each prints itself with its schedule', () => {
    expect([totalVariation(2), centre(3, { schedule: cosine() })].map(({ text }) => text)).toEqual([
      'totalVariation(2)',
      'centre(3, cosine(floor 0))',
    ]);
  });
});
