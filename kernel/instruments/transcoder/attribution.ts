/**
 * What makes a feature active on one input: a graph of features, tokens and errors whose edges are exact.
 *
 *   tokens ─┐
 *   features of earlier layers ─▶ residual stream, attention ─▶ pre-activation of a feature, or an output
 *   errors ─┘      with attention patterns and the scales of normalizations held at what they are on the input
 *
 * What is left is linear: with g = ∂(pre-activation of j)/∂(what block l writes at position s),
 *
 *   edge from feature i, active at s:   z_i · (W_dec,i · g)
 *   from what the coder missed there:   (y − ŷ) · g
 *   from a token:                       x_s · g′         g′ at the residual stream's beginning
 *
 * and edges, with what biases give, sum to the pre-activation.
 *
 * @see https://arxiv.org/abs/2406.11944 section 4
 * @see https://transformer-circuits.pub/2025/attribution-graphs/methods.html (all paths of attention at once, pruning)
 */
import { ShapeError } from '../../base/errors.ts';
import { host } from '../../base/host.ts';
import { formatDims } from '../../base/shape.ts';
import { tensor, Tensor, type TensorLike } from '../../base/tensor.ts';
import { progress } from '../../display/progress.ts';
import { frozen } from '../../model/frozen.ts';
import { ablate } from '../../model/edits.ts';
import type { Inputs } from '../../model/feeds.ts';
import type { Model } from '../../model/model.ts';
import { AttributionGraph, influenceOf, type AttributionNode } from './attribution-graph.ts';
import { layersOf, repeated, type Layers } from './layers.ts';
import { speller } from './spelling.ts';
import type { Transcoder } from './transcoder.ts';

export interface AttributionOptions {
  /** Weights of the output that is explained: V, at `position`. One logit less another, say. */
  of: TensorLike;
  /** Where the output is explained; the last position where left out. */
  position?: number;
  /** The output. */
  logits?: string;
  /** Where the residual stream begins. */
  start?: string;
  /** Features at most whose own causes are looked for, those that matter most first. */
  most?: number;
  /** Targets that go through the network together. */
  batch?: number;
  /** The text of each token by its id; where left out, as the model's tokenizer has it. */
  words?: readonly string[];
  /** Show a progress bar. */
  live?: boolean;
}

/**
 * The graph of what makes an output what it is, on one input.
 *
 * @param coders transcoders of the model's MLPs, one a block; an MLP without one is an error as a whole
 * @param inputs one example: tokens 1×T
 * @returns every active feature and all edges between them, exact; after Interrupt, with those causes that are known
 * @throws NeuronbookError where a coder does not go from one site to another, or two write one site; ShapeError where
 *   there are several examples, or `of` is not one weight for each output
 * @example
 * const first = { tokens: tokens.at(0).reshape([1, 8]) }
 * const found = await transcoder.attribute(gpt, [coder], first, { of, live: false })
 * found.prune()
 */
