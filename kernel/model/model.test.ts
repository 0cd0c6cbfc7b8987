/** The handle on a small network made here: sites, run, gradient, edits, errors. */
import { beforeAll, describe, expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { tensor, type Tensor } from '../base/tensor.ts';
import { compile } from '../engine/compile.ts';
import { Trace } from '../engine/trace.ts';
import { conv, flatten, globalAveragePool, linear, network, relu, sequential } from '../nn/index.ts';
import { ablate, clamp, patch, steer } from './edits.ts';
import { load } from './load.ts';
import { Model } from './model.ts';
import { elementAt, Objective, pick } from './objective.ts';

const graph = network(
  sequential(
    conv('conv1', { channels: 4 }),
    relu('relu1'),
    conv('conv2', { channels: 6, stride: 2 }),
    relu('relu2'),
    globalAveragePool('pool'),
    flatten('flat'),
    linear('logits', { features: 3 }),
  ),
  { name: 'small', inputs: { image: ['batch', 3, 8, 8] }, seed: 1 },
);

const noise = (count: number): Tensor => {
  const random = rng('model test');
  return tensor(
    Float32Array.from({ length: count * 192 }, () => random.normal()),
    [count, 3, 8, 8],
  );
};

let model: Model;
let image: Tensor;
beforeAll(() => {
  model = new Model('small', graph);
  image = noise(2);
});

describe('sites', () => {
  test('are a table with shapes in which the batch has its name', () => {
    expect(model.sites.toString()).toMatchInlineSnapshot(`
      "name    op                 shape        kind        parameters
      image                      batch×3×8×8  input                0
      conv1   Conv               batch×4×8×8  activation         112
      relu1   Relu               batch×4×8×8  activation           0
      conv2   Conv               batch×6×4×4  activation         222
      relu2   Relu               batch×6×4×4  activation           0
      pool    GlobalAveragePool  batch×6×1×1  activation           0
      flat    Flatten            batch×6      activation           0
      logits  Gemm               batch×3      output              21"
    `);
  });

  test('a wrong name lists the nearest real ones', async () => {
    await expect(model.run({ image }, { read: ['conv3'] })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown site: conv3; nearest: conv1, conv2, pool; model.sites lists all]`,
    );
    await expect(model.run({ image }, { read: [/^attn/] })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown site: /^attn/; nearest: flat, logits, image; no name matches]`,
    );
  });
});

