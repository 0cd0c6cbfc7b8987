/**
 * A coder as an edit: what it reconstructs takes the place of what was there.
 *
 *   from ─▶ z ═▶ [features] ─▶ ŷ ─▶ to          with `error`:  to = ŷ(features) + (y − ŷ(z))
 *
 * The features are a value of the edited model, under the name `<to>.features`: read them, ablate them, steer them,
 * differentiate by them. With the error kept the model does what it did, until a feature is changed.
 */
import { NeuronbookError, ShapeError } from '../../base/errors.ts';
import { wrapAxis } from '../../base/shape.ts';
import { add, concat, slice, sub, transpose } from '../../engine/functions.ts';
import type { Var } from '../../engine/var.ts';
import type { Edit, ReadSite } from '../../model/edits.ts';
import type { Weights } from './architecture.ts';
import { decode, featuresOf, total } from './coder.ts';
import type { Transcoder } from './transcoder.ts';

export interface SpliceOptions {
  /** Add what the coder leaves unexplained, so that unchanged features change nothing. */
  error?: boolean;
}

/** The name of the features in a model that the coder is spliced into. */
export const featureSite = ({ to }: Pick<Transcoder, 'to'>): string => `${to[0]}.features`;

/** One edit per site that is written; the first makes the features, the others take them. */
export function spliceEdits(t: Transcoder, { error = false }: SpliceOptions = {}): Edit[] {
  const { coder, from, to } = t;
  const starts = to.map((_, i) => total(coder.outputs.slice(0, i)));
  const text = (site: string) =>
    `splice('${site}', ${coder.features} features${error ? ', error kept' : ''})`;
  return to.map((site, i) => ({
    site,
    reads: i === 0 ? from : [...from, featureSite(t)],
    text: text(site),
    build(value, at, read) {
      const weights = constants(value, t);
      const x = from.map((name, j) => channelsLast(read[j], coder.inputs[j], name));
      const joined = x.length > 1 ? concat(x, x[0].dims.length - 1) : x[0];
      const z = featuresOf(joined, weights, coder);
      const features = i === 0 ? named(z, featureSite(t)) : read[from.length].value;
      const out = channelsLast({ value, site: at }, coder.outputs[i], site);
      const part = (of: Var) => {
        const whole = decode(of, joined, weights, coder);
        const axis = whole.dims.length - 1;
        return to.length > 1 ? slice(whole, [starts[i]], [starts[i] + coder.outputs[i]], [axis]) : whole;
      };
      if (part(z).dims.length !== out.dims.length)
        throw new NeuronbookError(
          `${from.join(', ')} and ${site} differ in axes; expected sites of the same axes to splice a coder between`,
        );
      // y + (ŷ of the features − ŷ of z): exactly y, as long as they are the same
      const edited = error ? add(out, sub(part(features), part(z))) : part(features);
      return channelsBack(edited, at, value.dims.length);
    },
  }));
}

/** One more name for the features, where they can be changed apart from what the error is measured by. */
const named = (z: Var, name: string): Var => z.trace.apply('Identity', [z], {}, { name, outputs: [name] })[0];

const constants = ({ trace }: Var, { weights }: Transcoder): Weights =>
  Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, trace.constant(value)]));

function channelsLast({ value, site }: ReadSite, width: number, name: string): Var {
  const rank = value.dims.length;
  const axis = wrapAxis(site.channelAxis, rank);
  if (value.dims[axis] !== width)
    throw new ShapeError(
      `${name} has ${value.dims[axis]} channels; expected ${width}, what the coder was trained on`,
    );
  return transpose(value, [...others(axis, rank), axis]);
}

function channelsBack(value: Var, site: ReadSite['site'], rank: number): Var {
  const axis = wrapAxis(site.channelAxis, rank);
  return transpose(value, others(rank - 1, rank).toSpliced(axis, 0, rank - 1));
}

const others = (axis: number, rank: number): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter(i => i !== axis);
