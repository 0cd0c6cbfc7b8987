/** vjp, jvp, hvp and overridden rules on a small network, by site names; what they refuse. */
import { beforeAll, describe, expect, test } from 'vitest';
import { tensor, type Tensor } from '../base/tensor.ts';
import { greater, indicator, mul, relu as rectified } from '../engine/functions.ts';
import { override } from '../engine/override.ts';
import { float16 } from '../engine/packing.ts';
import { normal } from '../engine/testing.ts';
import {
  conv,
  embedding,
  flatten,
  globalAveragePool,
  linear,
  network,
  relu,
  sequential,
  tanh,
} from '../nn/index.ts';
import { Model } from './model.ts';
import { pick } from './objective.ts';

const graph = network(
  sequential(
    conv('conv1', { channels: 4 }),
    relu('relu1'),
    conv('conv2', { channels: 6, stride: 2 }),
    tanh('act2'),
    conv('conv3', { channels: 5 }),
    relu('relu3'),
    globalAveragePool('pool'),
    flatten('flat'),
    linear('logits', { features: 3 }),
  ),
  { name: 'small', inputs: { image: ['batch', 3, 8, 8] }, seed: 1 },
);
const of = pick('logits', [0, 1]);
const at = ['image'];

let model: Model;
let image: Tensor;
let direction: Tensor;
beforeAll(() => {
  model = new Model('small', graph);
  image = normal([1, 3, 8, 8], 'image');
  direction = normal([1, 3, 8, 8], 'direction');
});

const along = (step: number): Tensor =>
  tensor(
    image.toNumbers().map((x, i) => x + step * direction.toNumbers()[i]),
    image.dims,
  );
const dot = (a: Tensor, b: Tensor) => a.toNumbers().reduce((sum, x, i) => sum + x * b.toNumbers()[i], 0);

/** Central differences of `measure` along the direction. */
async function differences(measure: (image: Tensor) => Promise<Tensor>, step: number): Promise<number[]> {
  const [ahead, behind] = [await measure(along(step)), await measure(along(-step))];
  return ahead.toNumbers().map((value, i) => (value - behind.toNumbers()[i]) / (2 * step));
}

function close(received: Tensor, expected: readonly number[], tolerance: number): void {
  const scale = Math.max(...expected.map(Math.abs));
  expect(scale).toBeGreaterThan(1e-3);
  received
    .toNumbers()
    .forEach((value, i) => expect(Math.abs(value - expected[i]) / scale).toBeLessThan(tolerance));
}

describe('products', () => {
  test('jvp: what a small step does to every site that is asked for', async () => {
    const moved = await model.jvp({ image }, { of: ['logits', 'conv2'], at: { image: direction } });
    expect(Object.entries(moved).map(([name, value]) => `${name} ${value.dims}`)).toEqual([
      'logits 1,3',
      'conv2 1,6,4,4',
    ]);
    const logits = async (image: Tensor) => (await model.run({ image })).outputs.logits;
    close(moved.logits, await differences(logits, 1e-3), 5e-3);
  });

  test('vjp is the transpose of jvp, and of a one-hot vector the gradient', async () => {
    const seed = tensor([0.5, -1, 2], [1, 3]);
    const { image: pulled } = await model.vjp({ image }, { of: { logits: seed }, at });
    const { logits: pushed } = await model.jvp({ image }, { of: ['logits'], at: { image: direction } });
    expect(dot(pulled, direction)).toBeCloseTo(dot(seed, pushed), 4);
    const one = await model.vjp({ image }, { of: { logits: tensor([0, 1, 0], [1, 3]) }, at });
    const gradient = await model.gradient({ image }, { of, at });
    expect(one.image.data).toEqual(gradient.image.data);
  });

  test('hvp: how the gradient moves', async () => {
    const { image: bend } = await model.hvp({ image }, { of, at: { image: direction } });
    const gradient = async (image: Tensor) => (await model.gradient({ image }, { of, at })).image;
    close(bend, await differences(gradient, 1e-3), 1e-2);
  });

  test('refuse a vector of other dims and an unknown site', async () => {
    const wrong = tensor([1, 2, 3]);
    await expect(
      model.jvp({ image }, { of: ['logits'], at: { image: wrong } }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: tangent for image is 3; expected 1×3×8×8, like image itself]`,
    );
    await expect(
      model.vjp({ image }, { of: { logits: wrong }, at }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: seed for logits is 3; expected 1×3, like logits itself]`,
    );
    await expect(
      model.hvp({ image }, { of, at: { imag: direction } }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown site: imag; nearest: image, flat, conv1; model.sites lists all]`,
    );
  });
});

describe('overrides', () => {
  const guided = (target: string) =>
    override(target, ({ dy, outputs: [y] }) => mul(rectified(dy), indicator(greater(y, 0), y)));
  const gradientBy = async (...overrides: ReturnType<typeof override>[]) =>
    (await model.gradient({ image }, { of, at: ['conv1'], override: overrides })).conv1.toNumbers();

  test('of an op change the gradient everywhere, of a site there; the next gradient is as before', async () => {
    const plain = await gradientBy();
    const everywhere = await gradientBy(guided('Relu'));
    const first = await gradientBy(guided('relu1'));
    const both = await gradientBy(guided('relu1'), guided('relu3'));
    // behind relu1, guided backpropagation keeps just what is positive
    expect(first).toEqual(plain.map(value => Math.max(0, value)));
    expect(everywhere).not.toEqual(first);
    expect(everywhere).toEqual(both);
    expect(await gradientBy()).toEqual(plain);
  });

  test('hold for vjp too, and for hvp', async () => {
    const none = override('act2', ({ dy }) => mul(dy, 0));
    const seed = { logits: tensor([0, 1, 0], [1, 3]) };
    const { image: pulled } = await model.vjp({ image }, { of: seed, at, override: [none] });
    const { image: bend } = await model.hvp({ image }, { of, at: { image: direction }, override: [none] });
    expect([pulled, bend].map(value => new Set(value.toNumbers().map(Math.abs)))).toEqual([
      new Set([0]),
      new Set([0]),
    ]);
  });

  test('refuse what the network does not have', async () => {
    await expect(gradientBy(guided('Rely'))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown op or site: Rely; nearest: Relu, relu1, relu3; name an op type of this network or a site of model.sites]`,
    );
    await expect(gradientBy(guided('relu2'))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown op or site: relu2; nearest: Relu, relu1, relu3; name an op type of this network or a site of model.sites]`,
    );
    await expect(gradientBy(guided('image'))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: cannot override image: it is an input, which no op computes]`,
    );
  });
});

