/** A circuit: features or heads by layer and position, and how strongly each acts on those above it. */
import { NameError, ShapeError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { circuitSvg, strongest, type Circuit, type CircuitEdge } from '../drawings/circuit.ts';
import { cellText } from '../html.ts';
import { isRecord, isText, isTexts, type Problem, type ViewOptions, type ViewPayload } from '../payload.ts';
import { ViewValue, type Selecting } from '../view-value.ts';

export type CircuitPayload = ViewPayload<'circuit', Circuit, ViewOptions>;

/** What one view holds; more would stall a browser. */
const limits = { nodes: 3000, edges: 30_000, rows: 256, columns: 512 };

const isIndex = (value: unknown, below: number): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < below;

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.title) || !isText(data.unit))
    return 'data.title or data.unit is not text';
  const { layers, positions, nodes, edges, threshold } = data;
  if (!isTexts(layers) || layers.length === 0 || layers.length > limits.rows)
    return `data.layers is not a list of 1 to ${limits.rows} texts`;
  if (!isTexts(positions) || positions.length === 0 || positions.length > limits.columns)
    return `data.positions is not a list of 1 to ${limits.columns} texts`;
  if (!Array.isArray(nodes) || nodes.length > limits.nodes)
    return `data.nodes is not a list of at most ${limits.nodes}`;
  if (!Array.isArray(edges) || edges.length > limits.edges)
    return `data.edges is not a list of at most ${limits.edges}`;
  if (!(typeof threshold === 'number' && threshold >= 0 && threshold <= 1))
    return 'data.threshold is not a share between 0 and 1';
  for (const [i, node] of nodes.entries()) {
    if (!isRecord(node) || !isText(node.id) || !isText(node.label) || !isText(node.note))
      return `data.nodes[${i}] lacks its id, label or note`;
    if (!isIndex(node.layer, layers.length) || !isIndex(node.position, positions.length))
      return `data.nodes[${i}] stands in no layer or position`;
    if (node.value !== null && !Number.isFinite(node.value)) return `data.nodes[${i}].value is not a number`;
  }
  for (const [i, edge] of edges.entries()) {
    if (!isRecord(edge) || !isIndex(edge.from, nodes.length) || !isIndex(edge.to, nodes.length))
      return `data.edges[${i}] joins nodes that are not there`;
    if (!Number.isFinite(edge.weight)) return `data.edges[${i}].weight is not a number`;
  }
  return undefined;
};

/** A node as one writes it. */
export interface NodeForm {
  /** Unique; edges name nodes by it. */
  id: string;
  /** What stands in the node; its id where left out. */
  label?: string;
  /** Counted from the input up, and from left to right (0 where left out). */
  layer: number;
  position?: number;
  /** What the node is worth by itself, e.g. its activation. */
  value?: number;
  /** What else is known of it, shown when it is pointed at. */
  note?: string;
}

export interface CircuitForm {
  nodes: readonly NodeForm[];
  /** By the ids of nodes. */
  edges: readonly { from: string; to: string; weight: number }[];
  /** Names of the layers from the input up; `layer 0` … where left out. */
  layers?: readonly string[];
  /** Names of the positions, e.g. tokens; numbers where left out. */
  positions?: readonly string[];
}

export interface CircuitOptions extends Selecting<NodeForm> {
  title?: string;
  /** What a weight is, e.g. `attribution`. */
  unit?: string;
  /** The share of the strongest weight from which on edges are shown at first; by default the strongest 60 are. */
  threshold?: number;
}

/** Edges that are shown at first. */
const SHOWN = 60;

function words(circuit: Circuit): string {
  const { title, unit, nodes, edges } = circuit;
  const lines = [...edges]
    .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
    .slice(0, 12)
    .map(({ from, to, weight }) => `${nodes[from].label} → ${nodes[to].label}: ${cellText(weight)}`);
  const more = edges.length > lines.length ? [`… ${edges.length - lines.length} weaker edges`] : [];
  return [
    `${title || 'circuit'}: ${nodes.length} nodes, ${edges.length} edges by ${unit}`,
    ...lines,
    ...more,
  ].join('\n');
}