describe('run', () => {
  test('reads sites by name and by pattern, beside the outputs', async () => {
    const { outputs, sites } = await model.run({ image }, { read: ['conv1', /^relu/] });
    expect(outputs.logits.dims).toEqual([2, 3]);
    expect(Object.entries(sites).map(([name, value]) => `${name} ${value.dims}`)).toEqual([
      'conv1 2,4,8,8',
      'relu1 2,4,8,8',
      'relu2 2,6,4,4',
    ]);
    expect(sites.relu1.toNumbers()).toEqual(sites.conv1.toNumbers().map(x => Math.max(0, x)));
  });

  test('stops behind what is read where no output is wanted', async () => {
    const { outputs, sites } = await model.run({ image }, { read: ['conv1'], outputs: [] });
    expect(outputs).toEqual({});
    expect(sites.conv1.dims).toEqual([2, 4, 8, 8]);
  });

  test('takes any batch', async () => {
    const one = await model.run({ image: image.at(1).reshape([1, 3, 8, 8]) });
    const two = await model.run({ image });
    expect(one.outputs.logits.dims).toEqual([1, 3]);
    two.outputs.logits
      .at(1)
      .toNumbers()
      .forEach((value, i) => expect(one.outputs.logits.toNumbers()[i]).toBeCloseTo(value, 5));
  });

  test('refuses what does not fit, and goes on', async () => {
    await expect(
      model.run({ image: noise(2).reshape([2, 3, 4, 16]) }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: input image is 2×3×4×16; expected batch×3×8×8]`,
    );
    await expect(model.run({ picture: image })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown input: picture; nearest: image; inputs: image]`,
    );
    await expect(model.run({})).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown input: (none); nearest: image; the model needs image]`,
    );
    expect((await model.run({ image })).outputs.logits.dims).toEqual([2, 3]);
  });
});

describe('gradient', () => {
  const of = pick('logits', [1, 2]);

  test('predicts what a small step does, at the input and inside', async () => {
    const grads = await model.gradient({ image }, { of, at: ['image', 'relu1', 'conv2'] });
    expect(Object.entries(grads).map(([name, value]) => `${name} ${value.dims}`)).toEqual([
      'image 2,3,8,8',
      'relu1 2,4,8,8',
      'conv2 2,6,4,4',
    ]);
    const random = rng('direction');
    const step = Float32Array.from({ length: image.size }, () => 1e-3 * random.normal());
    const predicted = step.reduce((sum, s, i) => sum + s * Number(grads.image.data[i]), 0);
    const at = async (sign: number) => {
      const moved = tensor(
        Float32Array.from(image.data as Float32Array, (x, i) => x + sign * step[i]),
        image.dims,
      );
      return (await model.run({ image: moved })).outputs.logits.toNumbers()[5];
    };
    expect(((await at(1)) - (await at(-1))) / 2).toBeCloseTo(predicted, 5);
  });

  test('is linear in the objective', async () => {
    const at = ['image'];
    const [a, b, sum] = await Promise.all(
      [of, pick('logits', [0, 0]), of.scale(2).add(pick('logits', [0, 0]).neg())].map(objective =>
        model.gradient({ image }, { of: objective, at }),
      ),
    );
    sum.image.toNumbers().forEach((value, i) => {
      expect(value).toBeCloseTo(2 * Number(a.image.data[i]) - Number(b.image.data[i]), 5);
    });
  });

  test('is zero for an example that the objective does not look at', async () => {
    const { image: gradient } = await model.gradient({ image }, { of, at: ['image'] });
    expect(new Set(gradient.at(0).toNumbers())).toEqual(new Set([0]));
    expect(gradient.at(1).toNumbers().some(Boolean)).toBe(true);
  });

  test('tells objectives apart that print alike', async () => {
    const alike = (at: number) =>
      new Objective('one of them', read => elementAt(read.value('logits'), [0, at], 'logits'));
    const slope = async (objective: Objective) =>
      (await model.gradient({ image }, { of: objective, at: ['image'] })).image.data;
    for (const at of [0, 1]) expect(await slope(alike(at))).toEqual(await slope(pick('logits', [0, at])));
    expect(pick('logits', [0, 1]).scale(2).key).toBeDefined();
    expect(pick('logits', [0, 1]).add(alike(1)).key).toBeUndefined();
  });

  test('objectives print themselves', () => {
    expect(
      String(
        of
          .scale(2)
          .add(pick('pool', [0, 1, 0, 0]).neg())
          .scale(-0.5),
      ),
    ).toMatchInlineSnapshot(`"-0.5·(2·pick('logits', [1, 2]) + −pick('pool', [0, 1, 0, 0]))"`);
  });

  test('refuses an index outside the site', async () => {
    await expect(
      model.gradient({ image }, { of: pick('logits', [0, 3]), at: ['image'] }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: index [0, 3] does not fit logits; expected 2 numbers within 2×3]`,
    );
  });
});

test('what is asked for in another form is understood, or said', async () => {
  const one = (name: string) => name as unknown as string[];
  expect(Object.keys((await model.run({ image }, { read: one('relu1') })).sites)).toEqual(['relu1']);
  const of = pick('logits', [0, 0]);
  expect(Object.keys(await model.gradient({ image }, { of, at: one('image') }))).toEqual(['image']);
  expect(() => model.gradient({ image }, { of, at: [] })).toThrow(
    "the gradient is asked for nowhere; expected the names of sites: at: ['image']",
  );
  expect(() => model.gradient({ image }, { of: 'logits' as unknown as Objective, at: ['image'] })).toThrow(
    "no objective: of is logits; expected a number of the network: of: pick('logits', [0, 3])",
  );
  await expect(model.run(undefined as unknown as { image: Tensor })).rejects.toThrow(
    'no inputs: undefined; expected a tensor for each input: { image }',
  );
});

