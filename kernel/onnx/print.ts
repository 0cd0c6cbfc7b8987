/**
 * A graph as a program to read, the same text for the same graph: notebooks show it, tests snapshot it.
 *
 *   conv1 = Conv(image, conv1.w 16×3×3×3, conv1.b) strides=[1,1] → float32 1×16×48×48
 */
import { isFloat } from '../base/dtype.ts';
import { formatDims } from '../base/shape.ts';
import { isTensor, type Tensor } from '../base/tensor.ts';
import type { Attribute, Graph, Node, ValueInfo } from './graph.ts';
import { isGraph } from './sort.ts';

/** Constants up to this size show their values; larger ones their dims. */
const shownUpTo = 8;

/** The program text of a graph. */
export function print(graph: Graph): string {
  const opsets = Object.entries(graph.opsets).map(([domain, version]) => `${domain || 'opset'} ${version}`);
  return `${graph.name || 'graph'} (${opsets.join(', ')})\n${body(graph, '  ')}`;
}

function body(graph: Graph, indent: string): string {
  const known = new Map<string, ValueInfo>(graph.values);
  for (const info of graph.outputs) known.set(info.name, info);
  const lines = graph.inputs.map(info => `input ${info.name}: ${infoText(info)}`);
  for (const node of graph.nodes) lines.push(nodeText(node, graph, known, indent));
  lines.push(`return ${graph.outputs.map(({ name }) => operand(name, graph)).join(', ')}`);
  return lines.map(line => indent + line).join('\n');
}

function nodeText(node: Node, graph: Graph, known: ReadonlyMap<string, ValueInfo>, indent: string): string {
  const results = node.outputs.map(name => name || '_').join(', ');
  const call = `${node.domain && `${node.domain}.`}${node.op}(${node.inputs.map(name => operand(name, graph)).join(', ')})`;
  const settings = Object.keys(node.attributes)
    .sort()
    .map(key => ` ${key}=${attributeText(node.attributes[key], indent)}`);
  const types = node.outputs.map(name => known.get(name)).map(info => (info ? infoText(info) : ''));
  const type = types.some(Boolean) ? ` → ${types.map(text => text || '?').join(', ')}` : '';
  return `${results} = ${call}${settings.join('')}${type}`;
}

const infoText = ({ dtype, dims }: ValueInfo) => `${dtype} ${dims ? formatDims(dims) : '?'}`;

/** A name, with the value of a small constant or the dims of a large one behind it. */
function operand(name: string, graph: Graph): string {
  const constant = graph.constants.get(name);
  if (!constant) return name || '_';
  return constant.size <= shownUpTo && constant.dims.length <= 1
    ? `${name}=${values(constant)}`
    : `${name} ${formatDims(constant.dims)}`;
}

function values(tensor: Tensor): string {
  const items =
    tensor.dtype === 'string'
      ? (tensor.data as string[]).map(text => JSON.stringify(text))
      : tensor.toNumbers().map(value => (isFloat(tensor.dtype) ? number(value) : String(value)));
  return tensor.dims.length === 0 ? items[0] : `[${items.join(',')}]`;
}

/** Six digits: enough to tell weights apart, few enough to read. */
const number = (value: number) => String(+value.toPrecision(6));

function attributeText(value: Attribute, indent: string): string {
  if (typeof value === 'number') return number(value);
  if (typeof value === 'string') return value;
  if (isTensor(value)) {
    const tensor = value as Tensor;
    return tensor.size <= shownUpTo ? values(tensor) : `${tensor.dtype} ${formatDims(tensor.dims)}`;
  }
  if (isGraph(value)) return `{\n${body(value, `${indent}    `)}\n${indent}  }`;
  if (typeof value === 'bigint') return String(value);
  return `[${(value as readonly (number | bigint | string)[]).map(item => (typeof item === 'number' ? number(item) : String(item))).join(',')}]`;
}
