/** Resize: gradients against finite differences in every mode; upgrades against ONNX Runtime's own old ops. */
import { expect, test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import type { Attributes, Graph } from '../../onnx/graph.ts';
import { ints } from '../attributes.ts';
import { resize, type ResizeOptions } from '../functions-spatial.ts';
import { apply, constant, int64s, mul } from '../functions.ts';
import { checkGradient, execute, normal, second, type Case } from '../testing.ts';
import { upgrade } from '../upgrade.ts';
import type { Var } from '../var.ts';

const x = (...dims: number[]) => normal(dims, 'x');
const to = (spatial: number[], options?: ResizeOptions) => (x: Var) => resize(x, spatial, options);
const scaled =
  (scales: number[], attributes: Attributes = {}) =>
  (x: Var) =>
    apply(
      'Resize',
      [x, undefined, constant(x.trace, tensor(Float32Array.from(scales), [scales.length]))],
      attributes,
    );

/** Cubic unless said, over the last two of four axes. */
const bent = (attributes: Attributes, scales: [number, number]) =>
  scaled([1, 1, ...scales], { mode: 'cubic', ...attributes });

const places = [
  'half_pixel',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'half_pixel_symmetric',
] as const;
const rounds = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const;

test.each<Case>([
  ...places.flatMap(coordinates => [
    [`linear, ${coordinates}, larger`, to([5, 7], { coordinates }), [x(1, 2, 3, 4)]] as Case,
    [`linear, ${coordinates}, smaller`, to([2, 3], { coordinates }), [x(1, 2, 5, 4)]] as Case,
    [`linear, ${coordinates}, to one`, to([1, 3], { coordinates }), [x(1, 2, 5, 4)]] as Case,
    ...rounds.flatMap(nearest => [
      [`nearest, ${coordinates}, ${nearest}, larger`, to([5, 8], { mode: 'nearest', coordinates, nearest }), [x(1, 2, 3, 4)]] as Case, // prettier-ignore
      [`nearest, ${coordinates}, ${nearest}, smaller`, to([2, 3], { mode: 'nearest', coordinates, nearest }), [x(1, 2, 5, 6)]] as Case, // prettier-ignore
    ]),
  ]),
  [
    'nearest, doubled',
    to([6, 8], { mode: 'nearest', coordinates: 'asymmetric', nearest: 'floor' }),
    [x(2, 2, 3, 4)],
  ],
  ['linear, scales that do not divide', scaled([1, 1, 1.7, 0.6], { mode: 'linear' }), [x(1, 2, 4, 5)]],
  ['linear, symmetric, scales that do not divide', scaled([1, 1, 1.7, 0.6], { mode: 'linear', coordinate_transformation_mode: 'half_pixel_symmetric' }), [x(1, 2, 4, 5)]], // prettier-ignore
  ['linear, align_corners, scales that do not divide', scaled([1, 1, 1.7, 0.6], { mode: 'linear', coordinate_transformation_mode: 'align_corners' }), [x(1, 2, 4, 5)]], // prettier-ignore
  ['nearest, scales that do not divide', scaled([1, 1, 2.4, 0.6]), [x(1, 2, 4, 5)]],
  ['linear, one axis', to([7]), [x(2, 2, 4)]],
  ['linear, three axes', to([3, 4, 5]), [x(1, 1, 2, 3, 3)]],
  ['linear, of matrices', scaled([1.5, 2], { mode: 'linear' }), [x(4, 3)]],
  ['linear, chosen axes', scaled([2, 1.5], { mode: 'linear', axes: ints([3, 2]) }), [x(1, 2, 4, 3)]],
  ['linear, aspect kept', x => apply('Resize', [x, undefined, undefined, int64s(x.trace, [7, 6])], { mode: 'linear', axes: ints([2, 3]), keep_aspect_ratio_policy: 'not_larger' }), [x(1, 2, 4, 3)]], // prettier-ignore
  ['linear, aspect kept, not smaller', x => apply('Resize', [x, undefined, undefined, int64s(x.trace, [7, 6])], { mode: 'linear', axes: ints([2, 3]), keep_aspect_ratio_policy: 'not_smaller' }), [x(1, 2, 4, 3)]], // prettier-ignore
  ['linear, crop', x => apply('Resize', [x, constant(x.trace, tensor(Float32Array.from([0, 0, 0.4, -0.2, 1, 1, 0.9, 1.3]))), undefined, int64s(x.trace, [1, 2, 3, 5])], { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize' }), [x(1, 2, 4, 5)]], // prettier-ignore
  ...places.flatMap(coordinates => [
    [`cubic, ${coordinates}, larger`, bent({ coordinate_transformation_mode: coordinates }, [1.7, 2]), [x(1, 2, 3, 4)]] as Case, // prettier-ignore
    [`cubic, ${coordinates}, smaller`, bent({ coordinate_transformation_mode: coordinates }, [0.5, 0.7]), [x(1, 2, 5, 6)]] as Case, // prettier-ignore
  ]),
  ['cubic, another slope', bent({ cubic_coeff_a: -0.5 }, [2, 1.5]), [x(1, 2, 3, 4)]],
  ['cubic, the outside excluded', bent({ exclude_outside: 1n }, [2, 1.5]), [x(1, 2, 3, 4)]],
  ['linear, antialias, smaller', bent({ mode: 'linear', antialias: 1n }, [0.5, 0.4]), [x(1, 2, 6, 7)]],
  ['linear, antialias, larger', bent({ mode: 'linear', antialias: 1n }, [2, 1.5]), [x(1, 2, 3, 4)]],
  ['cubic, antialias, smaller', bent({ antialias: 1n }, [0.5, 0.4]), [x(1, 2, 6, 7)]],
  ['cubic, antialias, the outside excluded', bent({ antialias: 1n, exclude_outside: 1n }, [0.6, 0.4]), [x(1, 2, 6, 7)]], // prettier-ignore
  ['linear of a square, twice', second(x => to([4, 3])(mul(x, x))), [x(1, 1, 3, 2)]],
  ['nearest of a square, twice', second(x => to([4, 4], { mode: 'nearest' })(mul(x, x))), [x(1, 1, 2, 2)]],
])('%s', checkGradient);

/** One node of an old opset over x: 1×2×4×5. */
const old = (
  opset: number,
  op: string,
  attributes: Attributes,
  inputs: string[],
  scales?: number[],
): Graph => ({
  name: 'old',
  opsets: { '': opset },
  inputs: [{ name: 'x', dtype: 'float32', dims: [1, 2, 4, 5] }],
  outputs: [{ name: 'y', dtype: 'float32' }],
  nodes: [{ op, domain: '', name: 'node', inputs, outputs: ['y'], attributes }],
  constants: new Map([
    ['none', tensor(new Float32Array(0))],
    ...(scales ? [['scales', tensor(Float32Array.from(scales))] as const] : []),
  ]),
  values: new Map(),
  metadata: {},
});

test.each([
  ['Upsample 7, nearest', old(7, 'Upsample', { scales: [1, 1, 2, 3] }, ['x'])],
  ['Upsample 7, linear', old(7, 'Upsample', { scales: [1, 1, 2, 1.5], mode: 'linear' }, ['x'])],
  ['Upsample 9, nearest', old(9, 'Upsample', {}, ['x', 'scales'], [1, 1, 2.5, 2])],
  ['Upsample 9, linear', old(9, 'Upsample', { mode: 'linear' }, ['x', 'scales'], [1, 1, 2, 2])],
  ['Resize 10, larger', old(10, 'Resize', {}, ['x', 'scales'], [1, 1, 2.5, 2])],
  ['Resize 10, smaller', old(10, 'Resize', {}, ['x', 'scales'], [1, 1, 0.6, 0.7])],
  ['Resize 10, linear', old(10, 'Resize', { mode: 'linear' }, ['x', 'scales'], [1, 1, 1.5, 0.7])],
  ['Resize 11', old(11, 'Resize', { mode: 'linear' }, ['x', 'none', 'scales'], [1, 1, 1.5, 0.7])],
  ['Resize 11, tf_half_pixel_for_nn', old(11, 'Resize', { coordinate_transformation_mode: 'tf_half_pixel_for_nn', nearest_mode: 'floor' }, ['x', 'none', 'scales'], [1, 1, 1.5, 0.7])], // prettier-ignore
])('%s is upgraded to the same computation', async (_, graph) => {
  const upgraded = upgrade(graph);
  expect(upgraded.opsets['']).toBe(21);
  const feeds = { x: x(1, 2, 4, 5) };
  const [expected, received] = [await execute(graph, feeds), await execute(upgraded, feeds)];
  expect(received.y.dims).toEqual(expected.y.dims);
  expect(received.y.toNumbers()).toEqual(expected.y.toNumbers());
});
