/**
 * The places in a network that can be read, edited and differentiated. A site has a documented name (from the
 * file's metadata, else its node's name) and the tensor name that ONNX knows it by; both work everywhere.
 */
import { isFloat, type DType } from '../base/dtype.ts';
import { NameError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { htmlTable } from '../display/html.ts';
import { Table } from '../display/table.ts';
import type { Dim, Graph, Node } from '../onnx/graph.ts';
import { isNames, isTexts, metadataOf, PARAMETERS_KEY } from '../onnx/metadata.ts';
import { channelAxes } from './channel-axis.ts';
import { symbolicShapes } from './shapes.ts';

export type SiteKind = 'input' | 'activation' | 'output';

export interface Site {
  /** The documented name. */
  readonly name: string;
  /** The ONNX tensor. */
  readonly tensor: string;
  /** The op that makes it; '' for an input. */
  readonly op: string;
  readonly dtype: DType;
  /** Undefined where the shape cannot be told without running. A name stands for a size that varies. */
  readonly shape?: readonly Dim[];
  readonly kind: SiteKind;
  /** The axis that counts channels (features, units); −1 is the last. */
  readonly channelAxis: number;
  /** Trained numbers that enter right here and nowhere before. */
  readonly parameters: number;
}

/** The key of `metadata_props` under which a file documents its site names: JSON, name → tensor name. */
export const SITES_KEY = 'neuronbook.sites';

/**
 * The sites of a graph, findable by either name. Where the file documents its sites, those are listed, with inputs and
 * outputs; the steps between them can still be named.
 */
export class Sites implements Iterable<Site> {
  private readonly byName = new Map<string, Site>();
  private readonly list: readonly Site[];
  private readonly steps: readonly Site[];

  constructor(graph: Graph) {
    const all = describeSites(graph);
    for (const site of all) this.byName.set(site.tensor, site);
    for (const site of all) this.byName.set(site.name, site);
    const documented = documentedSites(graph);
    const isListed = ({ tensor, kind }: Site) =>
      !documented.size || kind !== 'activation' || documented.has(tensor);
    this.steps = all.filter(site => !isListed(site));
    this.list = this.withSteps(all.filter(isListed));
    for (const site of this.list) this.byName.set(site.tensor, site).set(site.name, site);
  }

  /** Weights that enter at a step count to the site that it is a step to. */
  private withSteps(listed: readonly Site[]): Site[] {
    const entered = new Map<string, number>();
    for (const { tensor, parameters } of this.steps) {
      const owner = this.owner(tensor)!;
      entered.set(owner, (entered.get(owner) ?? 0) + parameters);
    }
    return listed.map(site => ({ ...site, parameters: site.parameters + (entered.get(site.name) ?? 0) }));
  }

  [Symbol.iterator](): Iterator<Site> {
    return this.list[Symbol.iterator]();
  }

  get length(): number {
    return this.list.length;
  }

  get names(): string[] {
    return this.list.map(site => site.name);
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** @throws NameError with the nearest real names */
  get(name: string): Site {
    const found = this.byName.get(name);
    if (!found) throw new NameError('site', name, nearest(name, this.names), 'model.sites lists all');
    return found;
  }

  /** The site that a value counts to: `attn.q` for `attn.q/gemm`, a step on the way there; itself where it is one. */
  owner(tensor: string): string | undefined {
    const whole = tensor.slice(0, tensor.lastIndexOf('/'));
    if (this.byName.has(whole)) return this.byName.get(whole)!.name;
    return this.byName.get(tensor)?.name;
  }

  /** All sites whose name, or tensor name, a selector names: a string is exact, a RegExp may match many. */
  select(selectors: string | RegExp | readonly (string | RegExp)[]): Site[] {
    const found = [selectors].flat().flatMap(selector => {
      if (typeof selector === 'string') return [this.get(selector)];
      const matching = (sites: readonly Site[]) =>
        sites.filter(site => matchesWhole(selector, site.name) || matchesWhole(selector, site.tensor));
      const listed = matching(this.list);
      const matches = listed.length ? listed : matching(this.steps);
      if (!matches.length)
        throw new NameError(
          'site',
          String(selector),
          nearest(selector.source, this.names),
          'no name matches',
        );
      return matches;
    });
    return [...new Set(found)];
  }

  /** One row per site, as the table that a model shows. */
  rows(): { name: string; op: string; shape: string; kind: SiteKind; parameters: number }[] {
    return this.list.map(({ name, op, shape, kind, parameters }) => ({
      name,
      op,
      shape: shape ? shape.join('×') || 'scalar' : '?',
      kind,
      parameters,
    }));
  }

  toHtml(): string {
    const columns = ['name', 'op', 'shape', 'kind', 'parameters'] as const;
    return htmlTable(
      columns,
      this.rows().map(row => columns.map(column => row[column] || undefined)),
    );
  }

  toString(): string {
    return new Table(this.rows()).toString();
  }

  [Symbol.for('Jupyter.display')](): Record<string, unknown> {
    return { 'text/plain': this.toString(), 'text/html': this.toHtml() };
  }
}

const matchesWhole = (selector: RegExp, name: string): boolean => {
  selector.lastIndex = 0;
  return selector.test(name);
};

/** Tensor name → documented name. */
const documentedSites = (graph: Graph): Map<string, string> =>
  new Map(
    Object.entries(metadataOf(graph, SITES_KEY, isTexts) ?? {}).map(([name, tensor]) => [tensor, name]),
  );

function describeSites(graph: Graph): Site[] {
  const documented = documentedSites(graph);
  const trained = metadataOf(graph, PARAMETERS_KEY, isNames);
  const seen = new Set<string>();
  /** Whether it is a weight that no earlier node takes. */
  const isNew = (name: string): boolean => {
    const value = graph.constants.get(name);
    if (!value || seen.has(name) || !isFloat(value.dtype)) return false;
    seen.add(name);
    return trained?.includes(name) ?? true;
  };
  const shapes = symbolicShapes(graph);
  const channelAxis = channelAxes(graph, tensor => shapes.get(tensor)?.dims);
  const counts = new Map<string, number>();
  for (const { name } of graph.nodes) counts.set(name, (counts.get(name) ?? 0) + 1);
  const outputs = new Set(graph.outputs.map(output => output.name));
  const claimed = new Set(documented.values());
  const nameOf = (node: Node, tensor: string): string => {
    const own =
      node.outputs[0] === tensor && node.name && counts.get(node.name) === 1 && !claimed.has(node.name);
    return documented.get(tensor) ?? (own ? node.name : tensor);
  };

  const inputs = graph.inputs.map(({ name, dtype, dims }): Site => ({
    name: documented.get(name) ?? name,
    tensor: name,
    op: '',
    dtype,
    shape: dims,
    kind: 'input',
    channelAxis: channelAxis(name),
    parameters: 0,
  }));
  const inner = graph.nodes.flatMap(node =>
    node.outputs.flatMap((tensor): Site[] => {
      const known = shapes.get(tensor);
      if (!tensor || (known && !isFloat(known.dtype) && !outputs.has(tensor))) return [];
      const weights = node.inputs.filter(isNew);
      return [
        {
          name: nameOf(node, tensor),
          tensor,
          op: node.op,
          dtype: known?.dtype ?? 'float32',
          shape: known?.dims,
          kind: outputs.has(tensor) ? 'output' : 'activation',
          channelAxis: channelAxis(tensor),
          parameters: weights.reduce((sum, name) => sum + graph.constants.get(name)!.size, 0),
        },
      ];
    }),
  );
  return unique([...inputs, ...inner]);
}

/** Two sites of one name (a node named like another's tensor): the later one is known by its tensor. */
function unique(sites: Site[]): Site[] {
  const taken = new Set<string>();
  return sites.map(site => {
    const name = taken.has(site.name) ? site.tensor : site.name;
    taken.add(name);
    return name === site.name ? site : { ...site, name };
  });
}
