/**
 * `Graph` → ONNX bytes: an ordinary file that any ONNX tool reads. The same graph always gives the same bytes.
 */
import { NeuronbookError } from '../base/errors.ts';
import { isTensor, type Tensor } from '../base/tensor.ts';
import type { Attribute, Graph, Node, ValueInfo } from './graph.ts';
import { ModelType, elementNumber, kinds, toLong } from './schema.ts';
import type { AttributeProto, GraphProto, ModelProto, NodeProto, ValueInfoProto } from './schema.ts';
import { isGraph } from './sort.ts';
import { encodePlaced, encodeTensor, encodeText, type ExternalPlace } from './tensor-proto.ts';

export interface EncodeOptions {
  /** For the runtime only: `values` left out, since it infers them, and nodes without a name called by their output. */
  bare?: boolean;
  /** Weights whose bytes lie in a file beside this one, and where in it. */
  external?: ReadonlyMap<string, ExternalPlace>;
}

/** A protobuf message ends here: its lengths are signed 32-bit. */
const largest = 2 ** 31 - 1;

/** The IR version that came with each opset; 4 is the first whose initializers need not be inputs. */
const irVersions: readonly (readonly [opset: number, ir: number])[] = [
  [25, 13],
  [24, 12],
  [23, 11],
  [21, 10],
  [19, 9],
  [15, 8],
  [12, 7],
  [11, 6],
  [10, 5],
  [0, 4],
];

/**
 * The bytes of an ONNX file.
 * @throws NeuronbookError where the weights do not fit into one protobuf message
 */
export function encode(graph: Graph, options: EncodeOptions = {}): Uint8Array {
  let weights = 0;
  for (const [name, { data }] of graph.constants)
    if (!Array.isArray(data) && !options.external?.has(name)) weights += data.byteLength;
  if (weights > largest)
    throw new NeuronbookError(
      `graph ${graph.name} is too large for one file: ${weights} bytes of weights; expected at most ${largest}; turn large weights into inputs, or save the model, which puts them beside it`,
    );
  const opset = graph.opsets[''] ?? 0;
  const proto: ModelProto = {
    ir_version: irVersions.find(([first]) => opset >= first)![1],
    producer_name: 'neuronbook',
    graph: encodeGraph(graph, options, false),
    opset_import: Object.entries(graph.opsets).map(([domain, version]) => ({ domain, version })),
    // a runtime has no use for a tokenizer of several megabytes
    metadata_props: Object.entries(options.bare ? {} : graph.metadata).map(([key, value]) => ({
      key,
      value,
    })),
  };
  return ModelType.encode(proto as object).finish();
}

/**
 * @param nested a subgraph: its types follow from the graph around it, and stating them again could contradict;
 *   but ONNX Runtime runs no Loop whose inputs have no rank
 */
function encodeGraph(graph: Graph, options: EncodeOptions, nested: boolean): GraphProto {
  const nameOnly = ({ name }: ValueInfo): ValueInfoProto => ({ name });
  const shown = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name));
  const inner =
    options.bare || nested ? [] : [...graph.values.values()].filter(({ name }) => !shown.has(name));
  const unique = uniqueNames();
  return {
    name: graph.name || 'graph',
    node: graph.nodes.map(node => encodeNode(node, options, unique)),
    initializer: [...graph.constants].map(([name, tensor]) => {
      const place = nested ? undefined : options.external?.get(name);
      return place ? encodePlaced(tensor, name, place) : encodeTensor(tensor, name);
    }),
    input: graph.inputs.map(info => (nested && !info.dims ? nameOnly(info) : encodeInfo(info))),
    output: graph.outputs.map(info => {
      if (!nested) return encodeInfo(info);
      // nothing around it tells the type of a branch that is a constant
      const value = graph.constants.get(info.name);
      return value ? encodeInfo({ ...info, dtype: value.dtype, dims: value.dims }) : nameOnly(info);
    }),
    value_info: inner.map(encodeInfo),
  };
}

/** ONNX Runtime refuses two nodes of one name, which a rewrite may well bring about. */
function uniqueNames(): (name: string) => string {
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  return name => {
    let free = name;
    for (let i = counts.get(name) ?? 2; free && taken.has(free); i++) {
      free = `${name}.${i}`;
      counts.set(name, i + 1);
    }
    taken.add(free);
    return free;
  };
}

function encodeNode(
  { op, domain, name, inputs, outputs, attributes }: Node,
  options: EncodeOptions,
  unique: (name: string) => string,
): NodeProto {
  const label = unique(name || (options.bare ? (outputs.find(Boolean) ?? '') : ''));
  return {
    op_type: op,
    ...(domain && { domain }),
    ...(label && { name: label }),
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([key, value]) => encodeAttribute(key, value, options)),
  };
}

/** An empty list has no kind of its own; these are the standard names whose lists are not integers. */
const emptyKind = (name: string) =>
  /floats?$|scales|alpha|beta/.test(name)
    ? kinds.FLOATS
    : /strings?$|^activations$/.test(name)
      ? kinds.STRINGS
      : kinds.INTS;

function encodeAttribute(name: string, value: Attribute, options: EncodeOptions): AttributeProto {
  if (typeof value === 'bigint') return { name, type: kinds.INT, i: toLong(value) };
  if (typeof value === 'number') return { name, type: kinds.FLOAT, f: value };
  if (typeof value === 'string') return { name, type: kinds.STRING, s: encodeText(value) };
  if (isTensor(value)) return { name, type: kinds.TENSOR, t: encodeTensor(value as Tensor) };
  if (isGraph(value)) return { name, type: kinds.GRAPH, g: encodeGraph(value, options, true) };
  const list = value as readonly (bigint | number | string)[];
  if (list.length === 0) return { name, type: emptyKind(name) };
  if (typeof list[0] === 'bigint')
    return { name, type: kinds.INTS, ints: (list as readonly bigint[]).map(toLong) };
  if (typeof list[0] === 'number')
    return { name, type: kinds.FLOATS, floats: [...(list as readonly number[])] };
  return { name, type: kinds.STRINGS, strings: (list as readonly string[]).map(encodeText) };
}

function encodeInfo({ name, dtype, dims }: ValueInfo): ValueInfoProto {
  const dim = dims?.map(size =>
    typeof size === 'number' ? { dim_value: size } : size === '?' ? {} : { dim_param: size },
  );
  return { name, type: { tensor_type: { elem_type: elementNumber(dtype), ...(dim && { shape: { dim } }) } } };
}