describe('edits', () => {
  const channelOf = (value: Tensor, index: number) => value.at(0).at(index).toNumbers();

  test('leave the model as it was', async () => {
    const before = await model.run({ image });
    const nodes = model.graph.nodes.length;
    model.edit(ablate('relu1'));
    expect(model.graph.nodes.length).toBe(nodes);
    expect((await model.run({ image })).outputs.logits.data).toEqual(before.outputs.logits.data);
  });

  test('ablate: zero, the mean over positions, and given values', async () => {
    const plain = (await model.run({ image }, { read: ['relu1'] })).sites.relu1;
    const zero = await model.edit(ablate('relu1', { channels: [1] })).run({ image }, { read: ['relu1'] });
    expect(new Set(channelOf(zero.sites.relu1, 1))).toEqual(new Set([0]));
    expect(channelOf(zero.sites.relu1, 2)).toEqual(channelOf(plain, 2));
    const mean = await model
      .edit(ablate('relu1', { channels: [1], mode: 'mean' }))
      .run({ image }, { read: ['relu1'] });
    const expected = channelOf(plain, 1).reduce((a, b) => a + b) / 64;
    channelOf(mean.sites.relu1, 1).forEach(value => expect(value).toBeCloseTo(expected, 5));
    const given = await model
      .edit(ablate('relu1', { channels: [3, 0], mode: [5, 6] }))
      .run({ image }, { read: ['relu1'] });
    expect(channelOf(given.sites.relu1, 3)[0]).toBe(5);
    expect(channelOf(given.sites.relu1, 0)[0]).toBe(6);
  });

  test('patch: what another input gave here gives its output there', async () => {
    const [first, second] = [0, 1].map(i => image.at(i).reshape([1, 3, 8, 8]));
    const donor = await model.run({ image: second }, { read: ['relu1'] });
    const patched = model.edit(patch('relu1', donor.sites.relu1));
    expect((await patched.run({ image: first })).outputs.logits.data).toEqual(donor.outputs.logits.data);
  });

  test('steer adds the direction at every position', async () => {
    const plain = (await model.run({ image }, { read: ['conv2'] })).sites.conv2;
    const direction = [0, 1, 0, -1, 0, 0];
    const steered = await model.edit(steer('conv2', direction, 3)).run({ image }, { read: ['conv2'] });
    direction.forEach((d, c) => {
      channelOf(steered.sites.conv2, c).forEach((value, p) =>
        expect(value).toBeCloseTo(channelOf(plain, c)[p] + 3 * d, 4),
      );
    });
  });

  test('clamp keeps values within its bounds, in its channels', async () => {
    const plain = (await model.run({ image }, { read: ['conv1'] })).sites.conv1;
    const clamped = await model
      .edit(clamp('conv1', { min: -0.5, max: 0.5, channels: [2] }))
      .run({ image }, { read: ['conv1'] });
    expect(channelOf(clamped.sites.conv1, 2)).toEqual(
      channelOf(plain, 2).map(value => Math.min(0.5, Math.max(-0.5, value))),
    );
    expect(channelOf(clamped.sites.conv1, 0)).toEqual(channelOf(plain, 0));
  });

  test('add up, in order, and at the input too', async () => {
    const edited = model.edit(steer('image', [1, 1, 1]), [
      clamp('relu1', { max: 0.1 }),
      ablate('relu1', { channels: [0] }),
    ]);
    expect(edited.edits).toMatchInlineSnapshot(`
      [
        "steer('image', 1)",
        "clamp('relu1', -Infinity to 0.1)",
        "ablate('relu1', channels 0)",
      ]
    `);
    const { sites } = await edited.run({ image }, { read: ['relu1'] });
    expect(Math.max(...sites.relu1.toNumbers())).toBeCloseTo(0.1);
    expect(new Set(channelOf(sites.relu1, 0))).toEqual(new Set([0]));
  });

  test('an edited model has gradients, and loads again as an ordinary file', async () => {
    const edited = model.edit(ablate('relu1', { channels: [1] }));
    const { relu1, conv1 } = await edited.gradient(
      { image },
      { of: pick('logits', [0, 0]), at: ['relu1', 'conv1'] },
    );
    expect(relu1.toNumbers().some(Boolean)).toBe(true);
    expect(new Set(channelOf(conv1, 1))).toEqual(new Set([0]));
    const copy = await load(edited.toBytes());
    expect(copy.sites.names).toEqual(edited.sites.names);
    expect((await copy.run({ image })).outputs.logits.data).toEqual(
      (await edited.run({ image })).outputs.logits.data,
    );
  });

  test('refuse what is no edit', () => {
    expect(() => model.edit('relu1' as unknown as [])).toThrow(
      'no edit: relu1; expected ablate(…), patch(…), steer(…) or clamp(…)',
    );
    expect(() => model.edit(ablate('relu1', { mode: 'median' as 'mean' }))).toThrow(
      'unknown mode: median; nearest: zero, mean; or one value for each ablated channel',
    );
  });

  test('refuse what does not fit', () => {
    expect(() => model.edit(ablate('relu1', { channels: [4] }))).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: channel out of range: 4 at relu1; expected 0 to 3]`,
    );
    expect(() => model.edit(ablate('conv9'))).toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown site: conv9; nearest: conv1, conv2, pool; model.sites lists all]`,
    );
    expect(() => model.edit(steer('relu1', [1, 2]))).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: direction of 2 numbers at relu1; expected 4, one per channel]`,
    );
    expect(() =>
      model.edit(patch('relu1', tensor(new Float32Array(5), [5]))),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: patch of 5 at relu1; expected 1×4×8×8, or what broadcasts to it]`,
    );
    expect(() => clamp('relu1', { min: 2, max: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: clamp of relu1 to [2, 1]; expected min ≤ max]`,
    );
  });
});

describe('load', () => {
  test('names the cause of what is not a network', async () => {
    const bytes = model.toBytes();
    await expect(load(bytes.slice(0, bytes.length / 2))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[FormatError: the model: the file ends in the middle of a field, after 1309 bytes; it was cut short; download or copy it again]`,
    );
    await expect(load(new Uint8Array(1000))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[FormatError: the model: the file begins with 512 zero bytes; expected an ONNX network; its content was lost, so copy it again]`,
    );
    await expect(load('nowhere.onnx')).rejects.toThrow(/^cannot read nowhere\.onnx: there is no such file/);
    await expect(load('zoo:texture')).rejects.toThrow(/^unknown zoo model: texture/);
  });

  test('names an unknown op, a cycle and a wrong shape', async () => {
    const broken = (change: (node: (typeof graph.nodes)[number]) => object) =>
      new Model('broken', {
        ...graph,
        nodes: graph.nodes.map(node => ({ ...node, ...change(node) })),
      }).toBytes();
    await expect(load(broken(node => (node.name === 'relu2' ? { op: 'Frobnicate' } : {})))).rejects.toThrow(
      /Frobnicate.*relu2|relu2.*Frobnicate/s,
    );
    await expect(load(broken(node => (node.name === 'relu1' ? { inputs: ['relu2'] } : {})))).rejects.toThrow(
      /cycle/,
    );
    await expect(
      load(broken(node => (node.name === 'conv2' ? { inputs: ['image', ...node.inputs.slice(1)] } : {}))),
    ).rejects.toThrow(/conv2.*weights/s);
  });
});

describe('a trace that begins inside', () => {
  test('takes a var in the place of a site, and refuses one of other dims', async () => {
    const trace = new Trace();
    const inner = trace.input('inner', 'float32', [2, 6, 4, 4]);
    const traced = model.trace({ image: [2, 3, 8, 8], relu2: inner }, trace);
    expect(traced.value('relu2')).toBe(inner);
    const program = await compile(trace.graph({ logits: traced.value('logits') }));
    // the picture is not needed any more
    expect(program.inputs.map(({ name }) => name)).toEqual(['inner']);
    const { sites, outputs } = await model.run({ image }, { read: ['relu2'] });
    const { logits } = await program.run({ inner: sites.relu2 });
    expect(logits.toNumbers()).toEqual(outputs.logits.toNumbers());
    const other = new Trace();
    const wrong = other.input('inner', 'float32', [2, 6, 3, 3]);
    expect(() =>
      model.trace({ image: [2, 3, 8, 8], relu2: wrong }, other),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: 2×6×3×3 in the place of relu2; expected 2×6×4×4, like that site]`,
    );
  });
});
