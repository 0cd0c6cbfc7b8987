/** Gradients of the ops that move elements, against finite differences; folding and upgrades of each. */
import { describe, expect, test } from 'vitest';
import { ShapeError } from '../../base/errors.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import type { Attributes, Graph } from '../../onnx/graph.ts';
import { int, ints } from '../attributes.ts';
import { gatherElements, gatherND, scatterElements, scatterND } from '../functions-indexing.ts';
import {
  apply,
  concat,
  constant,
  expand,
  gather,
  int64s,
  mul,
  pad,
  reshape,
  scalar,
  scatterAdd,
  slice,
  split,
  squeeze,
  transpose,
  unsqueeze,
} from '../functions.ts';
import { checkGradient, execute, normal, second, type Case } from '../testing.ts';
import { Trace } from '../trace.ts';
import { upgrade } from '../upgrade.ts';
import type { Var } from '../var.ts';

const x = (...dims: number[]) => normal(dims, 'x');
const y = (...dims: number[]) => normal(dims, 'y');
const index = (values: number[], dims = [values.length]) => tensor(BigInt64Array.from(values, BigInt), dims);
const at = (like: Var, values: number[], dims?: number[]) => constant(like.trace, index(values, dims));
const padded =
  (mode: string, pads: number[], axes?: number[]) =>
  (x: Var): Var =>
    apply('Pad', [x, int64s(x.trace, pads), undefined, axes && int64s(x.trace, axes)], { mode });
const far = 2 ** 40;

