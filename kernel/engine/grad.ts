/**
 * Reverse mode as graph → graph: a walk back over the tape that asks each op's rule for more graph.
 * The result is made of ordinary ops, so it can be printed, cut, compiled and differentiated again.
 */
import { OpError, ShapeError } from '../base/errors.ts';
import { isFloat } from '../base/dtype.ts';
import { formatDims, sizeOf } from '../base/shape.ts';
import { add, full, zerosLike } from './functions.ts';
import type { BackwardCall } from './op.ts';
import type { Trace } from './trace.ts';
import type { Var } from './var.ts';

/**
 * ∂of/∂x for each x in `at`.
 *
 * Reverse mode, Griewank & Walther, *Evaluating Derivatives*, algorithm 3.3:
 * with x̄ for ∂of/∂x, start from of̄ = 1 and for each op y = f(x), last to first, add ȳ·∂f/∂x to x̄.
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
  const tape = [...trace.steps];

  // 1. which values depend on some x
  const varies = new Set(at);
  for (const step of tape)
    if (step.inputs.some(input => input && varies.has(input)))
      for (const output of step.outputs) if (isFloat(output.dtype)) varies.add(output);

  // 2. walk back; each value's gradient is complete when its own op is reached
  const parts = new Map<Var, Var[]>([[of, [seed ?? full(trace, of.dims, 1, of.dtype)]]]);
  const total = (value: Var): Var | undefined => {
    const sum = parts.get(value)?.reduce((a, b) => add(a, b));
    if (sum) parts.set(value, [sum]);
    return sum;
  };
  for (const { node, rule, inputs, outputs } of tape.reverse()) {
    if (!outputs.some(output => parts.has(output))) continue;
    if (!inputs.some(input => input && varies.has(input))) continue;
    if (!rule.gradient)
      throw new OpError(
        `no gradient for op ${node.op} at ${node.name}: the path to ${at.map(x => x.name).join(', ')} stops there; ` +
          'read or edit behind it, or add the gradient (CONTRIBUTING.md)',
        node.op,
        node.name,
      );
    const known = outputs.map(total);
    const call: BackwardCall = {
      op: node.op,
      site: node.name,
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
      if (!input || !build || !varies.has(input)) return;
      const part = build();
      parts.set(input, [...(parts.get(input) ?? []), part]);
    });
  }
  return at.map(x => total(x) ?? zerosLike(x));
}
