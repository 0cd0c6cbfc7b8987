/**
 * ONNX bytes → `Graph`. Everything a file may do and a graph may not is settled here: storage forms, initializers
 * that are also inputs, Constant nodes, model-local functions, nodes out of order. What cannot be settled is refused
 * with a `FormatError` that names the cause and the file.
 */
import type { Tensor } from '../base/tensor.ts';
import { broken } from './broken.ts';
import { inlineFunctions } from './functions.ts';
import type { Attribute, Dim, Graph, Node, ValueInfo } from './graph.ts';
import {
  BRAIN,
  ModelType,
  elementNumber,
  elementType,
  elementTypes,
  has,
  kinds,
  toBigInt,
  toNumber,
} from './schema.ts';
import type {
  AttributeProto,
  GraphProto,
  ModelProto,
  NodeProto,
  OpsetProto,
  ValueInfoProto,
} from './schema.ts';
import { unlisted } from './sequences.ts';
import { sniff } from './sniff.ts';
import { sort } from './sort.ts';
import { untied } from './untie.ts';
import {
  attributeTensor,
  decodeSparse,
  decodeTensor,
  decodeText,
  type TensorContext,
} from './tensor-proto.ts';
import { validate } from './validate.ts';

/**
 * `path` names the file in errors; `external` reads tensors that are stored outside the file (`#platform/files` makes
 * one that stays in the model's folder).
 */
export type DecodeOptions = TensorContext;

/** Attributes that hold the number of an element type. */
const dtypeAttributes = new Set(['to', 'dtype', 'output_dtype', 'stash_type']);
const SINGLE = elementNumber('float32');

const domainOf = (domain = '') => (domain === 'ai.onnx' ? '' : domain);

/**
 * The graph that `bytes` hold.
 * @throws FormatError naming the cause and the file
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): Graph {
  const { path } = options;
  const proto = parse(bytes, path);
  if (!proto.graph)
    throw broken(`holds no graph (${bytes.length} bytes); the file is cut short or is not a network`, path);
  const opsets = opsetsOf(proto);
  const graph = decodeGraph(inlineFunctions(proto, proto.graph, path), opsets, options, false);
  const metadata = Object.fromEntries(proto.metadata_props.map(({ key, value }) => [key, value]));
  const whole = { ...graph, metadata };
  validate(whole, path);
  return whole;
}

/** Where the file keeps tensors outside itself: the locations, each once. Readers that must fetch first ask here. */
export function externalLocations(bytes: Uint8Array, path?: string): string[] {
  const tensors = parse(bytes, path).graph?.initializer ?? [];
  const outside = tensors
    .filter(tensor => tensor.data_location === 1)
    .flatMap(tensor => tensor.external_data ?? []);
  return [...new Set(outside.filter(({ key }) => key === 'location').map(({ value }) => value))];
}

function parse(bytes: Uint8Array, path?: string): ModelProto {
  const reason = sniff(bytes);
  if (reason) throw broken(reason, path);
  try {
    // the type's fields are those of the schema text: schema.ts keeps the two side by side
    return ModelType.decode(bytes) as unknown as ModelProto;
  } catch (error) {
    // protobufjs: a RangeError where a field runs past the end, an Error where the bytes make no sense
    if (error instanceof RangeError)
      throw broken(
        `the file ends in the middle of a field, after ${bytes.length} bytes; it was cut short; download or copy it again`,
        path,
      );
    throw broken(`not ONNX: ${(error as Error).message}; expected a protobuf ModelProto`, path);
  }
}

function opsetsOf(proto: ModelProto): Record<string, number> {
  const opsets: Record<string, number> = {};
  // a function's own imports come first: where both name a domain, the model's version holds
  const imports: OpsetProto[] = [
    ...(proto.functions ?? []).flatMap(fn => fn.opset_import),
    ...proto.opset_import,
  ];
  for (const { domain, version } of imports) opsets[domainOf(domain)] = toNumber(version);
  for (const { domain } of proto.functions ?? [])
    if (domainOf(domain) !== '') delete opsets[domainOf(domain)];
  return opsets;
}

function decodeGraph(
  proto: GraphProto,
  opsets: Graph['opsets'],
  options: DecodeOptions,
  nested: boolean,
): Graph {
  const constants = new Map<string, Tensor>();
  for (const tensor of proto.initializer)
    constants.set(tensor.name ?? '', decodeTensor(tensor, tensor.name || '(unnamed)', options));
  for (const sparse of proto.sparse_initializer ?? []) {
    const name = sparse.values?.name ?? '';
    constants.set(name, decodeSparse(sparse, name, options));
  }
  const nodes: Node[] = [];
  const read = nested ? proto.node : untied(proto, constants);
  for (const node of read.map(node => decodeNode(node, opsets, options))) {
    const value = nested ? undefined : constantOf(node);
    if (value) constants.set(node.outputs[0], value);
    else nodes.push(node);
  }
  const plain = nested ? nodes : unlisted(nodes, constants, opsets[''] ?? 0);
  const inputs = proto.input
    .filter(({ name }) => !constants.has(name))
    .map(info => decodeInfo(info, 'input', nested, options));
  const outputs = proto.output.map(info => decodeInfo(info, 'output', nested, options));
  const values = new Map<string, ValueInfo>();
  for (const info of proto.value_info) {
    const dtype = elementType(info.type?.tensor_type?.elem_type ?? 0);
    if (dtype) values.set(info.name, { name: info.name, dtype, ...dimsOf(info) });
  }
  return sort(
    { name: proto.name, opsets, inputs, outputs, nodes: plain, constants, values, metadata: {} },
    options.path,
  );
}