test.each<Case>([
  ['Reshape', x => apply('Reshape', [x, int64s(x.trace, [0, -1])]), [x(2, 3, 4)]],
  ['Flatten', x => apply('Flatten', [x], { axis: 2n }), [x(2, 3, 4)]],
  ['Flatten, axis 0', x => apply('Flatten', [x], { axis: 0n }), [x(2, 3)]],
  ['Squeeze', x => squeeze(x, [0, -1]), [x(1, 3, 1)]],
  ['Squeeze, all', x => apply('Squeeze', [x]), [x(1, 3, 1)]],
  ['Unsqueeze', x => unsqueeze(x, [0, -1]), [x(2, 3)]],
  ['Transpose', x => transpose(x, [2, 0, 1]), [x(2, 3, 4)]],
  ['Transpose, reversed', x => apply('Transpose', [x]), [x(2, 3, 4)]],
  ['Expand', x => expand(x, [4, 2, 3]), [x(2, 1)]],
  ['Expand, both ways', x => apply('Expand', [x, int64s(x.trace, [3, 1])]), [x(2, 1, 4)]],
  ['Tile', x => apply('Tile', [x, int64s(x.trace, [2, 1, 3])]), [x(2, 3, 1)]],
  ['Dropout', x => apply('Dropout', [mul(x, x)]), [x(2, 3)]],
  ['Identity', x => apply('Identity', [x]), [x(2, 3)]],
  ['Concat', (x, y) => concat([x, y, x], 1), [x(2, 1, 3), y(2, 2, 3)]],
  ['Concat, axis −1', (x, y) => concat([x, y], -1), [x(2, 1), y(2, 3)]],
  ['Split', x => split(x, [1, 3], 1), [x(2, 4)]],
  ['Split, one part used', x => split(x, [1, 3, 1], 1)[1], [x(2, 5)]],
  [
    'Split, uneven',
    x => x.trace.apply('Split', [x], { num_outputs: 3n, axis: -1n }, { outputs: 3 }),
    [x(2, 7)],
  ],
  ['Slice', x => slice(x, [1, 0], [3, 2], [0, 2]), [x(4, 2, 3)]],
  ['Slice, step', x => slice(x, [1, 0], [6, far], [0, 1], [2, 3]), [x(7, 5)]],
  ['Slice, from behind', x => slice(x, [-3], [-1], [1]), [x(2, 5)]],
  ['Slice, backwards', x => slice(x, [-1, 2], [-far, 0], [0, 1], [-1, -1]), [x(4, 4)]],
  ['Slice, backwards by two', x => slice(x, [far, 3], [-far, 0], [0, 1], [-2, -3]), [x(6, 5)]],
  ['Slice, clamped', x => slice(x, [-far], [far]), [x(3, 2)]],
  ['Slice of a square, twice', second(x => slice(mul(x, x), [4], [-far], [0], [-2])), [x(5)]],
  ['Pad', x => pad(x, [1, 0, 0, 2]), [x(2, 3)]],
  ['Pad, negative', x => pad(x, [-1, 2, 1, -2]), [x(3, 4)]],
  [
    'Pad, value',
    (x, y) => apply('Pad', [x, int64s(x.trace, [1, -1, 0, 2]), y], { mode: 'constant' }),
    [x(2, 3), y()],
  ],
  ['Pad, axes', padded('constant', [1, 2], [-1]), [x(2, 3)]],
  ['Pad, reflect', padded('reflect', [2, 1, 1, 2]), [x(3, 4)]],
  ['Pad, edge', padded('edge', [2, 0, 1, 3]), [x(2, 3)]],
  ['Pad, wrap', padded('wrap', [1, 2, 2, 1]), [x(3, 3)]],
  ['Pad, reflect, axes', padded('reflect', [1, 2], [1]), [x(2, 3)]],
  ['Pad, reflect, twice', second(x => padded('reflect', [1, 2])(mul(x, x))), [x(4)]],
  ['Gather', x => gather(x, at(x, [2, 0, 2, -1])), [x(3, 2)]],
  ['Gather, axis 1', x => gather(x, at(x, [2, 0, 2, -1], [2, 2]), 1), [x(2, 3, 2)]],
  ['Gather, one', x => gather(x, at(x, [1], []), 1), [x(2, 3)]],
  ['Gather, indices fed', (x, i) => gather(x, i), [x(4, 3), index([0, 3, 3])]],
  ['Gather, indices of 32 bits', (x, i) => gather(x, i), [x(4, 3), tensor(Int32Array.from([0, 3, 3]))]],
  [
    'Gather, indices fed, from behind',
    (x, i) => gather(x, i, 1),
    [x(2, 4, 3), index([0, -1, 3, -4], [2, 2])],
  ],
  [
    'Gather from many',
    (x, i) => gather(x, i, 1),
    [x(1, 300, 1), index(Array.from({ length: 120 }, (_, i) => (7 * i) % 290))],
  ],
  ['Gather few from many', (x, i) => gather(x, i, 1), [x(2, 270, 1), index([-1, 3, 3, 269], [2, 2])]],
  ['Gather of a square, twice', second(x => gather(mul(x, x), at(x, [1, 1, 0]))), [x(3, 2)]],
  ['GatherElements', x => gatherElements(x, at(x, [0, 2, 2, -1], [2, 2]), 1), [x(2, 3)]],
  ['GatherElements twice', second(x => gatherElements(mul(x, x), at(x, [1, 1], [2, 1]), 1)), [x(2, 3)]],
  ['ScatterElements', (x, y) => scatterElements(x, at(x, [2, 0], [1, 2]), y, 0), [x(3, 2), y(1, 2)]],
  ['ScatterElements, add', (x, y) => scatterAdd(x, at(x, [2, 2, -1, 0], [2, 2]), y, 1), [x(2, 3), y(2, 2)]],
  ['GatherND', x => gatherND(x, at(x, [1, 0, -1, 2], [2, 2])), [x(2, 3, 2)]],
  ['GatherND, rows', x => gatherND(x, at(x, [1, 1, 0], [3, 1])), [x(2, 3)]],
  ['GatherND twice', second(x => gatherND(mul(x, x), at(x, [1, 1], [2, 1]))), [x(2, 2)]],
  ['ScatterND', (x, y) => scatterND(x, at(x, [2, 0], [2, 1]), y), [x(3, 2), y(2, 2)]],
  [
    'ScatterND, add',
    (x, y) => apply('ScatterND', [x, at(x, [1, 2], [1, 2]), y], { reduction: 'add' }),
    [x(3, 3), y(1)],
  ],
])('%s', checkGradient);

