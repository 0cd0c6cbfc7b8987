/** The gradient of a fused op as that of the same computation in smaller ops, which is recorded on the way back. */
import { isFloat } from '../../base/dtype.ts';
import { cast } from '../functions.ts';
import { vjp } from '../grad.ts';
import type { BackwardCall, Gradient } from '../op.ts';
import type { Trace } from '../trace.ts';
import type { Var } from '../var.ts';

/** The same value as a value of its own, a constant too: an Identity that is not folded. */
const copied = (x: Var): Var =>
  x.trace.custom(
    [x],
    () => x,
    dy => [dy],
  );

/** The op's outputs from its inputs. */
export type Steps = (inputs: readonly (Var | undefined)[]) => readonly Var[];

/**
 * What `steps` gives on copies of the inputs, gone back through; the copies are where the way back ends, and where
 * the way back of a second derivative goes on.
 * @param real integer inputs that stand for real numbers, by index: `steps` gets them as floats
 */
export function through(call: BackwardCall, steps: Steps, real: readonly number[] = []): Gradient[] {
  const copies = call.inputs.map((input, i) => {
    if (!input) return undefined;
    const given = real.includes(i) ? cast(input, 'float32') : input;
    return isFloat(given.dtype) ? copied(given) : given;
  });
  const floats = copies.filter(copy => copy !== undefined && isFloat(copy.dtype)) as Var[];
  let slopes: readonly Var[] | undefined;
  const found = () => {
    if (slopes) return slopes;
    const given = steps(copies).flatMap((y, i) =>
      call.gradients[i] ? [[y, call.gradients[i]] as const] : [],
    );
    slopes = vjp(
      call.inputs[0]!.trace as Trace,
      given.map(([y]) => y),
      floats,
      given.map(([, dy]) => dy),
    );
    return slopes;
  };
  return copies.map(copy =>
    copy && floats.includes(copy) ? () => found()[floats.indexOf(copy)] : undefined,
  );
}
