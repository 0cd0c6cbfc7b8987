/**
 * Gradient rules replaced while a gradient is built: relevance propagation, guided backpropagation and straight-through
 * estimators are the ordinary walk of `grad.ts` over a tape on which some steps have another rule.
 */
import { NameError, ShapeError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { formatDims, sameDims } from '../base/shape.ts';
import type { BackwardCall } from './op.ts';
import type { Expansion, Step, Trace } from './trace.ts';
import type { Var } from './var.ts';

/**
 * Builds what flows back through an op: ∂L/∂(first input), or one entry per input, undefined where nothing flows.
 * It sees the op's inputs, outputs, attributes and what arrives (`dy`, or `gradients` by output), all as vars.
 */
export type Vjp = (call: BackwardCall) => Var | readonly (Var | undefined)[];

export interface Override {
  /** An op type, or one site. */
  readonly target: string;
  readonly vjp: Vjp;
}

/**
 * Another gradient rule for every op of one type, or for one site.
 *
 * @param target an ONNX op type (`'Relu'`) or the name of a site; an op type of that name is meant first
 * @param vjp what flows back instead; it may pass an op that has no gradient of its own
 * @example
 * // guided backpropagation (Springenberg et al. 2015): only what excites flows back through a ReLU
 * const guided = override('Relu', ({ dy, outputs: [y] }) =>
 *   ops.mul(ops.relu(dy), ops.indicator(ops.greater(y, 0), dy)))
 */
export const override = (target: string, vjp: Vjp): Override => ({ target, vjp });

/**
 * Runs `work`, in which every gradient of this trace follows the overrides; afterwards the ops' own rules hold again.
 * They hold for what is recorded so far, not for the gradients that `work` records. Where two overrides meet, the
 * later one counts.
 *
 * @param overrides with targets as the trace knows them: op types, names of nodes or of vars
 * @throws NameError on a target that the trace does not have, with the nearest
 * @example const [dx] = overriding(trace, [override('Relu', ({ dy }) => dy)], () => gradients(trace, y, [x]))
 */
export function overriding<T>(trace: Trace, overrides: readonly Override[], work: () => T): T {
  const own = [...trace.steps];
  try {
    for (const each of overrides) apply(trace, each);
    return work();
  } finally {
    own.forEach((step, i) => (trace.steps[i] = step));
  }
}

/**
 * As `overriding`, but asks for a rule at every place: relevance propagation has one for each op.
 *
 * @param choose the rule that holds there; undefined keeps the op's own. An op that was expanded into others is asked
 *   for after them: its rule takes the place of theirs
 * @example overridingEach(trace, ({ op }) => (op === 'Relu' ? ({ dy }) => dy : undefined), () => gradients(trace, y, [x]))
 */
export function overridingEach<T>(trace: Trace, choose: (place: Place) => Vjp | undefined, work: () => T): T {
  const own = [...trace.steps];
  try {
    for (const place of placesOf(trace)) {
      const vjp = choose(place);
      if (vjp) replace(trace, place, vjp);
    }
    return work();
  } finally {
    own.forEach((step, i) => (trace.steps[i] = step));
  }
}

/** An op on the tape, whether it is one step or was expanded into several. */
export type Place = Pick<Expansion, 'op' | 'site' | 'attributes' | 'inputs' | 'outputs' | 'first' | 'end'>;

/** Every place, steps before what is made of them. */
export const placesOf = (trace: Trace): Place[] => [
  ...trace.steps.map(placeOf),
  ...trace.expansions.filter(({ first, end }) => end > first),
];

function apply(trace: Trace, { target, vjp }: Override): void {
  const places = placesOf(trace);
  const ofType = places.filter(({ op }) => op === target);
  const meant = ofType.length ? ofType : places.filter(place => namesOf(place).includes(target));
  if (!meant.length) {
    const known = new Set(places.flatMap(place => [place.op, ...namesOf(place)]));
    throw new NameError('op or site', target, nearest(target, known), 'nothing to override');
  }
  for (const place of meant) replace(trace, place, vjp);
}

const placeOf = ({ node, inputs, outputs }: Step, first: number): Place => {
  const { op, name: site, attributes } = node;
  return { op, site, attributes, inputs, outputs, first, end: first + 1 };
};

const namesOf = ({ site, outputs }: Place): string[] => [site, ...outputs.map(({ name }) => name)];

/** The place's last step answers for all of it; gradients go around the others. */
function replace({ steps }: Trace, place: Place, vjp: Vjp): void {
  const { op, site, attributes, inputs, outputs, first, end } = place;
  const gradient = (call: BackwardCall) =>
    partsOf(vjp({ ...call, op, site, attributes }), place).map(part => part && (() => part));
  for (let i = first; i < end - 1; i++) steps[i] = { ...steps[i], inputs: [] };
  const last = steps[end - 1];
  steps[end - 1] = { ...last, inputs, outputs, overridden: true, rule: { infer: last.rule.infer, gradient } };
}

/** What the user's rule made, one entry per input, each of its input's dims. */
function partsOf(made: ReturnType<Vjp>, { op, site, inputs }: Place): readonly (Var | undefined)[] {
  const parts = Array.isArray(made) ? (made as readonly (Var | undefined)[]) : [made as Var];
  parts.forEach((part, i) => {
    const expected = inputs[i]?.dims;
    if (part && !(expected && sameDims(part.dims, expected)))
      throw new ShapeError(
        `override of ${op} at ${site} gives ${formatDims(part.dims)} for input ${i}; ` +
          `expected ${expected ? `${formatDims(expected)}, like that input` : `undefined: it has ${inputs.length} inputs`}`,
      );
  });
  return parts;
}
