/**
 * Reverse mode as graph → graph: a walk back over the tape that asks each op's rule for more graph.
 * The result is made of ordinary ops, so it can be printed, cut, compiled and differentiated again; the products
 * with second derivatives and with tangents (`products.ts`) are this walk taken twice.
 */
import { OpError, ShapeError } from '../base/errors.ts';
import { isFloat } from '../base/dtype.ts';
import { formatDims, sameDims, sizeOf } from '../base/shape.ts';
import { add, full, zerosLike } from './functions.ts';
import type { BackwardCall } from './op.ts';
import type { Trace } from './trace.ts';
import type { Var } from './var.ts';

/**
 * ∂of/∂x for each x in `at`.
 *
 * @param of a scalar (one element), or any shape where `seed` gives ∂L/∂of
 * @returns one var per x, of its dims; zeros where `of` does not depend on x
 * @throws OpError where the path from x to `of` passes an op without a gradient
 */
export function gradients(trace: Trace, of: Var, at: readonly Var[], seed?: Var): Var[] {
  if (!seed && sizeOf(of.dims) !== 1)
    throw new ShapeError(
      `gradient of ${of.name}, which is ${formatDims(of.dims)}; expected one number: pick an element or sum first`,
    );
  return vjp(trace, [of], at, [seed ?? full(trace, of.dims, 1, of.dtype)]);
}

/**
 * The vector-Jacobian product ∂⟨ȳ, y⟩/∂x = ȳᵀ·∂y/∂x for each x in `at`, y standing for all of `of`.
 *
 * Reverse mode, Griewank & Walther, *Evaluating Derivatives*, algorithm 3.3:
 * with x̄ for ∂⟨ȳ, y⟩/∂x, start from the seeds ȳ and for each op y = f(x), last to first, add ȳ·∂f/∂x to x̄.
 *
 * @param seeds ȳ, one per y and of its dims
 * @returns one var per x, of its dims; zeros where no y depends on x
 * @throws ShapeError on seeds that do not fit; OpError where the path from x to y passes an op without a gradient
 * @example const [dx] = vjp(trace, [y], [x], [dy])
 */
export function vjp(trace: Trace, of: readonly Var[], at: readonly Var[], seeds: readonly Var[]): Var[] {
  const tape = [...trace.steps];

  // 1. which values depend on some x
  const varies = new Set(at);
  for (const { inputs, outputs, overridden, rule } of tape) {
    const varying = inputs.filter(input => input !== undefined && varies.has(input));
    if (!varying.length) continue;
    // integers vary where they stand for real numbers, and so does what is made of such
    const all = overridden || rule.quantizes || varying.some(input => !isFloat(input!.dtype));
    for (const output of outputs) if (all || isFloat(output.dtype)) varies.add(output);
  }

  // 2. walk back; each value's gradient is complete when its own op is reached
  const parts = new Map<Var, Var[]>();
  const give = (value: Var, part: Var) => parts.set(value, [...(parts.get(value) ?? []), part]);
  const total = (value: Var): Var | undefined => {
    const sum = parts.get(value)?.reduce((a, b) => add(a, b));
    if (sum) parts.set(value, [sum]);
    return sum;
  };
  of.forEach((y, i) => give(y, fitting('seed', y, seeds[i])));
  for (const { node, rule, inputs, outputs } of tape.reverse()) {
    if (!outputs.some(output => parts.has(output))) continue;
    if (!inputs.some(input => input && varies.has(input))) continue;
    if (!rule.gradient)
      throw new OpError(
        `no gradient for op ${node.op} at ${node.name || node.outputs[0]}: the path to ${at.map(x => x.name).join(', ')} stops there; ` +
          'read or edit behind it, or add the gradient (CONTRIBUTING.md)',
        node.op,
        node.name,
      );
    const known = outputs.map(total);
    const call: BackwardCall = {
      op: node.op,
      site: node.name || node.outputs[0],
      inputs,
      attributes: node.attributes,
      outputCount: outputs.length,
      outputs,
      gradients: known,
      get dy() {
        return known[0] ?? zerosLike(outputs[0]);
      },
    };
    rule.gradient(call).forEach((build, i) => {
      const input = inputs[i];
      if (input && build && varies.has(input)) give(input, build());
    });
  }
  return at.map(x => total(x) ?? zerosLike(x));
}

/** A vector that goes with a value must have its dims. */
export function fitting(what: 'seed' | 'tangent' | 'vector', value: Var, given: Var): Var {
  if (sameDims(given.dims, value.dims)) return given;
  throw new ShapeError(
    `${what} for ${value.name} is ${formatDims(given.dims)}; expected ${formatDims(value.dims)}, like ${value.name} itself`,
  );
}
