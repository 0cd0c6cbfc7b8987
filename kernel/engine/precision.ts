/** The same network in float32: half-precision weights decoded, casts to half made casts to float. */
import { tensor, isTensor, type Tensor } from '../base/tensor.ts';
import type { Attribute, Graph, Node, ValueInfo } from '../onnx/graph.ts';
import { isGraph } from '../onnx/sort.ts';
import { dtypeNumber } from './functions.ts';

const HALF = dtypeNumber('float16');
const SINGLE = dtypeNumber('float32');

export const isHalf = (graph: Graph): boolean =>
  [...graph.constants.values()].some(value => value.dtype === 'float16') ||
  graph.inputs.some(input => input.dtype === 'float16');

/** A float16 graph as float32, with float32 inputs and outputs. Graphs without halves are returned as they are. */
export function widen(graph: Graph): Graph {
  if (!isHalf(graph) && !graph.nodes.some(node => node.op === 'Cast' && node.attributes.to === HALF))
    return graph;
  return widened(graph);
}

function widened(graph: Graph): Graph {
  const wide = (value: Tensor): Tensor => (value.dtype === 'float16' ? value.cast('float32') : value);
  const info = (value: ValueInfo): ValueInfo =>
    value.dtype === 'float16' ? { ...value, dtype: 'float32' } : value;
  const attribute = (value: Attribute): Attribute =>
    isTensor(value) ? wide(tensor(value)) : isGraph(value) ? widened(value) : value;
  const node = (given: Node): Node => ({
    ...given,
    attributes: Object.fromEntries(
      Object.entries(given.attributes).map(([name, value]) => [
        name,
        (name === 'to' || name === 'dtype') && value === HALF ? SINGLE : attribute(value),
      ]),
    ),
  });
  return {
    ...graph,
    inputs: graph.inputs.map(info),
    outputs: graph.outputs.map(info),
    nodes: graph.nodes.map(node),
    constants: new Map([...graph.constants].map(([name, value]) => [name, wide(value)])),
    values: new Map([...graph.values].map(([name, value]) => [name, info(value)])),
  };
}
