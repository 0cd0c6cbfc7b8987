/**
 * What a model can be differentiated into: each verb (gradient, vjp, jvp, hvp) as the vectors that it is fed and the
 * graph that it makes of a traced network. `model.ts` traces, compiles and runs them.
 *
 *   gradient  ∂f/∂x        f an objective
 *   vjp       ȳᵀ·∂y/∂x     a vector at each result     what pulls a change of y back to x
 *   jvp       ∂y/∂x·v      a vector at each place      how y moves when x moves along v
 *   hvp       ∂²f/∂x²·v    a vector at each place      how ∂f/∂x moves when x moves along v
 */
import { isFloat } from '../base/dtype.ts';
import { NameError, NeuronbookError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { tensor, type Tensor, type TensorLike } from '../base/tensor.ts';
import { gradients, vjp } from '../engine/grad.ts';
import { override, type Override } from '../engine/override.ts';
import { packed, type Packing } from '../engine/packing.ts';
import { hvp, jvp } from '../engine/products.ts';
import { recomputed } from '../engine/recompute.ts';
import { valuesOf, type TwoWay } from '../engine/saved.ts';
import { scheduled } from '../engine/schedule.ts';
import type { Var } from '../engine/var.ts';
import type { Graph } from '../onnx/graph.ts';
import type { Traced } from './model.ts';
import type { Objective } from './objective.ts';
import type { Sites } from './sites.ts';

/** A tensor for each of some sites. */
export type AtSites = Readonly<Record<string, TensorLike>>;

/** What derivatives are taken of. */
export interface Traceable {
  readonly name: string;
  trace(dims: Readonly<Record<string, readonly number[]>>, trace?: undefined, at?: readonly string[]): Traced;
}

/** How any of them is taken. */
export interface DerivativeOptions {
  /** Gradient rules that hold instead of the ops' own; of two that meet, the later. */
  override?: readonly Override[];
  /**
   * Sites whose values are kept for the way back, which computes all else that it reads a second time: less memory
   * for more time, results equal bit for bit. Everything is kept where this is left out; inputs always are.
   */
  checkpoint?: readonly string[];
  /** Keeps values for the way back in fewer bytes, as `float16` or `int8` do: less memory for some precision. */
  pack?: Packing;
}

export interface GradientOptions extends DerivativeOptions {
  /** What to differentiate. */
  of: Objective;
  /** Where: sites, inputs among them. */
  at: readonly string[];
}

export interface VjpOptions extends DerivativeOptions {
  /** ∂L/∂(site) for each result that L depends on, of the site's dims. */
  of: AtSites;
  at: readonly string[];
}

export interface JvpOptions extends DerivativeOptions {
  /** The results whose change is asked for. */
  of: readonly string[];
  /** How each place moves, of the site's dims; together they are one direction. */
  at: AtSites;
}

export interface HvpOptions extends DerivativeOptions {
  of: Objective;
  at: AtSites;
}

/** One way of differentiating: what is differentiated, where vectors enter, what comes out. */
export interface Derivative extends DerivativeOptions {
  /** Tells this graph from other graphs of the same network; undefined where nothing does. */
  readonly key: string | undefined;
  /** Site → what is fed there beside the network's inputs. */
  readonly vectors: AtSites;
  /** The names of the results. */
  readonly results: readonly string[];
  /** The values that are differentiated: the end of the way forward. */
  subject(traced: Traced): readonly Var[];
  /** The results, in order: the way back. */
  build(traced: Traced, subject: readonly Var[], vectors: readonly Var[]): readonly Var[];
}

const valuesAt = (traced: Traced, names: readonly string[]): Var[] => names.map(name => traced.value(name));

/** Values that something is differentiated by. @throws NeuronbookError on an input of whole numbers, such as tokens */
const placesAt = (traced: Traced, names: readonly string[]): Var[] =>
  names.map(name => {
    const { kind, dtype } = traced.describe(name);
    if (kind === 'input' && !isFloat(dtype))
      throw new NeuronbookError(
        `${name} holds ${dtype} numbers, along which nothing varies smoothly; expected a float site: ` +
          'the embedding, or any behind it',
      );
    return traced.value(name);
  });

export const gradientOf = ({ of, at, ...options }: GradientOptions): Derivative => {
  if (typeof of?.build !== 'function')
    throw new NeuronbookError(
      `no objective: of is ${String(of)}; expected a number of the network: of: pick('logits', [0, 3])`,
    );
  const places = at === undefined ? [] : [at].flat();
  if (!places.length)
    throw new NeuronbookError(
      "the gradient is asked for nowhere; expected the names of sites: at: ['image']",
    );
  return {
    ...options,
    key: of.key && `gradient ${of.key} @ ${places}`,
    vectors: {},
    results: places,
    subject: traced => [of.build(traced)],
    build: (traced, [score]) => gradients(traced.trace, score, placesAt(traced, places)),
  };
};

export const vjpOf = ({ of, at, ...options }: VjpOptions): Derivative => ({
  ...options,
  key: `vjp ${Object.keys(of)} @ ${at}`,
  vectors: of,
  results: at,
  subject: traced => valuesAt(traced, Object.keys(of)),
  build: (traced, values, seeds) => vjp(traced.trace, values, placesAt(traced, at), seeds),
});

export const jvpOf = ({ of, at, ...options }: JvpOptions): Derivative => ({
  ...options,
  key: `jvp ${of} @ ${Object.keys(at)}`,
  vectors: at,
  results: of,
  subject: traced => valuesAt(traced, of),
  build: (traced, values, tangents) => jvp(traced.trace, values, placesAt(traced, Object.keys(at)), tangents),
});

export const hvpOf = ({ of, at, ...options }: HvpOptions): Derivative => ({
  ...options,
  key: of.key && `hvp ${of.key} @ ${Object.keys(at)}`,
  vectors: at,
  results: Object.keys(at),
  subject: traced => [of.build(traced)],
  build: (traced, [score], vectors) => hvp(traced.trace, score, placesAt(traced, Object.keys(at)), vectors),
});

/** The key under which a derivative's graph is kept; undefined where it holds functions, which no text tells apart. */
export const keyOf = ({ key, checkpoint, override, pack }: Derivative): string | undefined =>
  key === undefined || override?.length || pack
    ? undefined
    : `${key}${checkpoint ? ` keeping ${checkpoint}` : ''}`;

/** The graph that yields a derivative's results as `∂0`, `∂1`, …: what the network computes, then the way back. */
export function derivativeOf(
  model: Traceable,
  { subject, build, vectors, results: places, override = [], checkpoint, pack }: Derivative,
  feeds: Readonly<Record<string, Tensor>>,
): TwoWay {
  const dims = Object.entries(feeds).map(([name, value]) => [name, value.dims] as const);
  const traced = model.trace(Object.fromEntries(dims), undefined, [...places, ...Object.keys(vectors)]);
  const { trace } = traced;
  const placed = Object.keys(vectors).map((_, i) => {
    const { dtype, dims } = feeds[vectorName(i)];
    return trace.input(vectorName(i), dtype, dims);
  });
  const values = subject(traced);
  const forward = valuesOf(trace);
  const results = traced.overriding(override, () => build(traced, values, placed));
  const named = Object.fromEntries(results.map((made, i) => [`∂${i}`, made]));
  const whole: TwoWay = { graph: trace.graph(named, `∂ ${model.name}`), forward };
  const light = checkpoint ? recomputed(whole, keptAt(traced, checkpoint)) : whole;
  return pack ? packed(light, pack) : light;
}

/** The same, in the order that saves the memory it was rewritten for. */
export function runnable(
  model: Traceable,
  derivative: Derivative,
  feeds: Readonly<Record<string, Tensor>>,
): Graph {
  const { graph } = derivativeOf(model, derivative, feeds);
  return derivative.checkpoint || derivative.pack ? scheduled(graph) : graph;
}

/** Sites to keep, by the trace's names. Inputs are there anyway. */
const keptAt = (traced: Traced, sites: readonly string[]): string[] =>
  sites.filter(site => traced.describe(site).kind !== 'input').map(site => traced.value(site).name);

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
