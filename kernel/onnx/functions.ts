/**
 * Model-local functions, written out: each call becomes the nodes of the function's body, under names that
 * begin with the call's. Works on the wire form, before `decode.ts` builds the graph.
 */
import { broken } from './broken.ts';
import type { AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto } from './schema.ts';

const key = (domain = '', op: string, overload = '') =>
  `${domain === 'ai.onnx' ? '' : domain}:${op}:${overload}`;
const deepest = 64;

/** The graph with every call written out; the same graph where the model has no functions. */
export function inlineFunctions(model: ModelProto, graph: GraphProto, path?: string): GraphProto {
  if (!model.functions?.length) return graph;
  const functions = new Map(model.functions.map(fn => [key(fn.domain, fn.name, fn.overload), fn]));
  const calls = new Set<string>();

  const uniqueCall = (node: NodeProto): string => {
    const base = node.name || node.output.find(Boolean) || node.op_type;
    let name = base;
    for (let i = 2; calls.has(name); i++) name = `${base}.${i}`;
    calls.add(name);
    return name;
  };

  const inGraph = (inner: GraphProto, depth: number): GraphProto => ({
    ...inner,
    node: inner.node.flatMap(node => inNode(node, depth)),
  });

  const inNode = (node: NodeProto, depth: number): NodeProto[] => {
    const fn = functions.get(key(node.domain, node.op_type, node.overload));
    if (fn) {
      if (depth > deepest)
        throw broken(`function ${fn.domain}.${fn.name} calls itself; expected functions that end`, path);
      return expand(node, fn, uniqueCall(node)).flatMap(inner => inNode(inner, depth + 1));
    }
    if (!node.attribute.some(attribute => attribute.g || attribute.graphs?.length)) return [node];
    const attribute = node.attribute.map(({ ...copy }: AttributeProto) => {
      if (copy.g) copy.g = inGraph(copy.g, depth);
      return copy;
    });
    return [{ ...node, attribute }];
  };

  return inGraph(graph, 0);
}

/** The body of `fn` in place of `call`. */
function expand(call: NodeProto, fn: FunctionProto, prefix: string): NodeProto[] {
  const names = new Map<string, string>([['', '']]);
  fn.input.forEach((name, i) => names.set(name, call.input[i] ?? ''));
  const passedThrough: NodeProto[] = [];
  fn.output.forEach((name, i) => {
    if (!call.output[i]) return;
    if (names.has(name))
      passedThrough.push({
        op_type: 'Identity',
        input: [names.get(name)!],
        output: [call.output[i]],
        attribute: [],
      });
    else names.set(name, call.output[i]);
  });
  const rename = (name: string) => names.get(name) ?? `${prefix}/${name}`;
  const bound = new Map(
    [...fn.attribute_proto, ...call.attribute].map(attribute => [attribute.name, attribute]),
  );

  const inAttribute = (attribute: AttributeProto): AttributeProto[] => {
    if (attribute.ref_attr_name) {
      const given = bound.get(attribute.ref_attr_name);
      return given ? [{ ...given, name: attribute.name }] : [];
    }
    return [
      attribute.g
        ? { ...attribute, type: attribute.type, name: attribute.name, g: inGraph(attribute.g) }
        : attribute,
    ];
  };
  const inNode = (node: NodeProto): NodeProto => ({
    op_type: node.op_type,
    domain: node.domain,
    overload: node.overload,
    name: `${prefix}/${node.name || node.output.find(Boolean) || node.op_type}`,
    input: node.input.map(rename),
    output: node.output.map(rename),
    attribute: node.attribute.flatMap(inAttribute),
  });
  const inGraph = (graph: GraphProto): GraphProto => ({
    name: graph.name,
    node: graph.node.map(inNode),
    initializer: graph.initializer.map(tensor => ({
      ...tensor,
      dims: tensor.dims,
      data_type: tensor.data_type,
      name: rename(tensor.name ?? ''),
    })),
    input: graph.input.map(info => ({ ...info, name: rename(info.name) })),
    output: graph.output.map(info => ({ ...info, name: rename(info.name) })),
    value_info: graph.value_info.map(info => ({ ...info, name: rename(info.name) })),
  });
  return [...fn.node.map(inNode), ...passedThrough];
}
