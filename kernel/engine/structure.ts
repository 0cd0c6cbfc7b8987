/**
 * What a graph computes, as text: equal text, equal results. Small constants stand there by value, middling ones (masks,
 * tables, biases, made anew by every trace) by a fingerprint, and large ones by the identity of their data, which every
 * rewrite of a model shares, so that no large weights are ever read.
 */
import { fingerprint } from '../base/hash.ts';
import { isTensor, type Tensor } from '../base/tensor.ts';
import type { Attribute, Graph, ValueInfo } from '../onnx/graph.ts';
import { isGraph } from '../onnx/sort.ts';

const BY_VALUE = 64;
const BY_FINGERPRINT = 2 ** 16;
const identities = new WeakMap<object, number>();
let issued = 0;

function identity(data: object): number {
  const known = identities.get(data);
  if (known !== undefined) return known;
  identities.set(data, ++issued);
  return issued;
}

/** Equal text, equal tensors; and up to 2¹⁶ elements the other way round. */
export const tensorText = ({ dtype, dims, data }: Tensor): string =>
  `${dtype}[${dims.join()}]${content(data)}`;

function content(data: Tensor['data']): string {
  if (Array.isArray(data)) return JSON.stringify(data);
  if (data.length <= BY_VALUE) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).join();
  if (data.length <= BY_FINGERPRINT) return `=${fingerprint().add(data)}`;
  return `#${identity(data)}`;
}

/** Equal text, equal attributes. */
export function attributeText(value: Attribute): string {
  if (isTensor(value)) return tensorText(value as Tensor);
  if (isGraph(value)) return `{${structureOf(value)}}`;
  // the tag keeps INT 1, FLOAT 1 and their lists apart
  const first = Array.isArray(value) ? (value as readonly unknown[])[0] : value;
  return `${typeof first}${Array.isArray(value) ? '[]' : ''}:${Array.isArray(value) ? JSON.stringify(value, bigintText) : String(value)}`;
}

const bigintText = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
const infoText = ({ name, dtype, dims }: ValueInfo) => `${name}:${dtype}[${dims?.join() ?? '*'}]`;

export function structureOf(graph: Graph): string {
  const nodes = graph.nodes.map(({ op, domain, name, inputs, outputs, attributes }) => {
    const settings = Object.keys(attributes)
      .sort()
      .map(key => `${key}=${attributeText(attributes[key])}`);
    return [op, domain, name, inputs, outputs, settings];
  });
  const lines = [
    // all at once: a second use of a structure waits for little else
    JSON.stringify([graph.opsets, nodes]),
    graph.inputs.map(infoText).join(),
    graph.outputs.map(infoText).join(),
  ];
  for (const [name, value] of graph.constants) lines.push(`${name}=${tensorText(value)}`);
  return lines.join('\n');
}
