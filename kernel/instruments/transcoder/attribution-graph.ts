/**
 * The graph that `attribute` makes: nodes, edges by target, how much each node matters to the output, and what is left
 * when what hardly matters is taken away.
 */
import { NeuronbookError } from '../../base/errors.ts';
import type { MimeBundle } from '../../base/host.ts';
import { displaySymbol } from '../../display/bundle.ts';
import { Table } from '../../display/table.ts';
import { circuit } from '../../display/views/circuit.ts';
import type { Speller } from './spelling.ts';

export interface AttributionNode {
  readonly kind: 'token' | 'feature' | 'error' | 'output';
  /** The place of its MLP among the model's: −1 for tokens, and the number of MLPs for the output. */
  readonly layer: number;
  readonly position: number;
  /** Which feature it is. */
  readonly feature?: number;
  /** z of a feature, the output's value, and of tokens and errors the norm of the vector. */
  readonly value: number;
}

export interface AttributionEdge {
  /** Numbers of nodes. */
  readonly from: number;
  readonly to: number;
  /** What the one adds to the pre-activation of the other, or to the output. */
  readonly weight: number;
}

export interface PruneOptions {
  /** The share of all influence that the nodes that stay have together. */
  nodes?: number;
  /** The same of edges. */
  edges?: number;
}

export class AttributionGraph {
  /** By target: what every node adds, and what biases add. */
  private readonly rows = new Map<number, { edges: Float32Array; bias: number }>();

  constructor(
    readonly nodes: readonly AttributionNode[],
    /** The sites that features are written to, layer by layer. */
    readonly sites: readonly string[],
    private readonly about: {
      of: number;
      tokens?: readonly number[];
      spell?: Speller;
    },
    /** Nodes and edges that stay, where some were taken away. */
    private readonly kept?: { nodes: ReadonlySet<number>; edges: readonly AttributionEdge[] },
  ) {}

  /** The number of the output's node. */
  get output(): number {
    return this.nodes.length - 1;
  }

  /** Targets whose causes are known: the output and features. */
  get targets(): number[] {
    return [...this.rows.keys()];
  }

  /** Takes what every node (in order, those of `nodes` without the output) adds to a target, and what biases add. */
  add(target: number, edges: Float32Array, bias: number): void {
    this.rows.set(target, { edges, bias });
  }

  /**
   * What everything adds to a target, biases too: its pre-activation, or the output.
   * @throws NeuronbookError where the causes of the target are not known
   * @example why.sumOf(why.output)
   */
  sumOf(target: number): number {
    const { edges, bias } = this.row(target);
    return edges.reduce((sum, weight) => sum + weight, bias);
  }

  /**
   * The edges into a target, the largest first.
   * @example why.into(why.output).slice(0, 5)
   */
  into(target: number): AttributionEdge[] {
    const edges = [...this.row(target).edges].flatMap((weight, from) =>
      weight ? [{ from, to: target, weight }] : [],
    );
    return edges.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
  }

