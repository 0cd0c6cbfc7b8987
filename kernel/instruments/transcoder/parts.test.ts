/** Small parts by hand: where biases begin, how rows are scaled, what resampling writes, which places a gate picks. */
import { describe, expect, test } from 'vitest';
import { rng } from '../../base/rng.ts';
import { tensor } from '../../base/tensor.ts';
import { compile } from '../../engine/compile.ts';
import { mul, reduceSum } from '../../engine/functions.ts';
import { gradients } from '../../engine/grad.ts';
import { Trace } from '../../engine/trace.ts';
import { relu } from './architectures/index.ts';
import { decode, layoutOf, normOf, type Coder } from './coder.ts';
import { middleOf, normScale } from './first.ts';
import { fewOf, rowTopK, spread } from './gates.ts';
import { resample } from './resample.ts';

describe('the middle of rows', () => {
  // four corners of a square around (1, 2), and one far away
  const rows = tensor([0, 1, 2, 1, 0, 3, 2, 3, 1001, 2], [5, 2]);

  test('is drawn along by an outlier as a mean, hardly as a geometric median', () => {
    expect([...middleOf(rows, 'mean')]).toEqual([201, 2]);
    const [x, y] = middleOf(rows, 'median');
    // the pulls cancel: 2x/√(x² + 1) − 2(2 − x)/√((2 − x)² + 1) = 1
    expect([x, y]).toEqual([expect.closeTo(1.6244, 3), expect.closeTo(2, 3)]);
    expect([...middleOf(rows, 'zero')]).toEqual([0, 0]);
  });

  test('has the least sum of distances to them', () => {
    const far = ([x, y]: readonly number[]) =>
      (rows.toArray() as number[][]).reduce((sum, row) => sum + Math.hypot(row[0] - x, row[1] - y), 0);
    const [x, y] = middleOf(rows, 'median');
    for (const [dx, dy] of [
      [0.05, 0],
      [-0.05, 0],
      [0, 0.05],
      [0, -0.05],
    ])
      // prettier-ignore
      expect(far([x, y])).toBeLessThan(far([x + dx, y + dy]));
  });
});

test('rows are scaled to a norm of √d on average', () => {
  const rows = tensor([3, 4, 0, 5, 8, 6], [3, 2]);
  expect(normScale(rows)).toBeCloseTo((Math.SQRT2 * 3) / 20, 6);
  expect(() => normScale(tensor([0, 0], [1, 2]))).toThrow('the rows cannot be normalized');
});

test('resampling points a dead feature at what is missing, and leaves the living alone', () => {
  const coder: Coder = {
    architecture: relu(),
    inputs: [2],
    outputs: [3],
    features: 4,
    centre: 'b_in',
    skip: false,
  };
  const { trained } = layoutOf(coder);
  const size = trained.reduce((sum, each) => sum + each.size, 0);
  const theta = Float32Array.from({ length: size }, (_, i) => 1 + i);
  const [before, slot] = [theta.slice(), new Float32Array(size).fill(7)];
  // only the second row is reconstructed badly
  const [centred, residual] = [Float32Array.of(1, 0, 0, 3), Float32Array.of(0, 0, 0, 0, 0, -2)];
  resample({
    dead: [2],
    features: 4,
    trained,
    theta,
    slots: [slot],
    centred,
    residual,
    rows: 2,
    random: rng(1),
  });
  const at = Object.fromEntries(trained.map(({ name, offset, size }) => [name, [offset, size] as const]));
  const [encoder] = at.W_enc;
  const columns = [0, 1, 3].map(i => normOf([before[encoder + i], before[encoder + 4 + i]]));
  const strength = (0.2 * columns.reduce((sum, norm) => sum + norm, 0)) / 3;
  const moved = new Map<number, number>([
    [encoder + 2, 0],
    [encoder + 4 + 2, strength],
    [at.W_dec[0] + 6, 0],
    [at.W_dec[0] + 7, 0],
    [at.W_dec[0] + 8, -1],
    [at.b_enc[0] + 2, 0],
  ]);
  theta.forEach((value, i) => {
    expect(value).toBeCloseTo(moved.get(i) ?? before[i], 5);
    expect(slot[i]).toBe(moved.has(i) ? 0 : 7);
  });
});

test('of equal values exactly k are let through', async () => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [2, 5]);
  const program = await compile(trace.graph({ z: rowTopK(x, 2) }));
  const { z } = await program.run({ x: tensor([3, 3, 3, 3, 3, -1, -2, 5, -3, -4], [2, 5]) });
  const [ties, negative] = z.toArray() as number[][];
  expect(ties.filter(value => value === 3)).toHaveLength(2);
  expect(ties.filter(value => value === 0)).toHaveLength(3);
  expect(negative.map(Math.abs)).toEqual([0, 0, 5, 0, 0]);
});

test('few features of many, written by gathered rows: the same values and slopes as by the whole product', async () => {
  const [rows, k, features, width] = [5, 2, 300, 7];
  const random = rng('few');
  const drawn = (...dims: number[]) =>
    tensor(Float32Array.from({ length: dims.reduce((a, b) => a * b) }, random.normal), dims);
  const given = {
    pre: drawn(rows, features),
    w: drawn(features, width),
    b: drawn(width),
    of: drawn(rows, width),
  };
  const made = async (gathered: boolean) => {
    const trace = new Trace();
    const [pre, w, b, of] = Object.entries(given).map(([name, { dims }]) =>
      trace.input(name, 'float32', dims),
    );
    const few = fewOf(pre, k);
    const y = decode(
      spread(pre, few),
      pre,
      { W_dec: w, b_dec: b },
      { skip: false },
      gathered ? few : undefined,
    );
    const [dPre, dW, dB] = gradients(trace, reduceSum(mul(y, of)), [pre, w, b]);
    const graph = trace.graph({ y, dPre, dW, dB });
    expect(graph.nodes.some(({ op }) => op === 'Gather')).toBe(gathered);
    return (await compile(graph)).run(given);
  };
  const [gathered, whole] = [await made(true), await made(false)];
  for (const name of ['y', 'dPre', 'dW', 'dB']) {
    const expected = whole[name].toNumbers();
    expect(expected.some(value => value !== 0)).toBe(true);
    gathered[name].toNumbers().forEach((value, i) => expect(value, name).toBeCloseTo(expected[i], 5));
  }
});
