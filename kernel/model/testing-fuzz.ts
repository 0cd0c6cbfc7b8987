/**
 * Damaged files by the thousand: ONNX and safetensors with bytes changed, cut, moved and repeated. Each has to load
 * or be refused with an error that names its cause. Case `i` of a seed is always the same, so that a find can be
 * looked at again. A few seconds of it run in the tests; `npm run fuzz` runs 10⁵.
 */
import { NeuronbookError } from '../base/errors.ts';
import { inMemory } from '../base/random-access.ts';
import { rng, type Rng } from '../base/rng.ts';
import { encodeSafetensors, Safetensors } from '../base/safetensors/index.ts';
import { tensor } from '../base/tensor.ts';
import { gpt2 } from '../nn/architectures/index.ts';
import { encode } from '../onnx/encode.ts';
import type { ValueInfo } from '../onnx/graph.ts';
import { ModelType, toLong } from '../onnx/schema.ts';
import { file as onnxFile } from '../onnx/testing-file.ts';
import { convnet, graphOf, info, node } from '../onnx/testing.ts';
import { load } from './load.ts';

export interface Finding {
  readonly case: number;
  readonly kind: 'onnx' | 'safetensors';
  /** What went wrong: the error that is not one of ours, or how long it took. */
  readonly what: string;
}

/** A subgraph, a constant that a shape is made of, texts: what the other seeds lack. */
const branches = graphOf(
  [
    node('shape = Shape(x)'),
    node('flat = Reshape(x, to)'),
    node('wide = Expand(flat, shape)'),
    node('y = If(flag)', {
      then_branch: graphOf([node('a = Relu(wide)')], { outputs: [info('a')] }),
      else_branch: graphOf([node('b = Neg(wide)')], { outputs: [info('b')] }),
    }),
  ],
  {
    inputs: [info('x', 'n', 4), { name: 'flag', dtype: 'bool', dims: [] }],
    outputs: [info('y', 'n', 4)],
    constants: { to: tensor([-1n, 4n]), words: tensor(['a', 'b']) },
  },
);

/** Nodes whose shapes follow from small constants, which a change makes senseless. */
const shapes = graphOf(
  [
    node('cut = Slice(x, from, till, axes)'),
    node('wide = Pad(cut, pads)', { mode: 'constant' }),
    node('twice = Concat(wide, wide)', { axis: 1n }),
    node('a, b = Split(twice)', { axis: 1n }),
    node('many = Tile(a, repeats)'),
    node('seen = Gather(many, picked)', { axis: 1n }),
    node('turned = Transpose(b)', { perm: [1n, 0n] }),
    node('range = Range(zero, four, one)'),
    node('best, places = TopK(seen, one1)', { axis: -1n }),
    node('filled = ConstantOfShape(shape)', { value: tensor([1]) }),
    node('pooled = MaxPool(picture)', { kernel_shape: [2n, 2n], strides: [2n, 2n] }),
  ],
  {
    inputs: [info('x', 'n', 6), info('picture', 1, 1, 4, 4)],
    outputs: [
      ...['best', 'turned', 'filled', 'pooled'].map((name): ValueInfo => ({ name, dtype: 'float32' })),
      { name: 'range', dtype: 'int64' },
    ],
    constants: {
      ...{ from: tensor([1n]), till: tensor([5n]), axes: tensor([1n]), one1: tensor([1n]) },
      ...{ pads: tensor([0n, 1n, 0n, 1n]), repeats: tensor([1n, 2n]), picked: tensor([0n, 3n]) },
      ...{ zero: tensor([0n], []), four: tensor([4n], []), one: tensor([1n], []), shape: tensor([2n, 3n]) },
    },
  },
);

const transformer = gpt2({ vocabulary: 17, context: 19, width: 24, layers: 1, heads: 2 });

const seeds = {
  onnx: [...[convnet(), branches, shapes, transformer].map(graph => encode(graph)), onnxFile()],
  safetensors: [
    encodeSafetensors(
      new Map([
        ['a.weight', tensor([1, 2, 3, 4, 5, 6], [2, 3])],
        ['a.bias', tensor([1n, 2n])],
        ['half', tensor(new Uint16Array([0x3c00]), [1], 'float16')],
      ]),
      { format: 'pt' },
    ),
    encodeSafetensors(new Map([['w', tensor(new Float32Array(64), [8, 8])]])),
  ],
};

