/**
 * What a model can be differentiated into: each verb (gradient, vjp, jvp, hvp) as the vectors that it is fed and the
 * graph that it makes of a traced network. `model.ts` traces, compiles and runs them.
 *
 *   gradient  ∂f/∂x        f an objective
 *   vjp       ȳᵀ·∂y/∂x     a vector at each result     what pulls a change of y back to x
 *   jvp       ∂y/∂x·v      a vector at each place      how y moves when x moves along v
 *   hvp       ∂²f/∂x²·v    a vector at each place      how ∂f/∂x moves when x moves along v
 */
import { NameError, NeuronbookError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { tensor, type Tensor, type TensorLike } from '../base/tensor.ts';
import { gradients, vjp } from '../engine/grad.ts';
import { override, type Override } from '../engine/override.ts';
import { hvp, jvp } from '../engine/products.ts';
import type { Var } from '../engine/var.ts';
import type { Traced } from './model.ts';
import type { Objective } from './objective.ts';
import type { Sites } from './sites.ts';

/** A tensor for each of some sites. */
export type AtSites = Readonly<Record<string, TensorLike>>;

interface Rules {
  /** Gradient rules that hold instead of the ops' own; of two that meet, the later. */
  override?: readonly Override[];
}

export interface GradientOptions extends Rules {
  /** What to differentiate. */
  of: Objective;
  /** Where: sites, inputs among them. */
  at: readonly string[];
}

export interface VjpOptions extends Rules {
  /** ∂L/∂(site) for each result that L depends on, of the site's dims. */
  of: AtSites;
  at: readonly string[];
}

export interface JvpOptions extends Rules {
  /** The results whose change is asked for. */
  of: readonly string[];
  /** How each place moves, of the site's dims; together they are one direction. */
  at: AtSites;
}

export interface HvpOptions extends Rules {
  of: Objective;
  at: AtSites;
}

/** One way of differentiating: where vectors enter, what comes out. */
export interface Derivative {
  /** Tells this graph from other graphs of the same network. */
  readonly key: string;
  readonly override: readonly Override[];
  /** Site → what is fed there beside the network's inputs. */
  readonly vectors: AtSites;
  /** The names of the results. */
  readonly results: readonly string[];
  /** The results, in order. */
  build(traced: Traced, vectors: readonly Var[]): readonly Var[];
}

const valuesAt = (traced: Traced, names: readonly string[]): Var[] => names.map(name => traced.value(name));

export const gradientOf = ({ of, at, override = [] }: GradientOptions): Derivative => ({
  key: `gradient ${of} @ ${at}`,
  override,
  vectors: {},
  results: at,
  build: traced => gradients(traced.trace, of.build(traced), valuesAt(traced, at)),
});

export const vjpOf = ({ of, at, override = [] }: VjpOptions): Derivative => ({
  key: `vjp ${Object.keys(of)} @ ${at}`,
  override,
  vectors: of,
  results: at,
  build: (traced, seeds) => vjp(traced.trace, valuesAt(traced, Object.keys(of)), valuesAt(traced, at), seeds),
});

export const jvpOf = ({ of, at, override = [] }: JvpOptions): Derivative => ({
  key: `jvp ${of} @ ${Object.keys(at)}`,
  override,
  vectors: at,
  results: of,
  build: (traced, tangents) =>
    jvp(traced.trace, valuesAt(traced, of), valuesAt(traced, Object.keys(at)), tangents),
});

export const hvpOf = ({ of, at, override = [] }: HvpOptions): Derivative => ({
  key: `hvp ${of} @ ${Object.keys(at)}`,
  override,
  vectors: at,
  results: Object.keys(at),
  build: (traced, vectors) => hvp(traced.trace, of.build(traced), valuesAt(traced, Object.keys(at)), vectors),
});

/** The vectors as they are fed, in the dtype that the network computes in: halves are differentiated in float32. */
export const vectorFeeds = (sites: Sites, vectors: AtSites): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(vectors).map(([site, value], i) => {
      const { dtype } = sites.get(site);
      return [vectorName(i), tensor(value).cast(dtype === 'float16' ? 'float32' : dtype)];
    }),
  );

/** The slash keeps clear of a network's own names. */
const vectorName = (index: number): string => `vector/${index}`;

/**
 * Overrides in the trace's own names: an op type of the network, else a site by either of its names.
 * @throws NameError with the nearest ops and sites; NeuronbookError for an input, which nothing computes
 */
export function resolved(overrides: readonly Override[], traced: Traced, sites: Sites): Override[] {
  const { steps, expansions } = traced.trace;
  const ops = new Set([...steps.map(({ node }) => node.op), ...expansions.map(({ op }) => op)]);
  return overrides.map(each => {
    const { target, vjp } = each;
    if (ops.has(target)) return each;
    if (!sites.has(target)) {
      const hint = 'name an op type of this network or a site of model.sites';
      throw new NameError('op or site', target, nearest(target, [...ops, ...sites.names]), hint);
    }
    if (sites.get(target).kind === 'input')
      throw new NeuronbookError(`cannot override ${target}: it is an input, which no op computes`);
    return override(traced.value(target).name, vjp);
  });
}
