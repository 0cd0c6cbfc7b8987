/** Regions and boxes: dims where they are known, and plain sentences where they are not or a gradient stops. */
import { expect, test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import { ints } from '../attributes.ts';
import { apply, reduceSum } from '../functions.ts';
import { gradients } from '../grad.ts';
import { execute } from '../testing.ts';
import { Trace } from '../trace.ts';

const maps = (trace: Trace) => trace.input('x', 'float32', [1, 2, 4, 4]);

test('regions have the dims that ONNX Runtime gives them', async () => {
  const trace = new Trace();
  const x = maps(trace);
  const corners = trace.constant(tensor([0, 0, 2, 2, 1, 1, 3, 3], [2, 4]));
  const owned = trace.constant(tensor([0, 0, 0, 2, 2], [1, 5]));
  const of = trace.constant(tensor([0n, 0n]));
  const aligned = apply('RoiAlign', [x, corners, of], { output_height: 3n, output_width: 2n });
  const pooled = apply('MaxRoiPool', [x, owned], { pooled_shape: ints([2, 2]) });
  expect([aligned.dims, pooled.dims]).toEqual([
    [2, 2, 3, 2],
    [1, 2, 2, 2],
  ]);
  const made = await execute(trace.graph({ aligned, pooled }), {
    x: tensor(
      Float32Array.from({ length: 32 }, (_, i) => i),
      [1, 2, 4, 4],
    ),
  });
  expect([made.aligned.dims, made.pooled.dims]).toEqual([aligned.dims, pooled.dims]);
  expect(() => gradients(trace, reduceSum(aligned), [x])).toThrow(/^no gradient for op RoiAlign at /);
  expect(() => apply('RoiAlign', [x, owned, of])).toThrow(
    'regions 1×5 of 1×2×4×4; expected any number × 4 of N×C×H×W',
  );
});

test('a determinant of each square matrix', async () => {
  const trace = new Trace();
  const a = trace.input('a', 'float32', [2, 2, 2]);
  const det = apply('Det', [a]);
  const made = await execute(trace.graph({ det }), { a: tensor([3, 0, 0, 4, 2, 0, 0, 5], [2, 2, 2]) });
  expect([det.dims, made.det.toNumbers()]).toEqual([[2], [12, 10]]);
  expect(() => gradients(trace, reduceSum(det), [a])).toThrow(/^no gradient for op Det at /);
  expect(() => apply('Det', [trace.input('b', 'float32', [2, 3])])).toThrow(
    'expected square matrices; received 2×3',
  );
});

test.each([['NonMaxSuppression'], ['Unique']])('%s: how much there will be, nobody knows before', op => {
  const trace = new Trace();
  expect(() => apply(op, [maps(trace)])).toThrow(
    `the size of ${op}'s output depends on its values; what stands before it can be traced, what reads it cannot`,
  );
});
