/**
 * A network held straight: its normalizations and attention patterns are made constants, with the values that they have
 * on some inputs. What is left between the sites that are held too is linear in what is written to the residual stream,
 * so that a path from one to another has a weight of its own.
 *
 *   x ─▶ (x − mean x)·[1/σ] ─▶ gain, offset ─▶ [pattern]·W_V·W_O ─▶ + ─▶ …          [ ] constants
 */
import { NeuronbookError } from '../base/errors.ts';
import { Tensor } from '../base/tensor.ts';
import { add, constant, mul, reduceMean, sub } from '../engine/functions.ts';
import { floatOf, intOf } from '../engine/attributes.ts';
import type { Graph, Node } from '../onnx/graph.ts';
import { patch, type Edit } from './edits.ts';
import { feedsOf, type Inputs } from './feeds.ts';
import type { Model } from './model.ts';

export interface FrozenOptions {
  /**
   * The scale of normalizations: `each` row's own, which fits inputs of the same dims (or of one example, for any batch);
   * their `mean` over all rows, which fits any inputs; `false` leaves normalizations as they are.
   */
  norms?: 'each' | 'mean' | false;
  /** Hold attention patterns: the sites whose name ends in `pattern`. */
  patterns?: boolean;
  /** Further sites to hold at what they are on these inputs, such as the outputs of MLPs. */
  sites?: readonly string[];
}

/** A normalization over the last axis: what it reads, and how its scale is found. */
interface Norm {
  readonly name: string;
  readonly input: string;
  /** The divisor, where the graph computes it as a value of its own. */
  readonly root?: string;
  readonly centred: boolean;
  readonly epsilon: number;
  readonly gain?: Tensor;
  readonly offset?: Tensor;
}

/**
 * A copy of the model in which normalization scales, attention patterns and chosen sites are held at what they are on
 * `inputs`. Where values of positions are held, the length of the inputs is fixed too.
 *
 * Normalizations are nodes `LayerNormalization`, `SimplifiedLayerNormalization`, `RMSNormalization`, and divisions at
 * sites called `….normalized`; such as an exporter wrote out in other nodes stay free. Fused attention has no pattern
 * until the model is taken apart with `model.decompose()`.
 * @throws NeuronbookError where a normalization goes over other axes than the last, or its gain is computed; NameError on
 *   an unknown site
 * @see https://transformer-circuits.pub/2021/framework (frozen patterns; scales of normalizations as constants)
 * @example
 * const straight = await frozen(gpt, { tokens }, { sites: ['blocks.0.mlp.out', 'blocks.1.mlp.out'] })
 * await straight.run({ tokens })
 */
export async function frozen(
  model: Model,
  inputs: Inputs,
  { norms = 'each', patterns = true, sites = [] }: FrozenOptions = {},
): Promise<Model> {
  const found = norms ? normsOf(model) : [];
  const held = [
    ...(patterns ? [...model.sites].map(({ name }) => name).filter(name => /(^|\.)pattern$/.test(name)) : []),
    ...sites,
  ];
  const reads = [...found.map(({ input, root }) => root ?? input), ...held];
  if (!reads.length) return model;
  const { sites: values } = await model.run(inputs, { read: [...new Set(reads)], outputs: [] });
  const valueOf = (name: string): Tensor => values[model.sites.get(name).name];
  const edits = [
    ...found.map(norm =>
      straightened(norm, scaleOf(norm, valueOf(norm.root ?? norm.input), norms === 'mean')),
    ),
    ...held.map(name => patch(name, valueOf(name))),
  ];
  return (norms === 'each' || held.length ? model.sized(lengthsOf(model, inputs)) : model).edit(edits);
}

/** The sizes of the inputs by name, but for those of the first axis: one example's values fit any batch. */
export function lengthsOf({ graph, sites }: Model, inputs: Inputs): Record<string, number> {
  const feeds = feedsOf(inputs, graph, sites);
  return Object.fromEntries(
    graph.inputs.flatMap(({ name, dims }) =>
      (dims ?? []).flatMap((dim, axis) =>
        axis && typeof dim === 'string' ? [[dim, feeds[name].dims[axis]]] : [],
      ),
    ),
  );
}

function normsOf({ graph, sites }: Model): Norm[] {
  return graph.nodes.flatMap((node): Norm[] => {
    const { op, inputs, outputs, attributes } = node;
    const name = () => sites.get(outputs[0]).name;
    if (op === 'Div')
      return sites.has(outputs[0]) && /(^|\.)normalized$/.test(name())
        ? [{ name: name(), input: inputs[0], root: inputs[1], centred: false, epsilon: 0 }]
        : [];
    if (!/^(LayerNormalization|SimplifiedLayerNormalization|RMSNormalization)$/.test(op)) return [];
    if (intOf(attributes, 'axis', -1) !== -1 && !overLast(graph, node))
      throw new NeuronbookError(
        `cannot hold ${op} at ${name()}: it goes over axis ${intOf(attributes, 'axis', -1)}; expected the last alone`,
      );
    return [
      {
        name: name(),
        input: inputs[0],
        centred: op === 'LayerNormalization',
        epsilon: floatOf(attributes, 'epsilon', 1e-5),
        gain: fixed(graph, inputs[1], name()),
        offset: fixed(graph, inputs[2], name()),
      },
    ];
  });
}

/** Exporters write the last axis of three as 2. */
function overLast({ values }: Graph, { inputs, attributes }: Node): boolean {
  const rank = values.get(inputs[0])?.dims?.length;
  return rank !== undefined && intOf(attributes, 'axis', -1) === rank - 1;
}

function fixed({ constants }: Graph, name: string | undefined, at: string): Tensor | undefined {
  if (!name) return undefined;
  const value = constants.get(name);
  if (!value)
    throw new NeuronbookError(
      `cannot hold the normalization at ${at}: its ${name} is computed; expected weights`,
    );
  return value;
}

/** 1/σ of each row, …×1; or the mean of them, a single number. */
function scaleOf({ root, centred, epsilon }: Norm, value: Tensor, mean: boolean): Tensor {
  const data = value.toFloat32OrWider();
  const width = root ? 1 : value.dims.at(-1)!;
  const scales = Float32Array.from({ length: data.length / width }, (_, row) => {
    if (root) return 1 / data[row];
    const middle = centred ? averaged(data, row, width, x => x) : 0;
    return 1 / Math.sqrt(averaged(data, row, width, x => (x - middle) ** 2) + epsilon);
  });
  if (!mean) return new Tensor('float32', [...value.dims.slice(0, -1), 1], scales);
  const sum = scales.reduce((total, scale) => total + scale, 0);
  return new Tensor('float32', [1], Float32Array.of(sum / scales.length));
}

function averaged(data: ArrayLike<number>, row: number, width: number, of: (x: number) => number): number {
  let sum = 0;
  for (let i = row * width; i < (row + 1) * width; i++) sum += of(data[i]);
  return sum / width;
}

/** y = gain·(x − mean x)·[1/σ] + offset */
function straightened({ name, input, centred, gain, offset }: Norm, scale: Tensor): Edit {
  return {
    site: name,
    reads: [input],
    text: `frozen('${name}')`,
    build({ trace, dtype }, _site, [{ value: x }]) {
      const given = (value: Tensor) => constant(trace, value.cast(dtype));
      const middle = centred ? sub(x, reduceMean(x, [x.dims.length - 1], true)) : x;
      const scaled = mul(middle, given(scale));
      const gained = gain ? mul(scaled, given(gain)) : scaled;
      return offset ? add(gained, given(offset)) : gained;
    },
  };
}