test.each([
  [
    'Gather',
    (x: Var) => gather(x, at(x, [0, 5])),
    'Gather at Gather: index out of range: 5; expected -2 to 1 (inputs 2×3, 2)',
  ],
  [
    'Slice',
    (x: Var) => slice(x, [0], [1], [4]),
    'Slice at Slice: axis out of range: 4; expected -2 to 1 (inputs 2×3, 1, 1, 1, 1)',
  ],
  [
    'Reshape',
    (x: Var) => reshape(x, [4, 2]),
    'Reshape at Reshape: cannot reshape 2×3 (6 elements) to 4×2; expected as many elements (inputs 2×3, 2)',
  ],
  [
    'Squeeze',
    (x: Var) => squeeze(x, [1]),
    'Squeeze at Squeeze: cannot squeeze axis 1 of 2×3; expected a 1 there (inputs 2×3, 1)',
  ],
  [
    'Concat',
    (x: Var) => concat([x, unsqueeze(x, [0])], 0),
    'Concat at Concat: cannot join float32 2×3 and float32 1×2×3 along axis 0 (inputs 2×3, 1×2×3)',
  ],
  [
    'Split',
    (x: Var) => split(x, [1, 1], 1),
    'Split at Split: cannot split axis 1 of 2×3 into 1, 1 for 2 outputs (inputs 2×3, 2)',
  ],
  [
    'Pad',
    (x: Var) => apply('Pad', [x, int64s(x.trace, [1])], {}),
    'Pad at Pad: 1 pads for 2×3; expected two per axis (inputs 2×3, 1)',
  ],
  [
    'Transpose',
    (x: Var) => transpose(x, [0, 0]),
    'Transpose at Transpose: perm 0, 0 does not order the axes of 2×3; expected each of 0 to 1 once (inputs 2×3)',
  ],
])('%s refuses what does not fit', (_, build, message) => {
  const trace = new Trace();
  expect(() => build(trace.input('x', 'float32', [2, 3]))).toThrow(new ShapeError(message));
});