describe('memory', () => {
  const bytes = (values: readonly { bytes: number }[]) => values.reduce((sum, value) => sum + value.bytes, 0);

  test('checkpoint: fewer bytes from forward to back, the same gradient bit for bit', async () => {
    const plain = model.saved({ image }, { of, at });
    expect(plain.map(({ name, dtype, dims }) => `${name} ${dtype} ${dims}`)).toMatchInlineSnapshot(`
      [
        "relu1 float32 1,4,8,8",
        "act2 float32 1,6,4,4",
        "relu3 float32 1,5,4,4",
      ]
    `);
    const light = model.saved({ image }, { of, at, checkpoint: ['conv2'] });
    expect(light.map(({ name }) => name)).toContain('conv2');
    expect(bytes(light)).toBeLessThan(0.5 * bytes(plain));
    const [expected, received] = [
      await model.gradient({ image }, { of, at }),
      await model.gradient({ image }, { of, at, checkpoint: ['conv2'] }),
    ];
    expect(received.image.data).toEqual(expected.image.data);
    const again = { of, at: { image: direction } };
    const bends = [
      await model.hvp({ image }, again),
      await model.hvp({ image }, { ...again, checkpoint: [] }),
    ];
    expect(bends[1].image.data).toEqual(bends[0].image.data);
  });

  test('pack: nearly the same gradient from half the bytes', async () => {
    const options = { of, at, pack: float16 };
    expect(bytes(model.saved({ image }, options))).toBeLessThan(
      0.6 * bytes(model.saved({ image }, { of, at })),
    );
    const [expected, received] = [
      await model.gradient({ image }, { of, at }),
      await model.gradient({ image }, options),
    ];
    close(received.image, expected.image.toNumbers(), 1e-2);
    expect(received.image.data).not.toEqual(expected.image.data);
  });

  test('a site to keep that is unknown is refused with the nearest', async () => {
    await expect(
      model.gradient({ image }, { of, at, checkpoint: ['conv4'] }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown site: conv4; nearest: conv1, conv2, conv3; model.sites lists all]`,
    );
  });
});

test('at whole numbers nothing is differentiated', async () => {
  const layers = [
    embedding('embed', { count: 5, features: 2 }),
    flatten('flat'),
    linear('logits', { features: 3 }),
  ];
  const reader = new Model(
    'reader',
    network(sequential(...layers), { inputs: { tokens: ['batch', 2] }, dtypes: { tokens: 'int64' } }),
  );
  const tokens = tensor(BigInt64Array.of(1n, 4n), [1, 2]);
  const message =
    'tokens holds int64 numbers, along which nothing varies smoothly; expected a float site: the embedding, or any behind it';
  await expect(reader.gradient({ tokens }, { of, at: ['tokens'] })).rejects.toThrow(message);
  await expect(reader.jvp({ tokens }, { of: ['logits'], at: { tokens } })).rejects.toThrow(message);
  await expect(reader.hvp({ tokens }, { of, at: { tokens } })).rejects.toThrow(message);
  const vector = tensor([0, 1, 0], [1, 3]);
  await expect(reader.vjp({ tokens }, { of: { logits: vector }, at: ['tokens'] })).rejects.toThrow(message);
  const { embed } = await reader.gradient({ tokens }, { of, at: ['embed'] });
  expect(embed.toNumbers().some(value => value !== 0)).toBe(true);
});
