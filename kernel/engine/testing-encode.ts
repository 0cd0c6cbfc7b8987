/** Writes a graph as ONNX bytes for the op test bench, until the codec does. */
import { isTensor, type Tensor } from '../base/tensor.ts';
import type { Attribute, Graph, ValueInfo } from '../onnx/graph.ts';
import { elementNumber, kinds, ModelType, toLong } from '../onnx/schema.ts';
import { encodeTensor, encodeText } from '../onnx/tensor-proto.ts';

function attribute(name: string, value: Attribute) {
  if (typeof value === 'bigint') return { name, type: kinds.INT, i: toLong(value) };
  if (typeof value === 'number') return { name, type: kinds.FLOAT, f: value };
  if (typeof value === 'string') return { name, type: kinds.STRING, s: encodeText(value) };
  if (isTensor(value)) return { name, type: kinds.TENSOR, t: encodeTensor(value as Tensor) };
  const values = value as readonly (number | bigint)[];
  return typeof values[0] === 'number'
    ? { name, type: kinds.FLOATS, floats: values }
    : { name, type: kinds.INTS, ints: values.map(item => toLong(BigInt(item))) };
}
const info = ({ name, dtype, dims }: ValueInfo) => ({
  name,
  type: {
    tensor_type: { elem_type: elementNumber(dtype), shape: { dim: dims!.map(dim => ({ dim_value: dim })) } },
  },
});

export const encode = (graph: Graph): Uint8Array =>
  ModelType.encode({
    ir_version: 10,
    opset_import: Object.entries(graph.opsets).map(([domain, version]) => ({ domain, version })),
    metadata_props: [],
    graph: {
      name: graph.name,
      node: graph.nodes.map(node => ({
        input: node.inputs,
        output: node.outputs,
        name: node.name,
        op_type: node.op,
        domain: node.domain,
        attribute: Object.entries(node.attributes).map(([name, value]) => attribute(name, value)),
      })),
      initializer: [...graph.constants].map(([name, value]) => encodeTensor(value, name)),
      input: graph.inputs.map(info),
      output: graph.outputs.map(info),
      value_info: [],
    },
  }).finish();
