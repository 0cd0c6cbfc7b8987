import { afterEach, describe, expect, test } from 'vitest';
import { setHost, host } from '../../base/host.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { encode } from '../../onnx/encode.ts';
import { convnet, graphOf, info, node } from '../../onnx/testing.ts';
import { createSession as onNode } from './node.ts';
import { createSession as onWeb } from './web.ts';

const image = tensor(
  Float32Array.from({ length: 32 }, (_, i) => Math.cos(i)),
  [2, 1, 4, 4],
);
const runtimes = [
  ['onnxruntime-node', onNode],
  ['onnxruntime-web', onWeb],
] as const;

afterEach(() => setHost(undefined));

describe.each(runtimes)('%s', (_, createSession) => {
  test('runs a convolutional network', async () => {
    const session = await createSession(encode(convnet()));
    expect([session.inputNames, session.outputNames]).toEqual([['image'], ['logits']]);
    const { logits } = await session.run({ image });
    await session.release();
    expect(logits.dims).toEqual([2, 3]);
    const expected = await reference();
    logits.toNumbers().forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
  });

  test('every dtype goes in and out', async () => {
    const values: Record<string, Tensor> = {
      float32: tensor([0.5, -1]),
      float64: tensor(new Float64Array([0.1, 2])),
      float16: tensor(new Uint16Array([0x3c00, 0x4000]), [2], 'float16'),
      int8: tensor(new Int8Array([-1, 2])),
      uint8: tensor(new Uint8Array([1, 255])),
      int16: tensor(new Int16Array([-300, 2])),
      uint16: tensor(new Uint16Array([1, 65535])),
      int32: tensor(new Int32Array([-5, 6])),
      uint32: tensor(new Uint32Array([1, 2 ** 32 - 1])),
      int64: tensor([-5n, 2n ** 53n + 1n]),
      uint64: tensor(new BigUint64Array([1n, 2n ** 63n])),
      bool: tensor([true, false]),
      string: tensor(['über', '']),
    };
    const names = Object.keys(values);
    const graph = graphOf(
      names.map(name => node(`${name}.out = Identity(${name})`)),
      {
        inputs: names.map(name => ({ name, dtype: values[name].dtype, dims: [2] })),
        outputs: names.map(name => ({ name: `${name}.out`, dtype: values[name].dtype, dims: [2] })),
      },
    );
    const session = await createSession(encode(graph));
    const results = await session.run(values);
    await session.release();
    for (const name of names) expect(results[`${name}.out`]).toEqual(values[name]);
  });

  test('writes into the tensors that are given', async () => {
    const session = await createSession(encode(convnet()));
    const target = tensor(new Float32Array(6), [2, 3]);
    const results = await session.run({ image }, { logits: target });
    expect(results.logits).toBe(target);
    expect(target).toEqual((await session.run({ image })).logits);
    expect(target.toNumbers().some(value => value !== 0)).toBe(true);
    await session.release();
  });

  test('a released session says so, and releasing twice is harmless', async () => {
    const session = await createSession(encode(convnet()));
    await session.release();
    await session.release();
    await expect(session.run({ image })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: session is released; compile the graph again]`,
    );
  });

  test('the host knows while native work is under way', async () => {
    const flags: string[] = [];
    setHost({ ...host(), enterNative: () => flags.push('enter'), leaveNative: () => flags.push('leave') });
    const session = await createSession(encode(convnet()));
    await session.run({ image });
    await expect(session.run({ image: tensor([1]) })).rejects.toThrow('onnx runtime could not run');
    await session.release();
    expect(flags).toEqual(['enter', 'leave', 'enter', 'leave', 'enter', 'leave', 'enter', 'leave']);
  });
});

async function reference(): Promise<number[]> {
  const session = await onNode(encode(convnet()), { optimize: 'disabled', threads: 1 });
  const { logits } = await session.run({ image });
  await session.release();
  return logits.toNumbers();
}

describe('errors', () => {
  const failure = async (
    graph: Parameters<typeof encode>[0],
    feeds?: Record<string, Tensor>,
    create = onNode,
  ) => {
    try {
      const session = await create(encode(graph));
      try {
        await session.run(feeds ?? { x: tensor(new Float32Array(8), [2, 4]) });
      } finally {
        await session.release();
      }
    } catch (error) {
      return String(error);
    }
    return 'ran';
  };
  const ends = { inputs: [info('x', 'n', 4)], outputs: [{ name: 'y', dtype: 'float32' as const }] };
  const one = (text: string, attributes = {}, constants: Record<string, Tensor> = {}) =>
    graphOf([node(text, attributes, 'here')], { ...ends, constants });

  test.each([
    ['an unknown op', one('y = Frobnicate(x)')],
    ['an op of an unknown domain', { ...one('y = acme.Frobnicate(x)'), opsets: { '': 17, acme: 1 } }],
    ['shapes that cannot be', one('y = MatMul(x, w)', {}, { w: tensor(new Float32Array(6), [3, 2]) })],
    ['shapes that turn out not to be', one('y = Reshape(x, s)', {}, { s: tensor([3n, 3n]) })],
    ['two dtypes', one('y = Add(x, s)', {}, { s: tensor([3n, 3n]) })],
    ['a dtype that the op has not', one('y = Not(x)')],
    ['an output of another dtype', one('y = Shape(x)')],
    ['an attribute too few', one('y = Cast(x)')],
    ['an attribute too many', one('y = Relu(x)', { slope: 1 })],
    ['an input too few', one('y = Add(x)')],
    [
      'no kernel for the dtype',
      graphOf([node('y = LRN(x)', { size: 3n }, 'here')], {
        inputs: [{ name: 'x', dtype: 'float64', dims: [1, 2, 3, 3] }],
        outputs: [{ name: 'y', dtype: 'float64' }],
      }),
    ],
    ['an index out of range', one('y = Gather(x, i)', {}, { i: tensor([9n]) })],
  ])('%s', async (name, graph) => {
    expect(`${name} — ${await failure(graph)}`).toMatchSnapshot();
  });

  test('WebAssembly keeps less, but the cause is there', async () => {
    expect(await failure(one('y = Frobnicate(x)'), undefined, onWeb)).toMatchInlineSnapshot(
      `"OpError: Frobnicate: unknown op: not in opset 17; export the model without custom operators, or in another opset"`,
    );
    expect(
      await failure(one('y = Reshape(x, s)', {}, { s: tensor([3n, 3n]) }), undefined, onWeb),
    ).toMatchInlineSnapshot(
      `"NeuronbookError: onnx runtime could not run: the input tensor cannot be reshaped to the requested shape. Input shape:{2,4}, requested shape:{3,3}; check the dims and types of what was fed"`,
    );
  });
});
