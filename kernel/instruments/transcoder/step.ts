/**
 * One training step as one graph, in the manner of `train/step.ts`:
 *
 *   θ ─split─▶ weights ─▶ coder ─▶ loss ─▶ gradients ─▶ optimizer ─▶ θ′
 *                            └──▶ what fired ─▶ silence′, density′, measured weights′, and the report
 *
 * Decoder rows are held at norm 1: the part of their gradient along the row is taken out before the optimizer sees
 * it, and the rows are normalized after.
 */
import {
  add,
  concat,
  div,
  greater,
  indicator,
  less,
  matmul,
  mul,
  reduceMean,
  reduceSum,
} from '../../engine/functions.ts';
import { full, greaterOrEqual, reshape, split, sqrt, sub } from '../../engine/functions.ts';
import { gradients } from '../../engine/grad.ts';
import { Trace } from '../../engine/trace.ts';
import type { Var } from '../../engine/var.ts';
import type { Graph } from '../../onnx/graph.ts';
import { THETA } from '../../train/forward.ts';
import type { Optimizer } from '../../train/optimizer.ts';
import { totalOf, type Parameter } from '../../train/parameters.ts';
import { HYPER, hyperNames, nextName, slotName } from '../../train/step.ts';
import type { Weights } from './architecture.ts';
import { decode, layoutOf, project, projectBatch, total, type Coder } from './coder.ts';
import { detached } from './gates.ts';
import type { Revival } from './revive.ts';

export const X = 'x';
export const Y = 'y';
/** Weights that are measured, end to end. */
export const MEASURED = 'transcoder/measured';
/** Rows since each feature was last active, F. */
export const SILENCE = 'transcoder/silence';
/** The share of rows at which each feature is active, F: a mean over the last hundred steps or so. */
export const DENSITY = 'transcoder/density';
export const REPORT = 'transcoder/report';
/** What a step reports, in order. */
export const REPORTED = ['loss', 'error', 'penalty', 'auxiliary', 'revival', 'l0', 'fvu'] as const;

/** What the density keeps of itself at each step. */
const KEEPS = 0.99;

export interface StepOptions {
  coder: Coder;
  optimizer: Optimizer;
  /** Rows in a batch. */
  rows: number;
  /** What the data is multiplied by: one number for x and one for y. */
  scales: { inputs: number; outputs: number };
  /** Decoder rows of norm 1. */
  unit: boolean;
  /** The part of revival that is a loss, where some features are dead. */
  revival?: Revival;
  /** A feature is dead once it has been silent for so many rows. */
  deadAfter: number;
  /** Largest norm of the whole gradient. */
  clip?: number;
}

/** How many scalars a step is fed: the rate, the optimizer's, and the share of the sparsity coefficient. */
export const hyperCount = (optimizer: Optimizer): number => hyperNames(optimizer).length + 1;

