/** What a file itself says of its values' shapes, for nodes whose output sizes only data decide. */
import type { Dim, Graph, Node, ValueInfo } from '../onnx/graph.ts';
import type { Known, Var } from './var.ts';

/**
 * @param feeds the graph's inputs, whose dims say what its named sizes are
 * @returns a function from a node to what is declared of its outputs; undefined where that is not everything
 */
export function declaredIn(
  graph: Graph,
  feeds: Readonly<Record<string, Var>>,
): (node: Node) => readonly Known[] | undefined {
  let infos: ReadonlyMap<string, ValueInfo> | undefined;
  let sizes: ReadonlyMap<Dim, number> | undefined;
  const known = (name: string): Known | undefined => {
    const info = infos!.get(name);
    // '?' is no name: two of them need not be the same size
    const dims = info?.dims?.map(dim =>
      typeof dim === 'number' ? dim : dim === '?' ? undefined : sizes!.get(dim),
    );
    return dims?.every(dim => dim !== undefined) ? { dtype: info!.dtype, dims } : undefined;
  };
  return node => {
    infos ??= new Map([...graph.values, ...graph.outputs.map(info => [info.name, info] as const)]);
    sizes ??= new Map(
      graph.inputs.flatMap(
        ({ name, dims }) => dims?.map((dim, i) => [dim, feeds[name].dims[i]] as const) ?? [],
      ),
    );
    // an output that is left out is nobody's: any shape will do
    const outputs = node.outputs.map((name): Known | undefined =>
      name ? known(name) : { dtype: 'float32', dims: [] },
    );
    return outputs.every(output => output !== undefined) ? outputs : undefined;
  };
}
