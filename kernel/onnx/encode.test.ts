import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { tensor, Tensor } from '../base/tensor.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import type { Graph } from './graph.ts';
import { splice, tap } from './surgery.ts';
import { anyGraph, convnet, graphOf, info, node, sharedModel } from './testing.ts';

test('a graph goes through a file unchanged', () => {
  expect(decode(encode(convnet()))).toEqual(convnet());
  fc.assert(
    fc.property(anyGraph, graph => void expect(decode(encode(graph))).toEqual(graph)),
    { seed: 2, numRuns: 50 },
  );
});

test('the same graph gives the same bytes', () => {
  expect(encode(convnet())).toEqual(encode(convnet()));
});

test('nodes of one name are told apart in the file, since ONNX Runtime refuses them', () => {
  const graph = graphOf(
    [node('a = Relu(x)', {}, 'n'), node('b = Relu(a)', {}, 'n'), node('c = Relu(b)', {}, 'n.2')],
    { inputs: [info('x')], outputs: [info('c')] },
  );
  expect(decode(encode(graph)).nodes.map(({ name }) => name)).toEqual(['n', 'n.2', 'n.2.2']);
});

test('a branch that is a constant says its type, which nothing around it does', () => {
  const fixed = graphOf([], { outputs: [info('c')], constants: { c: tensor([1, 2]) } });
  const computed = graphOf([node('d = Relu(x)')], { outputs: [info('d')] });
  const graph = graphOf([node('y = If(flag)', { then_branch: fixed, else_branch: computed })], {
    inputs: [info('x', 2), { name: 'flag', dtype: 'bool', dims: [] }],
    outputs: [info('y', 2)],
  });
  const [{ attributes }] = decode(encode(graph)).nodes;
  expect((attributes.then_branch as Graph).outputs).toEqual([info('c', 2)]);
  expect((attributes.else_branch as Graph).outputs).toEqual([{ name: 'd', dtype: 'float32' }]);
});

test('weights beyond one protobuf message are refused', () => {
  const large = Object.create(Tensor.prototype, { data: { value: { byteLength: 2 ** 31 } } }) as Tensor;
  const graph = { ...convnet(), constants: new Map([['w', large]]) };
  expect(() => encode(graph)).toThrowErrorMatchingInlineSnapshot(
    `[NeuronbookError: graph test is too large for one file: 2147483648 bytes of weights; expected at most 2147483647; turn large weights into inputs, or save the model, which puts them beside it]`,
  );
});

const shared = ['mnist8.onnx', 'resnet20_cifar10.onnx', 'squeezenet_fp16.onnx'];
const missing = shared.filter(name => !sharedModel(name));

describe.skipIf(missing.length > 0)(
  `networks trained elsewhere (needs ../shared/models: ${missing.join(', ') || 'present'})`,
  () => {
    /** All outputs of the file, as bits, for seeded inputs. */
    async function outputs(bytes: Uint8Array): Promise<Record<string, Uint8Array>> {
      const { inputs } = decode(bytes);
      const session = await InferenceSession.create(bytes, { logSeverityLevel: 4, intraOpNumThreads: 1 });
      try {
        const feeds = Object.fromEntries(
          inputs.map(({ name, dtype, dims }) => {
            const sizes = dims!.map(dim => (typeof dim === 'number' ? dim : 2));
            const random = rng(name);
            const values = Float32Array.from({ length: sizes.reduce((a, b) => a * b, 1) }, () =>
              random.normal(),
            );
            const { data } = tensor(values, sizes).cast(dtype);
            return [name, new OrtTensor(dtype as 'float32', data as Float32Array, sizes)];
          }),
        );
        const results = await session.run(feeds);
        return Object.fromEntries(
          Object.entries(results).map(([name, { data }]) => {
            const { buffer, byteOffset, byteLength } = data as Float32Array;
            return [name, new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer)];
          }),
        );
      } finally {
        await session.release();
      }
    }

    test.each(shared)('%s gives the same bits after decode and encode', async name => {
      const bytes = sharedModel(name)!;
      expect(await outputs(encode(decode(bytes)))).toEqual(await outputs(bytes));
    });

    test.each(shared)('%s edited and tapped is a file that plain ONNX Runtime runs', async name => {
      const graph = decode(sharedModel(name)!);
      const relu = graph.nodes.find(({ op }) => op === 'Relu')!.outputs[0];
      const edited = tap(
        splice(graph, relu, (from, to) => ({ nodes: [node(`${to} = Sub(${from}, ${from})`, {}, relu)] })),
        [relu],
      );
      const results = await outputs(encode(edited));
      expect(new Set(results[relu])).toEqual(new Set([0]));
    });
  },
);

const python = process.env.NEURONBOOK_REFERENCE_PYTHON;

describe.skipIf(!python)('onnx.checker (needs NEURONBOOK_REFERENCE_PYTHON, a Python with onnx)', () => {
  test.each(['convnet', ...shared.filter(name => sharedModel(name))])('%s is valid', name => {
    const graph = name === 'convnet' ? convnet() : decode(sharedModel(name)!);
    const folder = mkdtempSync(join(tmpdir(), 'neuronbook-'));
    try {
      writeFileSync(join(folder, 'net.onnx'), encode(graph));
      const script =
        'import onnx, sys; onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True); print("valid")';
      expect(execFileSync(python!, ['-c', script, join(folder, 'net.onnx')], { encoding: 'utf8' })).toBe(
        'valid\n',
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
