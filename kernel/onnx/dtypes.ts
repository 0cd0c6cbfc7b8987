/**
 * The dtype of every value, without shapes: enough to declare any value as an output of a file that says nothing
 * about its inner values. Full inference, with shapes, is the engine's.
 */
import type { DType } from '../base/dtype.ts';
import { isTensor, type Tensor } from '../base/tensor.ts';
import type { Graph, Node } from './graph.ts';
import { elementType } from './schema.ts';

const booleans = new Set(
  'And Or Not Xor Equal Greater GreaterOrEqual Less LessOrEqual IsNaN IsInf OptionalHasElement RegexFullMatch'.split(
    ' ',
  ),
);
const integers = new Set('Shape Size ArgMax ArgMin NonZero NonMaxSuppression StringSplit'.split(' '));
/** Which input an output takes its dtype from, where it is not the first. */
const follows: Readonly<Record<string, number>> = {
  Where: 1,
  OneHot: 2,
  DequantizeLinear: 1,
  CastLike: 1,
  QuantizeLinear: 2,
  QLinearConv: 7,
  QLinearMatMul: 7,
};
/** Dtypes of outputs behind the first. */
const further: Readonly<Record<string, readonly (DType | undefined)[]>> = {
  MaxPool: [, 'int64'],
  TopK: [, 'int64'],
  Dropout: [, 'bool'],
  Unique: [, 'int64', 'int64', 'int64'],
  DynamicQuantizeLinear: ['uint8', 'float32', 'uint8'],
  MatMulInteger: ['int32'],
  ConvInteger: ['int32'],
};

/** Name → dtype, inputs and constants included. What a node of an unknown kind yields counts as its first input. */
export function dtypesOf(graph: Graph, outer?: ReadonlyMap<string, DType>): ReadonlyMap<string, DType> {
  const known = new Map<string, DType>(outer);
  // a subgraph's file may leave out the dtypes of its outputs, so they are inferred
  const declared = outer ? [] : graph.outputs;
  for (const { name, dtype } of [...graph.values.values(), ...graph.inputs, ...declared])
    known.set(name, dtype);
  for (const [name, { dtype }] of graph.constants) known.set(name, dtype);
  for (const node of graph.nodes)
    node.outputs.forEach((name, index) => {
      if (name && !known.has(name)) known.set(name, dtypeOf(node, index, known));
    });
  return known;
}

function dtypeOf(node: Node, index: number, known: ReadonlyMap<string, DType>): DType {
  const { op, attributes, inputs } = node;
  const fixed = further[op]?.[index];
  if (fixed) return fixed;
  if (booleans.has(op)) return 'bool';
  if (integers.has(op)) return 'int64';
  const declared = attributes.to ?? attributes.dtype ?? attributes.output_dtype;
  if (typeof declared === 'bigint') return elementType(Number(declared)) ?? 'float32';
  const value = attributes.value;
  if (op === 'ConstantOfShape') return isTensor(value) ? (value as Tensor).dtype : 'float32';
  if (op === 'QuantizeLinear' && !inputs[2]) return 'uint8';
  const branch = attributes.then_branch ?? attributes.body;
  if (typeof branch === 'object' && 'nodes' in branch) {
    const result = branch.outputs[op === 'Loop' ? index + 1 : index];
    return (result && dtypesOf(branch, known).get(result.name)) ?? 'float32';
  }
  return known.get(inputs[follows[op] ?? 0] ?? '') ?? 'float32';
}