/**
 * A circuit as a graph: nodes by layer (upwards) and position (to the right), edges as wide as their weight, blue where
 * it is positive, dashed orange where it is negative. A slider hides weak edges; nodes can be hidden and pinned; what is
 * shown can be saved as SVG or JSON. `onSelect` gets the node.
 * @throws NameError where an edge names no node; ShapeError where a node stands outside the layers or positions, or there
 * are over 3,000 nodes or 30,000 edges
 * @example
 * view.circuit({
 *   nodes: [
 *     { id: 'cat', layer: 0, position: 1 },
 *     { id: '0.3', label: 'head 3', layer: 1, position: 1, note: 'attends to nouns' },
 *     { id: 'cats', layer: 2, position: 1 },
 *   ],
 *   edges: [
 *     { from: 'cat', to: '0.3', weight: 0.8 },
 *     { from: '0.3', to: 'cats', weight: -0.3 },
 *   ],
 *   layers: ['embed', 'attention', 'logits'],
 *   positions: ['the', 'cat'],
 * })
 */
export function circuit(
  { nodes, edges, layers, positions }: CircuitForm,
  { title = '', unit = 'weight', threshold, onSelect }: CircuitOptions = {},
): ViewValue<'circuit', Circuit, NodeForm> {
  if (nodes.length > limits.nodes || edges.length > limits.edges)
    throw new ShapeError(
      `a circuit of ${nodes.length} nodes and ${edges.length} edges; expected at most ${limits.nodes} and ${limits.edges}: leave out the weakest`,
    );
  const byId = new Map(nodes.map(({ id }, i) => [id, i]));
  const index = (id: string): number => {
    const found = byId.get(id);
    if (found === undefined) throw new NameError('node', id, nearest(id, [...byId.keys()]));
    return found;
  };
  const joined = edges.map(({ from, to, weight }): CircuitEdge => ({
    from: index(from),
    to: index(to),
    weight,
  }));
  const wrong = joined.findIndex(({ weight }) => !Number.isFinite(weight));
  if (wrong >= 0)
    throw new ShapeError(
      `the edge from ${edges[wrong].from} to ${edges[wrong].to} has the weight ${edges[wrong].weight}; expected a finite number`,
    );
  const rows = layers ?? named('layer ', 1 + Math.max(0, ...nodes.map(({ layer }) => layer)));
  const columns = positions ?? named('', 1 + Math.max(0, ...nodes.map(({ position = 0 }) => position)));
  const placed = nodes.map(({ id, label = id, layer, position = 0, value, note = '' }) => {
    if (!isIndex(layer, rows.length) || !isIndex(position, columns.length))
      throw new ShapeError(
        `the node ${id} stands in layer ${layer}, position ${position}; expected less than ${rows.length} and ${columns.length}`,
      );
    const worth = value !== undefined && Number.isFinite(value) ? value : null;
    return { id, label, layer, position, value: worth, note };
  });
  const data: Circuit = {
    title,
    unit,
    layers: [...rows],
    positions: [...columns],
    nodes: placed,
    edges: joined,
    threshold: 0,
  };
  data.threshold = Math.min(1, Math.max(0, threshold ?? usual(data)));
  const forms = { svg: () => circuitSvg(data), words: () => words(data) };
  return new ViewValue('circuit', data, forms, ([node]) => nodes[node], onSelect);
}

const named = (word: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${word}${i}`);

/** The share of the strongest weight that leaves about `SHOWN` edges. */
function usual(circuit: Circuit): number {
  const sorted = circuit.edges.map(({ weight }) => Math.abs(weight)).sort((a, b) => b - a);
  if (sorted.length <= SHOWN || strongest(circuit) === 0) return 0;
  return Math.floor((100 * sorted[SHOWN - 1]) / strongest(circuit)) / 100;
}