/** The value of a Constant node, which becomes a constant under the name of its output. */
function constantOf({ op, domain, attributes }: Node): Tensor | undefined {
  if (op !== 'Constant' || domain !== '') return undefined;
  const value = attributes.value ?? attributes.sparse_value;
  if (value !== undefined) return value as Tensor;
  const key = Object.keys(attributes).find(name => name.startsWith('value_'));
  return key ? attributeTensor(attributes[key] as number) : undefined;
}

function decodeNode(proto: NodeProto, opsets: Graph['opsets'], options: DecodeOptions): Node {
  const where = `${proto.op_type} ${proto.name || proto.output[0] || '(unnamed)'}`;
  const attributes: Record<string, Attribute> = {};
  for (const attribute of proto.attribute) {
    const value = decodeAttribute(attribute, where, opsets, options);
    if (value !== undefined) attributes[attribute.name] = value;
  }
  const { op_type: op, name = '', input: inputs, output: outputs } = proto;
  return { op, domain: domainOf(proto.domain), name, inputs, outputs, attributes };
}

/** The kind of an attribute; files of IR version 1 and 2 leave it to be seen from the field that is filled. */
function kindOf(proto: AttributeProto): number {
  if (proto.type) return proto.type;
  if (has(proto, 'f')) return kinds.FLOAT;
  if (has(proto, 'i')) return kinds.INT;
  if (has(proto, 's')) return kinds.STRING;
  if (proto.t) return kinds.TENSOR;
  if (proto.g) return kinds.GRAPH;
  if (proto.floats?.length) return kinds.FLOATS;
  return proto.strings?.length ? kinds.STRINGS : kinds.INTS;
}

function decodeAttribute(
  proto: AttributeProto,
  where: string,
  opsets: Graph['opsets'],
  options: DecodeOptions,
): Attribute | undefined {
  const label = `attribute ${proto.name} of ${where}`;
  const text = (bytes: Uint8Array) => decodeText(bytes, label, options.path);
  const filled = <T>(value: T | null | undefined): T => {
    if (value) return value;
    throw broken(`${label} is empty; the file is damaged`, options.path);
  };
  switch (kindOf(proto)) {
    case kinds.FLOAT:
      return proto.f ?? 0;
    case kinds.INT: {
      const value = toBigInt(proto.i ?? 0);
      return dtypeAttributes.has(proto.name) && value === BigInt(BRAIN) ? BigInt(SINGLE) : value;
    }
    case kinds.STRING:
      return text(proto.s ?? new Uint8Array());
    case kinds.TENSOR:
      return decodeTensor(filled(proto.t), label, options);
    case kinds.SPARSE_TENSOR:
      return decodeSparse(filled(proto.sparse_tensor), label, options);
    case kinds.GRAPH:
      return decodeGraph(filled(proto.g), opsets, options, true);
    case kinds.FLOATS:
      return proto.floats ?? [];
    case kinds.INTS:
      return (proto.ints ?? []).map(toBigInt);
    case kinds.STRINGS:
      return (proto.strings ?? []).map(text);
    default: {
      const kind =
        Object.entries(kinds).find(([, number]) => number === proto.type)?.[0] ?? `number ${proto.type}`;
      throw broken(
        `${label}: unsupported attribute kind: ${kind}; expected numbers, text, a tensor or a graph`,
        options.path,
      );
    }
  }
}

function dimsOf({ type }: ValueInfoProto): { dims?: readonly Dim[] } {
  const shape = type?.tensor_type?.shape;
  if (!shape) return {};
  const dims = shape.dim.map((dim): Dim => {
    if (!has(dim, 'dim_value')) return dim.dim_param || '?';
    const size = toNumber(dim.dim_value ?? 0);
    // some exporters write −1 for a size that varies
    return size < 0 ? '?' : size;
  });
  return { dims };
}

function decodeInfo(info: ValueInfoProto, role: string, nested: boolean, { path }: DecodeOptions): ValueInfo {
  const { name, type } = info;
  if (type?.sequence_type || type?.map_type || type?.optional_type || type?.sparse_tensor_type)
    throw broken(
      `${role} ${name} is not a tensor but a sequence, map, optional or sparse tensor; cut the graph before it`,
      path,
    );
  const number = type?.tensor_type?.elem_type ?? 0;
  const dtype = elementType(number);
  // a subgraph may leave the types of its inputs and outputs to be inferred
  if (!dtype && nested && number === 0) return { name, dtype: 'float32' };
  if (!dtype) {
    const received = number === 0 ? 'no element type' : `element type ${elementTypes[number] ?? number}`;
    throw broken(
      `${role} ${name} has ${received}; expected a float16, 32 or 64, an integer, bool or string`,
      path,
    );
  }
  return { name, dtype, ...dimsOf(info) };
}