describe('what follows from constants is folded', () => {
  /** The value of a computation on constants. */
  const folded = (build: (like: Var) => Var): [unknown, number] => {
    const trace = new Trace();
    const result = build(constant(trace, index([1, 2, 3, 4, 5, 6], [2, 3])));
    return [result.value?.toArray(), trace.steps.length];
  };
  test.each<[string, (x: Var) => Var, unknown]>([
    ['Shape', x => apply('Shape', [x]), [2, 3]],
    ['Shape, part', x => apply('Shape', [x], { start: -1n }), [3]],
    ['Shape, part from behind', x => apply('Shape', [x], { start: 0n, end: -1n }), [2]],
    ['Size', x => apply('Size', [x]), 6],
    [
      'Reshape',
      x => apply('Reshape', [x, int64s(x.trace, [-1, 2])]),
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
    [
      'Transpose',
      x => transpose(x, [1, 0]),
      [
        [1, 4],
        [2, 5],
        [3, 6],
      ],
    ],
    [
      'Expand',
      x => expand(slice(x, [0], [1], [1]), [2, 2]),
      [
        [1, 1],
        [4, 4],
      ],
    ],
    [
      'Tile',
      x => apply('Tile', [slice(x, [0], [1], [1]), int64s(x.trace, [1, 2])]),
      [
        [1, 1],
        [4, 4],
      ],
    ],
    [
      'Concat',
      x => concat([slice(x, [0], [1], [1]), x], 1),
      [
        [1, 1, 2, 3],
        [4, 4, 5, 6],
      ],
    ],
    [
      'Split',
      x => split(x, [1, 2], 1)[1],
      [
        [2, 3],
        [5, 6],
      ],
    ],
    [
      'Slice',
      x => slice(x, [-1], [-far], [1], [-2]),
      [
        [3, 1],
        [6, 4],
      ],
    ],
    [
      'Pad',
      x => pad(x, [0, -1, 1, 1]),
      [
        [2, 3, 0],
        [5, 6, 0],
        [0, 0, 0],
      ],
    ],
    [
      'Pad, reflect',
      x => padded('reflect', [0, 1, 0, 0])(x),
      [
        [2, 1, 2, 3],
        [5, 4, 5, 6],
      ],
    ],
    [
      'Gather',
      x => gather(x, at(x, [-1, 0]), 1),
      [
        [3, 1],
        [6, 4],
      ],
    ],
    ['Gather, one', x => gather(gather(x, at(x, [1], [])), at(x, [2], [])), 6],
    ['Unsqueeze', x => unsqueeze(gather(x, at(x, [1], [])), [0]), [[4, 5, 6]]],
    ['ConstantOfShape', x => apply('ConstantOfShape', [int64s(x.trace, [2])], { value: index([7]) }), [7, 7]],
    ['Range', x => apply('Range', [scalar(x, 5), scalar(x, 0), scalar(x, -2)]), [5, 3, 1]],
  ])('%s', (_, build, expected) => {
    expect(folded(build)).toEqual([expected, 0]);
  });

  test('a shape that is computed from data says so', () => {
    const trace = new Trace();
    const shape = trace.input('shape', 'int64', [2]);
    expect(() =>
      apply('Reshape', [trace.input('x', 'float32', [6]), shape]),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ComputedError: Reshape at Reshape: Reshape needs its shape (input 1) to be constant; it is computed from data (2) (inputs 6, 2)]`,
    );
  });
});

describe('older opsets', () => {
  const graph = (opset: number, op: string, attributes: Attributes, outputs = ['y']): Graph => ({
    name: 'old',
    opsets: { '': opset },
    inputs: [{ name: 'x', dtype: 'float32', dims: [1, 4, 6] }],
    outputs: outputs.map(name => ({ name, dtype: 'float32' })),
    nodes: [{ op, domain: '', name: 'node', inputs: ['x'], outputs, attributes }],
    constants: new Map<string, Tensor>(),
    values: new Map(),
    metadata: {},
  });
  test.each([
    ['Squeeze 11', graph(11, 'Squeeze', { axes: [0n] })],
    ['Unsqueeze 11', graph(11, 'Unsqueeze', { axes: [0n, 2n] })],
    ['Slice 9', graph(9, 'Slice', { starts: [1n, 0n], ends: [1000n, -1n], axes: [1n, 2n] })],
    ['Slice 9, no axes', graph(9, 'Slice', { starts: [0n, 1n], ends: [1n, 3n] })],
    ['Pad 10', graph(10, 'Pad', { pads: ints([0, 1, 2, 0, 0, -1]), value: 0.5 })],
    ['Pad 10, reflect', graph(10, 'Pad', { pads: ints([0, 1, 2, 0, 0, 1]), mode: 'reflect' })],
    ['Split 11', graph(11, 'Split', { axis: 2n, split: [2n, 4n] }, ['y', 'z'])],
    ['Split 11, equal', graph(11, 'Split', { axis: 2n }, ['y', 'z'])],
    ['Split 13, equal', graph(13, 'Split', { axis: 1n }, ['y', 'z'])],
    ['Dropout 7', graph(7, 'Dropout', { ratio: 0.5 })],
    ['Flatten 9', graph(9, 'Flatten', { axis: int(2) })],
  ])('%s is upgraded to the same computation', async (_, old) => {
    const upgraded = upgrade(old);
    expect(upgraded.opsets['']).toBe(21);
    const [expected, received] = [
      await execute(old, { x: x(1, 4, 6) }),
      await execute(upgraded, { x: x(1, 4, 6) }),
    ];
    for (const name of Object.keys(expected)) {
      expect(received[name].dims).toEqual(expected[name].dims);
      expect(received[name].toNumbers()).toEqual(expected[name].toNumbers());
    }
  });
});