export async function attribute(
  model: Model,
  coders: readonly Transcoder[],
  inputs: Inputs,
  options: AttributionOptions,
): Promise<AttributionGraph> {
  const { logits = 'logits', start = 'blocks.0.resid.pre', most = 2048, batch = 64, live = true } = options;
  const layers = await layersOf(model, coders, inputs, start);
  const straight = await frozen(model, inputs, { sites: layers.outs });
  const nodes = nodesOf(layers);
  const known = await constants(straight, layers, logits);
  const { dims, position, weights } = outputOf(options, known.logits);
  const outputValue = dot(known.logits.clean, weights, position * dims[2]);
  const target: AttributionNode = { kind: 'output', layer: layers.list.length, position, value: outputValue };
  nodes.push(target);
  const graph = new AttributionGraph(
    nodes,
    layers.list.map(({ to }) => to),
    {
      of: outputValue,
      tokens: layers.tokens,
      spell: speller(model, options.words),
    },
  );

  const pull = puller(straight, layers, batch);
  const last = nodes.length - 1;
  // 1. the output
  const whole = new Float32Array(dims[1] * dims[2]);
  whole.set(weights, position * dims[2]);
  const [slopes] = await pull([{ site: logits, vector: whole }]);
  graph.add(last, edgesOf(layers, slopes), dot(known.logits.zero, weights, position * dims[2]) + biasesOf(layers, slopes)); // prettier-ignore

  // 2. features, those that matter most first
  const features = nodes.flatMap(({ kind }, i) => (kind === 'feature' ? [i] : []));
  const rounds = Math.ceil(Math.min(most, features.length) / batch);
  const bar = live ? progress(rounds, 'Tracing features') : undefined;
  const left = new Set(features);
  for (let round = 0; round < rounds && !host().interrupted; round++) {
    const influence = influenceOf(graph);
    const chosen = [...left]
      .sort((a, b) => influence[b] - influence[a])
      .slice(0, Math.min(batch, most - round * batch));
    const pulled = await pull(chosen.map(i => encoderOf(layers, nodes[i])));
    chosen.forEach((i, row) => {
      left.delete(i);
      graph.add(
        i,
        edgesOf(layers, pulled[row]),
        constantOf(layers, nodes[i], known) + biasesOf(layers, pulled[row]),
      );
    });
    bar?.step();
  }
  bar?.end();
  straight.dispose();
  return graph;
}

/** Tokens, then for each layer its errors and its active features, from the first position to the last. */
function nodesOf({ list, positions, stream, width }: Layers): AttributionNode[] {
  const nodes: AttributionNode[] = [];
  const norm = (values: Float32Array, at: number, length: number) => Math.hypot(...values.subarray(at * length, (at + 1) * length)); // prettier-ignore
  for (let s = 0; s < positions; s++)
    nodes.push({ kind: 'token', layer: -1, position: s, value: norm(stream, s, width) });
  list.forEach(({ error, z, features }, layer) => {
    for (let s = 0; s < positions; s++) {
      nodes.push({ kind: 'error', layer, position: s, value: norm(error, s, width) });
      for (let i = 0; i < features; i++)
        if (z[s * features + i] > 0)
          nodes.push({ kind: 'feature', layer, position: s, feature: i, value: z[s * features + i] });
    }
  });
  return nodes;
}

/** What each node adds to a target whose slopes are given, in the order of `nodesOf`. */
function edgesOf(layers: Layers, slopes: readonly Float32Array[]): Float32Array {
  const { list, positions, stream, width } = layers;
  const edges: number[] = [];
  for (let s = 0; s < positions; s++) edges.push(inner(stream, s, slopes[0], s, width));
  list.forEach(({ error, z, features, decoder }, layer) => {
    const slope = slopes[layer + 1];
    for (let s = 0; s < positions; s++) {
      edges.push(inner(error, s, slope, s, width));
      for (let i = 0; i < features; i++) {
        const value = z[s * features + i];
        if (value > 0) edges.push(value * inner(decoder!, i, slope, s, width));
      }
    }
  });
  return Float32Array.from(edges);
}

/** What decoder biases add: Σ over layers and positions of b_dec · g. */
function biasesOf({ list, positions, width }: Layers, slopes: readonly Float32Array[]): number {
  let sum = 0;
  list.forEach(({ bias }, layer) => {
    if (bias) for (let s = 0; s < positions; s++) sum += inner(bias, 0, slopes[layer + 1], s, width);
  });
  return sum;
}

/** Row a of one · row b of another. */
function inner(one: Float32Array, a: number, other: Float32Array, b: number, width: number): number {
  let sum = 0;
  for (let j = 0; j < width; j++) sum += one[a * width + j] * other[b * width + j];
  return sum;
}

const dot = (values: Float32Array, weights: Float32Array, from: number): number =>
  weights.reduce((sum, weight, i) => sum + weight * values[from + i], 0);

