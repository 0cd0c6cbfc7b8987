/**
 * Whether edges are true: each predicts what happens to its target when its source is taken away. Here that is done, to
 * many sources in one run, with as much of the network held as the edge assumes, or less.
 */
import { ShapeError } from '../../base/errors.ts';
import { tensor, Tensor } from '../../base/tensor.ts';
import { frozen, lengthsOf, type FrozenOptions } from '../../model/frozen.ts';
import { steer } from '../../model/edits.ts';
import type { Inputs } from '../../model/feeds.ts';
import type { Model } from '../../model/model.ts';
import type { AttributionEdge, AttributionGraph } from './attribution-graph.ts';
import { layersOf, repeated, type Layers } from './layers.ts';
import type { Transcoder } from './transcoder.ts';

export interface InterventionOptions {
  /** Hold the scales of normalizations. */
  norms?: boolean;
  /** Hold attention patterns. */
  patterns?: boolean;
  /** Hold what the other MLPs write; where not, they answer to the change. */
  others?: boolean;
  /** The output's weights, where edges lead to it: as `attribute` was given. */
  of?: Float32Array | readonly number[];
  logits?: string;
  start?: string;
}

export interface Intervention extends AttributionEdge {
  /** −weight: how the target should change. */
  readonly predicted: number;
  readonly measured: number;
}

/**
 * Takes away the source of each edge, and measures how its target changes.
 *
 * @param graph of `attribute`, with the same model, coders and inputs
 * @returns predicted and measured change, edge by edge
 * @throws ShapeError where an edge leads to the output and `of` is missing
 * @example
 * const first = { tokens: tokens.at(0).reshape([1, 8]) }
 * const tested = await transcoder.intervene(gpt, [coder], first, why, why.edges.slice(0, 20), { of })
 * transcoder.agreement(tested) > 0.99 // → true
 */
export async function intervene(
  model: Model,
  coders: readonly Transcoder[],
  inputs: Inputs,
  graph: AttributionGraph,
  edges: readonly AttributionEdge[],
  {
    norms = true,
    patterns = true,
    others = true,
    of,
    logits = 'logits',
    start = 'blocks.0.resid.pre',
  }: InterventionOptions = {},
): Promise<Intervention[]> {
  const layers = await layersOf(model, coders, inputs, start);
  const sources = [...new Set(edges.map(({ from }) => from))];
  const held: FrozenOptions = { norms: norms && 'each', patterns, sites: others ? layers.outs : [] };
  const straight = (await frozen(model, inputs, held)).sized(lengthsOf(model, inputs));
  const read = [...new Set([...layers.list.flatMap(({ from }) => from ?? []), ...(of ? [logits] : [])])];
  const run = async (edited: Model, times: number) => {
    const given = Object.entries(inputs).map(([name, value]) => [name, repeated(tensor(value), times)]);
    const { sites } = await edited.run(Object.fromEntries(given) as Inputs, { read, outputs: [] });
    return (name: string) => sites[model.sites.get(name).name].cast('float32').data as Float32Array;
  };
  const changed = straight.edit(
    [start, ...layers.outs].flatMap((site, i) => {
      const away = withoutSources(graph, layers, sources, i - 1);
      return away ? [steer(site, away, -1)] : [];
    }),
  );
  const [before, after] = [await run(straight, 1), await run(changed, sources.length)];
  for (const each of [straight, changed]) each.dispose();

  return edges.map(edge => {
    const row = sources.indexOf(edge.from);
    const [site, at, weights] = readingOf(graph, layers, edge.to, of, logits);
    const [clean, moved] = [before(site), after(site)];
    let measured = 0;
    weights.forEach(
      (weight, j) =>
        (measured +=
          weight * (moved[row * clean.length + at * weights.length + j] - clean[at * weights.length + j])),
    );
    return { ...edge, predicted: -edge.weight, measured };
  });
}

/** What a target is a weighted sum of: a site, a position there, a weight for each channel. */
function readingOf(
  { nodes }: AttributionGraph,
  { list, width }: Layers,
  target: number,
  of: InterventionOptions['of'],
  logits: string,
): [site: string, position: number, weights: Float32Array] {
  const { kind, layer, position, feature } = nodes[target];
  if (kind === 'output') {
    if (!of)
      throw new ShapeError(
        'an edge leads to the output; expected its weights in `of`, as `attribute` was given',
      );
    return [logits, position, Float32Array.from(of)];
  }
  const { from, encoder, features } = list[layer];
  return [from!, position, Float32Array.from({ length: width }, (_, j) => encoder![j * features + feature!])];
}

/** What the sources of one layer write, a row of the batch for each source: N×T×width; undefined where there is none. */
function withoutSources(
  { nodes }: AttributionGraph,
  { list, stream, positions, width }: Layers,
  sources: readonly number[],
  layer: number,
): Tensor | undefined {
  if (!sources.some(i => nodes[i].layer === layer)) return undefined;
  const all = new Float32Array(sources.length * positions * width);
  sources.forEach((i, row) => {
    const { kind, layer: own, position, feature, value } = nodes[i];
    if (own !== layer) return;
    const at = (row * positions + position) * width;
    const whole = kind === 'token' ? stream : list[layer].error;
    for (let j = 0; j < width; j++)
      all[at + j] =
        kind === 'feature' ? value * list[layer].decoder![feature! * width + j] : whole[position * width + j];
  });
  return new Tensor('float32', [sources.length, positions, width], all);
}

/**
 * Pearson's correlation of what was predicted and what was measured.
 * @example transcoder.agreement([1, 2, 3].map(i => ({ from: 0, to: 1, weight: -i, predicted: i, measured: 2 * i }))) // → 1
 */
export function agreement(results: readonly Intervention[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [p, m] = [results.map(({ predicted }) => predicted), results.map(({ measured }) => measured)];
  const [pMean, mMean] = [mean(p), mean(m)];
  const together = mean(p.map((value, i) => (value - pMean) * (m[i] - mMean)));
  const spread = (values: readonly number[], middle: number) =>
    Math.sqrt(mean(values.map(value => (value - middle) ** 2)));
  return together / (spread(p, pMean) * spread(m, mMean));
}