/** The graph of a step; inputs and outputs under the names of this file and of `train/step.ts`. */
export function stepGraph(options: StepOptions): Graph {
  const { coder, optimizer, rows, unit, clip } = options;
  const { trained, measured } = layoutOf(coder);
  const trace = new Trace();
  const [theta, weights] = unpacked(trace, THETA, trained);
  const [, state] = measured.length ? unpacked(trace, MEASURED, measured) : [undefined, {}];
  const names = [...hyperNames(optimizer), 'share'];
  const values = split(trace.input(HYPER, 'float32', [names.length]), names.map(() => 1), 0); // prettier-ignore
  const hypers = Object.fromEntries(names.map((name, i) => [name, values[i]]));
  const silence = trace.input(SILENCE, 'float32', [coder.features]);
  const density = trace.input(DENSITY, 'float32', [coder.features]);

  // 1. the loss
  const { loss, report, fired, next } = forward(
    trace,
    { ...weights, ...state },
    silence,
    hypers.share,
    options,
  );

  // 2. its gradient, for decoder rows w of norm 1 without its part along them: g − ⟨g, w⟩w
  const slopes = gradients(trace, loss, trained.map(({ name }) => weights[name])); // prettier-ignore
  const parts = slopes.map((slope, i) => {
    const free = unit && trained[i].name === 'W_dec' ? across(slope, weights.W_dec) : slope;
    return reshape(free, [trained[i].size]);
  });
  const gradient = clipped(concat(parts, 0), clip);

  // 3. the update
  const { rate, share: _, ...scalars } = hypers;
  const slots = optimizer.slots.map(
    slot => [slot, trace.input(slotName(slot), 'float32', theta.dims)] as const,
  );
  const moved = optimizer.update({
    parameters: theta,
    gradient,
    slots: Object.fromEntries(slots),
    rate,
    scalars,
    decay: optimizer.decay || undefined,
  });

  // 4. what has fired: s′ = (s + N)·[silent],  d′ = κd + (1 − κ)·share
  const silent = indicator(less(fired, 0.5), fired);
  return trace.graph(
    {
      [REPORT]: report,
      [nextName(THETA)]: unit ? normalized(moved.parameters, trained) : moved.parameters,
      ...Object.fromEntries(optimizer.slots.map(slot => [nextName(slotName(slot)), moved.slots[slot]])),
      [nextName(SILENCE)]: mul(add(silence, rows), silent),
      [nextName(DENSITY)]: add(density, mul(sub(mul(fired, 1 / rows), density), 1 - KEEPS)),
      ...(measured.length && {
        [nextName(MEASURED)]: concat(
          measured.map(({ name, size }) => reshape(next[name], [size])),
          0,
        ),
      }),
    },
    `${coder.architecture}, one step`,
  );
}

/** The loss with what it is made of, and how often each feature was active. */
function forward(
  trace: Trace,
  weights: Weights,
  silence: Var,
  share: Var,
  { coder, rows, scales, unit, revival, deadAfter }: StepOptions,
) {
  const [x, y] = readBatch(trace, coder, rows, scales);
  const error = (reconstructed: Var) => {
    const off = sub(y, reconstructed);
    return mul(reduceSum(mul(off, off)), 1 / rows);
  };
  const decoded = (z: Var, by = weights) => decode(z, x, by, coder);
  const { architecture } = coder;
  const trained = architecture.training(projectBatch(x, weights, coder), {
    target: y,
    weights,
    norms: unit ? undefined : siteNorms(weights.W_dec, coder.outputs),
    decode: decoded,
    error,
    detach: detach as <T extends Var | Weights>(value: T) => T,
  });
  const { features, few, pre, penalty, auxiliary } = trained;
  const reconstructed = decode(features, x, weights, coder, few);
  const plain = error(reconstructed);
  const dead = indicator(greaterOrEqual(silence, deadAfter), silence);
  const revived = revival?.loss?.({
    pre,
    dead,
    residual: sub(y, detached(reconstructed)),
    error: detached(plain),
    write: z => matmul(z, weights.W_dec),
    rows,
  });

  // Σ of what there is
  const terms = [
    trained.error ?? plain,
    penalty && mul(mul(penalty, architecture.sparsity), share),
    auxiliary,
    revived,
  ];
  const loss = terms.filter(term => term !== undefined).map(one).reduce((sum, term) => add(sum, term)); // prettier-ignore
  const active = indicator(greater(features, 0), features);
  // 1ᵀ·[z > 0]: how many rows each feature is active at
  const fired = reshape(matmul(full(trace, [1, rows], 1), active), [coder.features]);
  const spread = sub(y, reduceMean(y, [0], true));
  const none = full(trace, [1], 0);
  const report = concat(
    [
      loss,
      one(terms[0]!),
      penalty ? one(penalty) : none,
      auxiliary ? one(auxiliary) : none,
      revived ? one(revived) : none,
      one(mul(reduceSum(fired), 1 / rows)),
      // FVU = Σ(y − ŷ)² / Σ(y − ȳ)²
      one(div(mul(plain, rows), reduceSum(mul(spread, spread)))),
    ],
    0,
  );
  return { loss, report, fired, next: trained.state ?? {} };
}