interface Aim {
  site: string;
  /** Of the site's dims but the first. */
  vector: Float32Array;
}

/** The aim whose slope is that of a feature's pre-activation: its encoder, at its position. */
function encoderOf({ list, positions, width }: Layers, { layer, position, feature }: AttributionNode): Aim {
  const { from, encoder, features } = list[layer];
  const vector = new Float32Array(positions * width);
  for (let j = 0; j < width; j++) vector[position * width + j] = encoder![j * features + feature!];
  return { site: from!, vector };
}

/** The pre-activation where nothing is written to the residual stream: what biases of the network and the coder give. */
function constantOf(
  { list, width }: Layers,
  { layer, position, feature }: AttributionNode,
  { zero }: Constants,
): number {
  const { encoder, features, centre, threshold } = list[layer];
  const x = zero[layer];
  let sum = threshold![feature!];
  for (let j = 0; j < width; j++)
    sum += (x![position * width + j] - (centre?.[j] ?? 0)) * encoder![j * features + feature!];
  return sum;
}

interface Constants {
  /** What each coder reads where nothing is written to the residual stream. */
  zero: readonly (Float32Array | undefined)[];
  logits: { dims: readonly number[]; clean: Float32Array; zero: Float32Array };
}

async function constants(
  straight: Model,
  { list, outs, start, inputs }: Layers,
  logits: string,
): Promise<Constants> {
  const read = [...list.flatMap(({ from }) => from ?? []), logits];
  const empty = straight.edit([start, ...outs].map(site => ablate(site)));
  const [clean, nothing] = [
    await straight.run(inputs, { read, outputs: [] }),
    await empty.run(inputs, { read, outputs: [] }),
  ];
  empty.dispose();
  const at = ({ sites }: typeof clean, name: string) => sites[straight.sites.get(name).name];
  return {
    zero: list.map(({ from }) => (from ? (at(nothing, from).toFloat32OrWider() as Float32Array) : undefined)),
    logits: {
      dims: at(clean, logits).dims,
      clean: at(clean, logits).toFloat32OrWider() as Float32Array,
      zero: at(nothing, logits).toFloat32OrWider() as Float32Array,
    },
  };
}

function outputOf({ of, position }: AttributionOptions, { dims }: Constants['logits']) {
  const weights = tensor(of).cast('float32').data as Float32Array;
  if (dims.length !== 3 || weights.length !== dims[2])
    throw new ShapeError(
      `${weights.length} weights of an output of ${formatDims(dims)}; expected one for each of its last axis`,
    );
  const at = position ?? dims[1] - 1;
  if (!(at >= 0 && at < dims[1])) throw new ShapeError(`position ${at}; expected 0 to ${dims[1] - 1}`);
  return { dims, position: at, weights };
}

/** Slopes of aims at the beginning of the residual stream and behind each layer: T×width each. */
function puller(straight: Model, { list, outs, start, inputs, positions, width }: Layers, batch: number) {
  const at = [start, ...outs];
  const sites = list.flatMap(({ from }) => from ?? []);
  return async (aims: readonly Aim[]): Promise<Float32Array[][]> => {
    const own = aims.every(({ site }) => sites.includes(site))
      ? sites
      : [...new Set(aims.map(({ site }) => site))];
    const rows = own === sites ? batch : aims.length;
    const of = Object.fromEntries(
      own.map(site => {
        const size = aims.find(aim => aim.site === site)?.vector.length ?? positions * width;
        const all = new Float32Array(rows * size);
        aims.forEach((aim, row) => aim.site === site && all.set(aim.vector, row * size));
        return [site, new Tensor('float32', [rows, positions, size / positions], all)];
      }),
    );
    const many = Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [name, repeated(tensor(value), rows)]),
    );
    const pulled = await straight.vjp(many, { of, at });
    const size = positions * width;
    return aims.map((_, row) =>
      at.map(site => (pulled[site].data as Float32Array).subarray(row * size, (row + 1) * size)),
    );
  };
}
