/**
 * Products with Jacobians and Hessians, all from reverse mode: no op needs a forward rule.
 *
 * The vector-Jacobian product Jᵀu is linear in u, so its own vector-Jacobian product, in u and seeded with v, is J·v:
 *
 *   ∂⟨Jᵀu, v⟩/∂u = J·v
 *
 * u only has to exist while the graph is built: no node of J·v reads it, and the nodes of Jᵀu fall away with it.
 * What remains is what forward rules would have built (`products.test.ts` prints one), so none are written. In nodes,
 * for 4 transformer layers: forward 93, gradient 340, J·v 406; H·v 1107, and 1227 as the J·v of a gradient.
 */
import { NeuronbookError } from '../base/errors.ts';
import { fitting, gradients, vjp } from './grad.ts';
import type { Trace } from './trace.ts';
import type { Var } from './var.ts';

/**
 * The Jacobian-vector product ∂y/∂x·v: how each y of `of` moves when the `at` move along `tangents`.
 * Forward mode by two reverse passes (J. Townsend, *A new trick for calculating Jacobian vector products*, 2017).
 *
 * @param tangents one per x in `at`, of its dims
 * @returns one var per y, of its dims; zeros where y does not depend on any x
 * @throws OpError where the path passes an op without a gradient; NeuronbookError where an override is not linear in dy
 * @example const [dy] = jvp(trace, [y], [x], [v])
 */
export function jvp(trace: Trace, of: readonly Var[], at: readonly Var[], tangents: readonly Var[]): Var[] {
  at.forEach((x, i) => fitting('tangent', x, tangents[i]));
  const u = of.map(y => trace.input(trace.fresh('cotangent'), y.dtype, y.dims));
  const transposed = vjp(trace, of, at, u);
  const pushed = vjp(trace, transposed, u, tangents);
  if (dependsOn(trace, pushed, u))
    throw new NeuronbookError(
      `no jvp of ${of.map(y => y.name).join(', ')}: a gradient rule on the way is not linear in dy; ` +
        'differentiate without the override',
    );
  return pushed;
}

/**
 * The Hessian-vector product ∂²f/∂x²·v for a scalar f. The Hessian is symmetric, so it is the vector-Jacobian product
 * of the gradient (B. A. Pearlmutter, *Fast exact multiplication by the Hessian*, 1994, in reverse over reverse).
 *
 * @param of one number
 * @param vectors one per x in `at`, of its dims; together they are one direction
 * @returns one var per x, of its dims
 * @throws ShapeError where `of` is not one number; OpError where an op on the way has no (second) gradient
 * @example const [hv] = hvp(trace, loss, [w], [v])
 */
export function hvp(trace: Trace, of: Var, at: readonly Var[], vectors: readonly Var[]): Var[] {
  at.forEach((x, i) => fitting('vector', x, vectors[i]));
  return vjp(trace, gradients(trace, of, at), at, vectors);
}

/** Whether any of `values` is computed from any of `sources`. */
function dependsOn(trace: Trace, values: readonly Var[], sources: readonly Var[]): boolean {
  const reached = new Set(values.map(({ name }) => name));
  for (const { node } of trace.steps.toReversed())
    if (node.outputs.some(name => reached.has(name))) for (const name of node.inputs) reached.add(name);
  return sources.some(({ name }) => reached.has(name));
}