const one = (value: Var): Var => reshape(value, [1]);

/** x and y, scaled; an autoencoder's y is its x. */
function readBatch(
  trace: Trace,
  { inputs, outputs, centre }: Coder,
  rows: number,
  scales: StepOptions['scales'],
): [Var, Var] {
  const x = mul(trace.input(X, 'float32', [rows, total(inputs)]), scales.inputs);
  if (centre === 'b_dec') return [x, x];
  return [x, mul(trace.input(Y, 'float32', [rows, total(outputs)]), scales.outputs)];
}

function detach(value: Var | Weights): Var | Weights {
  if ('trace' in value) return detached(value as Var);
  return Object.fromEntries(Object.entries(value as Weights).map(([name, each]) => [name, detached(each)]));
}

/** A flat input, and its entries under their own dims. */
function unpacked(trace: Trace, name: string, entries: readonly Parameter[]): [Var, Record<string, Var>] {
  const flat = trace.input(name, 'float32', [totalOf(entries)]);
  const parts = split(flat, entries.map(({ size }) => size), 0); // prettier-ignore
  return [flat, Object.fromEntries(entries.map(({ name, dims }, i) => [name, reshape(parts[i], dims)]))];
}

/** ‖row‖, R×1. */
const rowNorms = (w: Var): Var => sqrt(reduceSum(mul(w, w), [1], true));

/** Σ over sites of ‖W_dec,i at the site‖, F. */
function siteNorms(decoder: Var, widths: readonly number[]): Var {
  const parts = widths.length > 1 ? split(decoder, widths, 1) : [decoder];
  const norms = parts.map(rowNorms).reduce((sum, norm) => add(sum, norm));
  return reshape(norms, [decoder.dims[0]]);
}

/** g − ⟨g, w⟩w, row by row. */
const across = (g: Var, w: Var): Var => sub(g, mul(w, reduceSum(mul(g, w), [1], true)));

/** g·min(1, clip/‖g‖) */
function clipped(gradient: Var, clip: number | undefined): Var {
  if (clip === undefined) return gradient;
  const norm = sqrt(reduceSum(mul(gradient, gradient)));
  const most = indicator(greater(norm, clip), norm);
  return mul(gradient, add(mul(most, div(clip, add(norm, 1e-12))), sub(1, most)));
}

/** θ with decoder rows over their norm. */
function normalized(theta: Var, entries: readonly Parameter[]): Var {
  const parts = split(theta, entries.map(({ size }) => size), 0); // prettier-ignore
  return concat(
    entries.map(({ name, dims, size }, i) => {
      if (name !== 'W_dec') return parts[i];
      const w = reshape(parts[i], dims);
      return reshape(div(w, add(rowNorms(w), 1e-12)), [size]);
    }),
    0,
  );
}

/** What resampling looks at: the coder's input without its centre, N×inputs, and y − ŷ, N×outputs. */
export function missingGraph({ coder, rows, scales }: StepOptions): Graph {
  const { trained, measured } = layoutOf(coder);
  const trace = new Trace();
  const [, weights] = unpacked(trace, THETA, trained);
  const [, state] = measured.length ? unpacked(trace, MEASURED, measured) : [undefined, {}];
  const [x, y] = readBatch(trace, coder, rows, scales);
  const all = { ...weights, ...state };
  const z = coder.architecture.features(project(x, all, coder), all);
  const centred = coder.centre === 'none' ? x : sub(x, all[coder.centre]);
  return trace.graph(
    { centred, residual: sub(y, decode(z, x, all, coder)) },
    `${coder.architecture}, what is missing`,
  );
}
