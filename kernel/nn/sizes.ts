/** Shapes whose leading sizes vary: batch × position stays what it is, whatever that is, and only the rest is named. */
import { tensor } from '../base/tensor.ts';
import { int } from '../engine/attributes.ts';
import { int64s } from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';
import type { Scope } from './scope.ts';

/** The size of `x` along `axis`, as an int64 scalar that the graph computes. */
export const sizeAlong = (scope: Scope, x: Var, axis: number): Var =>
  scope.shared(`size ${axis} of ${x.name}`, () => {
    const [size] = scope.trace.apply('Shape', [x], { start: int(axis), end: int(axis + 1) });
    return scope.trace.apply('Reshape', [size, int64s(scope.trace, [])])[0];
  });

/** `like`'s dims without the last, then `tail`: the shape input of a Reshape. */
function shapeOf(scope: Scope, like: Var, tail: readonly number[]): Var {
  const lead = scope.shared(
    `lead of ${like.name}`,
    () => scope.trace.apply('Shape', [like], { start: 0n, end: -1n })[0],
  );
  return scope.shared(
    `lead of ${like.name}, ${tail.join()}`,
    () => scope.trace.apply('Concat', [lead, int64s(scope.trace, tail)], { axis: 0n })[0],
  );
}

/** x with all axes but the last as rows of one matrix: lead × F → rows × F. Made once for each x. */
export const rowsOf = (scope: Scope, x: Var): Var =>
  x.dims.length === 2
    ? x
    : scope.shared(`rows of ${x.name}`, () =>
        scope.inner(x.name, 'Reshape', [x, int64s(scope.trace, [-1, x.dims[x.dims.length - 1]])]),
      );

/** The site `name`: rows × (∏ tail) under the leading axes of `like`, lead × tail. */
export const unrows = (scope: Scope, name: string, rows: Var, like: Var, tail: readonly number[]): Var =>
  scope.site(name, 'Reshape', [rows, shapeOf(scope, like, tail)]);

/** A whole number as an int64 scalar: an index, a bound. */
export const whole = (scope: Scope, value: number): Var =>
  scope.trace.constant(tensor(BigInt64Array.of(BigInt(value)), []));

/** How many positions there are with those of x: past + length. @param x batch × length × …; @param past batch × heads × past × … */
export const lengthWith = (scope: Scope, x: Var, past?: Var): Var =>
  past
    ? scope.shared(
        `length of ${x.name} behind ${past.name}`,
        () => scope.trace.apply('Add', [sizeAlong(scope, past, 2), sizeAlong(scope, x, 1)])[0],
      )
    : sizeAlong(scope, x, 1);

/** from, from + 1, …, to − 1 as an int64 vector; `to` is a scalar. */
export const range = (scope: Scope, from: Var | number, to: Var): Var =>
  scope.trace.apply('Range', [typeof from === 'number' ? whole(scope, from) : from, to, whole(scope, 1)])[0];

/** The positions of x: past, …, past + length − 1. Made once for all layers. */
export const positionsOf = (scope: Scope, x: Var, past?: Var): Var =>
  scope.shared(`positions ${x.dims[1]} behind ${past?.dims[2] ?? 0}`, () =>
    range(scope, past ? sizeAlong(scope, past, 2) : 0, lengthWith(scope, x, past)),
  );
