/**
 * Quantized operators. All run; the integers that they pass on stand for real numbers, (q − zero)·scale. Rounding has
 * no slope, so a gradient through them is refused, with the offer of a straight-through one (`straight-through.ts`).
 */
import { OpError } from '../../base/errors.ts';
import type { DType } from '../../base/dtype.ts';
import { wrapAxis } from '../../base/shape.ts';
import { intOf } from '../attributes.ts';
import {
  apply,
  cast,
  dtypeFromNumber,
  expand,
  matmul,
  mul,
  reshape,
  slice,
  sub,
  unsqueeze,
} from '../functions.ts';
import { refusing, type Call, type Op } from '../op.ts';
import type { Known, Var } from '../var.ts';
import { Conv } from './convolution.ts';
import { MatMul } from './linear.ts';
import { need } from './makers.ts';
import { through } from './through.ts';

const refused = refusing(call => {
  throw new OpError(
    `no gradient through ${call.op} at ${call.site}: rounding has no slope; ` +
      `pass override: straightThrough(model.graph) for a straight-through gradient, or take the gradient behind it`,
    call.op,
    call.site,
  );
});

/** A rule whose outputs are integers that stand for real numbers. */
const rounding = (infer: (call: Call) => Known[]): Op => ({ infer, gradient: refused, quantizes: true });

/** Scale or zero point in the dims of x: one number, one per channel of `axis`, or one per block along it. */
export function stretched(x: Var, given: Var, axis: number, block: number): Var {
  const rank = x.dims.length;
  if (given.dims.length === 0 || (given.dims.length === 1 && given.dims[0] === 1 && !block))
    return reshape(given, []);
  const at = wrapAxis(axis, rank);
  if (given.dims.length === 1)
    return reshape(
      given,
      x.dims.map((dim, i) => (i === at ? dim : 1)),
    );
  // each block's number as often as the block is long; the last block may be shorter
  const [blocks, size] = [given.dims[at], x.dims[at]];
  const repeated = expand(unsqueeze(given, [at + 1]), given.dims.toSpliced(at + 1, 0, block));
  const whole = reshape(repeated, given.dims.with(at, blocks * block));
  return blocks * block === size ? whole : slice(whole, [0], [size], [at]);
}

/** (q − zero)·scale, for q as floats. */
export function dequantized(q: Var, scale: Var, zero: Var | undefined, axis: number, block = 0): Var {
  const centred = zero ? sub(q, stretched(q, cast(zero, q.dtype), axis, block)) : q;
  return mul(centred, stretched(q, scale, axis, block));
}

const axisOf = (call: Call): number => intOf(call.attributes, 'axis', 1);
const blockOf = (call: Call): number => intOf(call.attributes, 'block_size', 0);

/** y = saturate(round(x/scale) + zero) */
export const QuantizeLinear: Op = rounding(call => {
  const declared = intOf(call.attributes, 'output_dtype', 0);
  const dtype = call.inputs[2]?.dtype ?? (declared ? dtypeFromNumber(declared) : 'uint8');
  return [{ dtype, dims: need(call, 0).dims }];
});

/** y = (x − zero)·scale */
export const DequantizeLinear: Op = {
  infer: call => [{ dtype: need(call, 1, 'scale').dtype, dims: need(call, 0).dims }],
  gradient: call =>
    through(call, ([q, scale, zero]) => [dequantized(q!, scale!, zero, axisOf(call), blockOf(call))], [0]),
};

/** y, scale and zero point in uint8, by the range of x with 0 in it. */
export const DynamicQuantizeLinear: Op = rounding(call => [
  { dtype: 'uint8', dims: need(call, 0).dims },
  { dtype: 'float32', dims: [] },
  { dtype: 'uint8', dims: [] },
]);

/** The same op on real numbers says what dims come out. */
const as = (dtype: DType, ...values: (Known | undefined)[]) =>
  values.map(value => value && { dims: value.dims, dtype });

/** A zero point of a factor: one number, or one per row of the left and per column of the right. */
const perRow = (zero: Var): Var => (zero.dims.length === 1 ? unsqueeze(zero, [1]) : zero);

/** y = (a − zero)·(b − zero) in int32, exactly; so its gradient is that of the product. */
export const MatMulInteger: Op = {
  quantizes: true,
  infer(call) {
    const [{ dims }] = MatMul.infer({ ...call, inputs: as('int32', need(call, 0), need(call, 1)) });
    return [{ dtype: 'int32', dims }];
  },
  gradient: call =>
    through(
      call,
      ([a, b, az, bz]) => [
        matmul(az ? sub(a!, perRow(cast(az, 'float32'))) : a!, bz ? sub(b!, cast(bz, 'float32')) : b!),
      ],
      [0, 1],
    ),
};

/** y = conv(x − zero, w − zero) in int32, exactly. */
export const ConvInteger: Op = {
  quantizes: true,
  infer(call) {
    const [{ dims }] = Conv.infer({ ...call, inputs: as('float32', need(call, 0), need(call, 1)) });
    return [{ dtype: 'int32', dims }];
  },
  gradient: call =>
    through(
      call,
      ([x, w, xz, wz]) => [
        apply(
          'Conv',
          [
            xz ? sub(x!, cast(xz, 'float32')) : x!,
            wz ? sub(w!, stretched(w!, cast(wz, 'float32'), 0, 0)) : w!,
          ],
          call.attributes,
        ),
      ],
      [0, 1],
    ),
};

/** Inputs x, scale, zero; w, scale, zero; scale and zero of y; bias. */
export const QLinearConv: Op = rounding(call => {
  const inputs = as('float32', need(call, 0), need(call, 3), call.inputs[8]);
  const [{ dims }] = Conv.infer({ ...call, inputs });
  return [{ dtype: need(call, 7, 'zero point of y').dtype, dims }];
});

/** Inputs a, scale, zero; b, scale, zero; scale and zero of y. */
export const QLinearMatMul: Op = rounding(call => {
  const [{ dims }] = MatMul.infer({ ...call, inputs: as('float32', need(call, 0), need(call, 3)) });
  return [{ dtype: need(call, 7, 'zero point of y').dtype, dims }];
});
