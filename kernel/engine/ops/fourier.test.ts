/** Gradients of Fourier transforms against finite differences; windows against their published values. */
import { expect, test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import type { Attributes } from '../../onnx/graph.ts';
import { apply, constant, int64s, mul } from '../functions.ts';
import { checkGradient, normal, second, type Case } from '../testing.ts';
import { Trace } from '../trace.ts';
import type { Var } from '../var.ts';

const number = (like: Var, value: number) => constant(like.trace, tensor([BigInt(value)], []));
const dft =
  (attributes: Attributes = {}, axis?: number, length?: number) =>
  (x: Var) =>
    apply(
      'DFT',
      [x, length && number(x, length), axis && number(x, axis)].map(input => input || undefined),
      attributes,
    );
const stft = (x: Var, window?: Var) =>
  apply('STFT', [x, number(x, 2), window, window ? undefined : number(x, 4)]);

test.each<Case>([
  ['DFT', dft(), [normal([2, 5, 2])]],
  ['DFT of real numbers', dft(), [normal([1, 4, 1])]],
  ['DFT, inverse', dft({ inverse: 1n }), [normal([1, 3, 2])]],
  ['DFT, one side', dft({ onesided: 1n }), [normal([1, 5, 1])]],
  ['DFT, one side, even', dft({ onesided: 1n }), [normal([1, 4, 1])]],
  ['DFT, one side, inverse', dft({ inverse: 1n, onesided: 1n }), [normal([1, 3, 2])]],
  ['DFT, one side, inverse, odd', dft({ inverse: 1n, onesided: 1n }, 1, 5), [normal([1, 3, 2])]],
  ['DFT, another axis', dft({}, 1), [normal([1, 3, 2, 1])]],
  ['DFT, cut', dft({}, 1, 3), [normal([1, 5, 2])]],
  ['DFT, padded', dft({}, 1, 6), [normal([1, 4, 1])]],
  ['DFT of squares, twice', second(x => dft()(mul(x, x))), [normal([1, 3, 1])]],
  ['STFT', x => stft(x), [normal([1, 8, 1])]],
  ['STFT in windows that vary', stft, [normal([2, 8, 1]), normal([4], 'w')]],
])('%s', checkGradient);

test.each([
  ['HannWindow', {}, [0, 0.5, 1, 0.5]],
  ['HannWindow', { periodic: 0n }, [0, 0.75, 0.75, 0]],
  ['HammingWindow', {}, [0.0869565, 0.5434783, 1, 0.5434783]],
  ['BlackmanWindow', {}, [0, 0.34, 1, 0.34]],
])('%s %o is known before anything runs', (op, attributes, expected) => {
  const trace = new Trace();
  const made = apply(op, [int64s(trace, [4])], attributes as Attributes).value!.toNumbers();
  made.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 6));
});