  /** All edges, or those that stayed, the largest first. */
  get edges(): readonly AttributionEdge[] {
    return this.kept?.edges ?? this.targets.flatMap(target => this.into(target)).sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight)); // prettier-ignore
  }

  /** The numbers of the nodes that stayed; of all where nothing was taken away. */
  get staying(): number[] {
    return this.kept ? [...this.kept.nodes].sort((a, b) => a - b) : this.nodes.map((_, i) => i);
  }

  /**
   * How much each node matters to the output, through all paths: the output has 1, and each target hands on what it has
   * to its causes in proportion to the size of their edges.
   * @example why.influence[why.output] // → 1
   */
  get influence(): Float64Array {
    return influenceOf(this);
  }

  /**
   * How much each feature matters to the output, wherever it is active: the most influential first.
   * @example why.features[0]
   */
  get features(): { layer: number; feature: number; influence: number }[] {
    const influence = this.influence;
    const sums = new Map<string, { layer: number; feature: number; influence: number }>();
    this.nodes.forEach(({ layer, feature }, i) => {
      if (feature === undefined) return;
      const key = `${layer} ${feature}`;
      const before = sums.get(key)?.influence ?? 0;
      sums.set(key, { layer, feature, influence: before + influence[i] });
    });
    return [...sums.values()].sort((a, b) => b.influence - a.influence);
  }

  /**
   * How far sums of edges and biases are from the pre-activations and the output, at most, in the unit of the largest.
   * @example why.gap < 1e-5 // → true
   */
  get gap(): number {
    const values = this.targets.map(target => this.nodes[target].value);
    const off = this.targets.map((target, i) => Math.abs(this.sumOf(target) - values[i]));
    return Math.max(...off) / Math.max(...values.map(Math.abs));
  }

  /**
   * The graph without what hardly matters: the fewest nodes that hold `nodes` of all influence, and of the edges among
   * them the fewest that hold `edges` of theirs. Tokens and errors are kept by the same rule.
   * @see https://transformer-circuits.pub/2025/attribution-graphs/methods.html (0.8 and 0.98 there)
   * @example why.prune({ nodes: 0.6 }).staying.length
   */
  prune({ nodes: share = 0.8, edges: edgeShare = 0.98 }: PruneOptions = {}): AttributionGraph {
    const influence = this.influence;
    const among = this.nodes.map((_, i) => i).slice(0, -1);
    const nodes = new Set([...fewest(among, i => influence[i], share), this.output]);
    const scored = this.targets
      .filter(target => nodes.has(target))
      .flatMap(target => {
        const whole = sizeOf(this.row(target).edges);
        return this.into(target)
          .filter(({ from }) => nodes.has(from))
          .map(edge => ({ edge, score: (influence[target] * Math.abs(edge.weight)) / (whole || 1) }));
      });
    const edges = fewest(scored, ({ score }) => score, edgeShare).map(({ edge }) => edge);
    const pruned = new AttributionGraph(this.nodes, this.sites, this.about, { nodes, edges });
    for (const [target, { edges, bias }] of this.rows) pruned.add(target, edges, bias);
    return pruned;
  }

  /**
   * What a node is called: `blocks.1 #17 "upon"`.
   * @example why.label(why.output)
   */
  label(node: number): string {
    const { kind, layer, position, feature } = this.nodes[node];
    const token = this.about.tokens ? ` ${JSON.stringify(this.word(position))}` : ` at ${position}`;
    const block = this.sites[layer]?.replace(/\.mlp\.out$/, '');
    if (kind === 'feature') return `${block} #${feature}${token}`;
    return kind === 'error' ? `${block} error${token}` : `${kind}${token}`;
  }

  /**
   * The strongest edges as a table.
   * @example why.prune().table(10)
   */
  table(count = 20): Table {
    const rows = this.edges.slice(0, count).map(({ from, to, weight }) => ({
      from: this.label(from),
      position: this.nodes[from].position,
      to: this.label(to),
      'position ': this.nodes[to].position,
      weight: +weight.toPrecision(4),
    }));
    return new Table(rows, this.toString());
  }

  toString(): string {
    const count = (kind: AttributionNode['kind']) =>
      this.staying.filter(i => this.nodes[i].kind === kind).length;
    return `${count('feature')} features, ${count('token')} tokens, ${count('error')} errors, ${this.edges.length} edges → ${+this.about.of.toPrecision(4)}`;
  }

  /** What stayed, drawn by layer and position; of a graph that nobody has pruned, what `prune` keeps. */
  [displaySymbol](): MimeBundle {
    const { nodes, about } = this;
    const { staying, edges } = this.kept ? this : this.prune();
    const form = {
      layers: ['tokens', ...this.sites.map(site => site.replace(/\.mlp\.out$/, '')), 'output'],
      positions: Array.from(
        { length: 1 + nodes.reduce((last, { position }) => Math.max(last, position), 0) },
        (_, i) => this.word(i),
      ),
      nodes: staying.map(i => {
        const { kind, layer, position, feature, value } = nodes[i];
        const label = kind === 'feature' ? `#${feature}` : kind === 'token' ? this.word(position) : kind;
        return { id: String(i), label, layer: layer + 1, position, value, note: this.label(i) };
      }),
      edges: edges.map(({ from, to, weight }) => ({ from: String(from), to: String(to), weight })),
    };
    const drawn = circuit(form, { title: `What makes ${+about.of.toPrecision(4)}`, unit: 'attribution' });
    return { ...drawn[displaySymbol](), 'text/plain': this.table().toString() };
  }

  private word(position: number): string {
    const { tokens, spell } = this.about;
    if (!tokens) return String(position);
    return spell?.(tokens)[position].trim() || String(tokens[position]);
  }

  /** @internal */
  row(target: number): { edges: Float32Array; bias: number } {
    const found = this.rows.get(target);
    if (!found)
      throw new NeuronbookError(
        `the causes of ${this.nodes[target] ? this.label(target) : `node ${target}`} are not known; expected one of \`targets\`, the output or a traced feature`,
      );
    return found;
  }
}

const sizeOf = (values: Float32Array): number => values.reduce((sum, value) => sum + Math.abs(value), 0);

/** See `AttributionGraph.influence`; one pass from the output back, since causes lie in earlier layers. */
export function influenceOf(graph: AttributionGraph): Float64Array {
  const influence = new Float64Array(graph.nodes.length);
  influence[graph.output] = 1;
  const backwards = graph.targets.sort((a, b) => graph.nodes[b].layer - graph.nodes[a].layer);
  for (const target of backwards) {
    const { edges } = graph.row(target);
    const whole = sizeOf(edges);
    if (!whole || !influence[target]) continue;
    for (let i = 0; i < edges.length; i++) influence[i] += (influence[target] * Math.abs(edges[i])) / whole;
  }
  return influence;
}

/** The fewest items that hold this share of the sum. */
function fewest<T>(items: readonly T[], size: (item: T) => number, share: number): T[] {
  const sorted = [...items].sort((a, b) => size(b) - size(a));
  const whole = sorted.reduce((sum, item) => sum + size(item), 0);
  let sum = 0;
  const end = sorted.findIndex(item => (sum += size(item)) >= share * whole);
  return end < 0 ? sorted : sorted.slice(0, end + 1);
}
