/** Which constants of a graph are trained, and how they lie in one flat vector. */
import { isFloat } from '../base/dtype.ts';
import { NameError, NeuronbookError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { sizeOf, type Dims } from '../base/shape.ts';
import { Tensor } from '../base/tensor.ts';
import type { Graph } from '../onnx/graph.ts';
import { isNames, metadataOf, PARAMETERS_KEY } from '../onnx/metadata.ts';

export interface Parameter {
  readonly name: string;
  readonly dims: Dims;
  /** Where it begins in the flat vector. */
  readonly offset: number;
  readonly size: number;
  /** Weight decay pulls at matrices and kernels, not at biases and gains. */
  readonly decayed: boolean;
  /** Its own learning rate and decay, where its group has them. */
  readonly lr?: number;
  readonly decay?: number;
}

/** Parameters by name, with a learning rate or a decay of their own. */
export interface Group {
  parameters: Choice;
  lr?: number;
  decay?: number;
}

/** The inputs of an op that carry weights: by index, where not all do. */
const weighty: Readonly<Record<string, readonly number[] | 'all'>> = {
  Add: 'all',
  BatchNormalization: [1, 2],
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Einsum: 'all',
  Gather: [0],
  Gemm: 'all',
  GroupNormalization: [1, 2],
  GRU: [1, 2, 3],
  InstanceNormalization: [1, 2],
  LayerNormalization: [1, 2],
  LSTM: [1, 2, 3, 7],
  MatMul: 'all',
  Mul: 'all',
  PRelu: [1],
  RMSNormalization: [1],
  RNN: [1, 2, 3],
};

/** What only moves numbers: a weight behind it is the weight in front of it. All but Concat move their first input. */
const moving = new Set(
  'Cast Concat Expand Flatten Identity Reshape Slice Split Squeeze Transpose Unsqueeze'.split(' '),
);
/** What weights may be computed with: weight normalization, a kernel that is scaled. */
const scaling = new Set('Add Div Mul Pow ReduceL2 ReduceSum ReduceSumSquare Sqrt Sub'.split(' '));
/** Operators whose weights may be. Sums and products of others are just as well tables, of angles or of masks. */
const scaled = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

export type Choice = readonly (string | RegExp)[];

/**
 * The trained constants in the order of their first use: those that a network of `nn` documents, otherwise every
 * floating constant of rank ≥ 1 that enters an op as a weight, also through ops that only move it. `only` narrows or
 * widens the choice by name, and what `freeze` names is not among them.
 */
export function parametersOf(graph: Graph, only?: Choice, freeze: Choice = []): Parameter[] {
  const frozen = new Set(chosen(floats(graph), freeze));
  const names = (only ? chosen(floats(graph), only) : (documented(graph) ?? used(graph))).filter(
    name => !frozen.has(name),
  );
  if (!names.length)
    throw new NeuronbookError(
      `${graph.name} has no parameters to train; name constants of the graph in \`parameters\`` +
        (frozen.size ? ', or freeze fewer' : ''),
    );
  return laidOut(graph, names);
}

/** Constants end to end, in this order. */
export function laidOut(graph: Graph, names: readonly string[]): Parameter[] {
  let offset = 0;
  return names.map(name => {
    const { dims } = graph.constants.get(name)!;
    const size = sizeOf(dims);
    offset += size;
    return { name, dims, offset: offset - size, size, decayed: dims.length >= 2 };
  });
}

/**
 * The parameters with the rates and decays of their groups.
 * @throws NameError where a group names nothing; NeuronbookError where two groups name the same
 */
export function grouped(parameters: readonly Parameter[], groups: readonly Group[]): Parameter[] {
  const known = parameters.map(({ name }) => name);
  const settings = new Map<string, Group>();
  for (const group of groups)
    for (const name of chosen(known, group.parameters)) {
      if (settings.has(name))
        throw new NeuronbookError(`parameter ${name} is in two groups; expected each in one at most`);
      settings.set(name, group);
    }
  return parameters.map(parameter => {
    const { lr, decay } = settings.get(parameter.name) ?? {};
    return { ...parameter, lr, decay };
  });
}

export const totalOf = (parameters: readonly Parameter[]): number =>
  parameters.reduce((sum, { size }) => sum + size, 0);

const floats = (graph: Graph) =>
  [...graph.constants].filter(([, { dtype }]) => isFloat(dtype)).map(([name]) => name);

function documented(graph: Graph): string[] | undefined {
  const known = new Set(floats(graph));
  return metadataOf(graph, PARAMETERS_KEY, isNames)?.filter(name => known.has(name));
}

function used(graph: Graph): string[] {
  const known = new Set(floats(graph));
  const producers = new Map(graph.nodes.flatMap(node => node.outputs.map(output => [output, node] as const)));
  /** The constants that a value is put together from, where it is made of nothing else. */
  const sources = (name: string, computed = false): readonly string[] | undefined => {
    if (graph.constants.has(name)) return known.has(name) ? [name] : [];
    const node = producers.get(name);
    if (!node || !(moving.has(node.op) || (computed && scaling.has(node.op)))) return undefined;
    const whole = node.op === 'Concat' || scaling.has(node.op);
    const parts = (whole ? node.inputs : node.inputs.slice(0, 1)).map(part => sources(part, computed));
    return parts.every(part => part !== undefined) ? parts.flat() : undefined;
  };
  const found = graph.nodes.flatMap(({ op, domain, inputs }) => {
    const places = domain === '' ? weighty[op] : undefined;
    const carried = inputs.filter(
      (name, i) =>
        name &&
        places &&
        (places === 'all' || places.includes(i)) &&
        !((op === 'Add' || op === 'Mul') && isFactor(name, graph.constants.get(name))) &&
        !(op.endsWith('Normalization') && MADE.test(name)),
    );
    const weights = carried.flatMap(name => sources(name, scaled.has(op)) ?? []);
    // what stands beside computed values is a class token, unless it is one number over and over: padding
    const parts = op === 'Concat' ? inputs.map(name => sources(name)) : [];
    const beside = parts.some(part => !part) ? parts.flatMap(part => part ?? []) : [];
    return [...weights, ...beside.filter(name => !isUniform(graph.constants.get(name)!))];
  });
  return [...new Set(found)].filter(name => isWeight(graph.constants.get(name)!));
}

const isUniform = (value: Tensor): boolean => {
  const numbers = value.toFloat32OrWider();
  return numbers.every(number => number === numbers[0]);
};

/** Names of constants that an exporter made: a norm without gains has ones there, and so has one of groups. */
const MADE = /^val_\d+(_|$)|(^|\/)Constant(_\d+)?_output_0(_|$)/;

/**
 * A number that an exporter made, such as the 1/√width of attention, which PyTorch writes with an axis; a trained one has
 * a name.
 */
const isFactor = (name: string, value?: Tensor): boolean =>
  value?.size === 1 && /^val_\d+$|^onnx::\w+$|(^|\/)Constant(_\d+)?_output_0$/.test(name);

/** Not a number by itself, and not a mask, whose −∞ or −10⁹ hides what must not be seen. */
const isWeight = (value: Tensor): boolean =>
  value.dims.length > 0 && value.toFloat32OrWider().every(number => Math.abs(number) < 1e4);

function chosen(known: readonly string[], choice: Choice): string[] {
  return [
    ...new Set(
      choice.flatMap(selector => {
        const found = known.filter(name =>
          typeof selector === 'string' ? name === selector : selector.test(name),
        );
        if (!found.length) {
          const wanted = typeof selector === 'string' ? selector : selector.source;
          throw new NameError('parameter', String(selector), nearest(wanted, known));
        }
        return found;
      }),
    ),
  ];
}

/** All parameters end to end. */
export function flatten(graph: Graph, parameters: readonly Parameter[]): Float32Array {
  const flat = new Float32Array(totalOf(parameters));
  for (const { name, offset } of parameters) flat.set(graph.constants.get(name)!.toFloat32OrWider(), offset);
  return flat;
}

/** A copy of the graph whose parameters are read from the flat vector. */
export function unflatten(graph: Graph, parameters: readonly Parameter[], flat: Float32Array): Graph {
  const constants = new Map(graph.constants);
  for (const { name, dims, offset, size } of parameters)
    constants.set(name, new Tensor('float32', dims, flat.slice(offset, offset + size)));
  return { ...graph, constants };
}