const telling = [0, 1, 2, 0x7f, 0x80, 0xff, 0x22, 0x2d, 0x30, 0x39, 0x5b, 0x7b];

/** One to six changes. */
function mutate(bytes: Uint8Array, random: Rng, others: readonly Uint8Array[]): Uint8Array {
  let list = Array.from(bytes);
  const at = () => random.integer(Math.max(1, list.length));
  const changes: readonly (() => void)[] = [
    () => (list[at()] ^= 1 << random.integer(8)),
    () => (list[at()] = random.pick(telling)),
    () => (list[at()] = random.integer(256)),
    () => list.splice(at(), 1 + random.integer(random.pick([1, 4, 64]))),
    () => list.splice(at(), 0, ...Array.from({ length: 1 + random.integer(9) }, () => random.pick(telling))),
    () => {
      const from = at();
      list.splice(at(), 0, ...list.slice(from, from + random.integer(64)));
    },
    () => {
      const other = random.pick(others);
      const from = random.integer(other.length);
      list.splice(at(), random.integer(32), ...other.subarray(from, from + random.integer(64)));
    },
    () => (list = list.slice(0, at())),
    // a length that has no end
    () => list.splice(at(), 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
  ];
  for (let i = 0, count = 1 + random.integer(6); i < count; i++) random.pick(changes)();
  return Uint8Array.from(list);
}

const sizes = [0n, 1n, -1n, 2n, 3n, 7n, 255n, 2n ** 31n - 1n, 2n ** 31n, -(2n ** 63n), 2n ** 62n];
const words =
  'Add Reshape Expand Conv Gemm Concat Slice Pad If Loop Range Tile Gather x y c w to shape'.split(' ');

/** A sound protobuf whose fields say other things: one leaf or list somewhere in the tree of messages is changed. */
function reword(bytes: Uint8Array, random: Rng): Uint8Array {
  const model = ModelType.decode(bytes);
  for (let i = 0, count = 1 + random.integer(5); i < count; i++)
    change(model as unknown as Record<string, unknown>, random);
  return ModelType.encode(model).finish();
}

function change(message: Record<string, unknown> | unknown[], random: Rng): void {
  const keys = Object.keys(message);
  if (!keys.length) return;
  const key = random.pick(keys);
  const tree = message as Record<string, unknown>;
  const value = tree[key];
  if (Array.isArray(value) && value.length && random.uniform() < 0.3) {
    const at = random.integer(value.length);
    random.pick([
      () => value.splice(at, 1),
      () => value.push(value[at]),
      () => value.splice(random.integer(value.length), 1, value[at]),
    ])();
  } else if (typeof value === 'string') tree[key] = random.pick(['', ...words]);
  else if (typeof value === 'number') tree[key] = random.pick([0, 1, -1, 2, 7, 9, 11, 2 ** 31 - 1]);
  else if (value instanceof Uint8Array) tree[key] = mutate(value, random, [value]);
  else if (typeof value === 'object' && value !== null && 'unsigned' in value)
    tree[key] = toLong(random.pick(sizes));
  else if (typeof value === 'object' && value !== null) change(value as Record<string, unknown>, random);
}

/** The damaged file of a case: safetensors, ONNX of changed bytes, and ONNX of changed fields, in turn. */
export function damaged(seed: number, index: number): { kind: Finding['kind']; bytes: Uint8Array } {
  const kind = index % 3 ? 'onnx' : 'safetensors';
  const random = rng(`${seed}/${index}`);
  const bytes = random.pick(seeds[kind]);
  return { kind, bytes: index % 3 === 2 ? reword(bytes, random) : mutate(bytes, random, seeds[kind]) };
}

const patience = 5000; // ms for one file

/** Loads one damaged file as far as that goes; undefined where all is as it should be. */
export async function tryCase(seed: number, index: number): Promise<Finding | undefined> {
  const { kind, bytes } = damaged(seed, index);
  const found = (what: string): Finding => ({ case: index, kind, what });
  const began = performance.now();
  try {
    if (kind === 'onnx') (await load(bytes)).sites.toString();
    else {
      const weights = new Safetensors(inMemory(bytes));
      weights.names.forEach(name => weights.read(name));
    }
  } catch (error) {
    if (!(error instanceof NeuronbookError) || error.message.length < 8)
      return found(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const took = performance.now() - began;
  return took > patience ? found(`took ${(took / 1000).toFixed(1)} s`) : undefined;
}
