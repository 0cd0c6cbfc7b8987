/**
 * A circuit as a drawing: where nodes stand (layers upwards, positions to the right) and how edges run. The page and
 * the saved picture are laid out by the same functions.
 */
import { ink, series } from '../plot/colors.ts';
import { element, label, picture } from '../svg.ts';

export interface CircuitNode {
  id: string;
  label: string;
  /** Index into the layers, from the input up; and into the positions. */
  layer: number;
  position: number;
  /** What the node is worth by itself, e.g. its activation. */
  value: number | null;
  note: string;
}

/** Indices of nodes, and how strongly the first acts on the second. */
export interface CircuitEdge {
  from: number;
  to: number;
  weight: number;
}

export interface Circuit {
  title: string;
  /** What a weight is. */
  unit: string;
  /** Names from the input up, and from left to right. */
  layers: string[];
  positions: string[];
  nodes: CircuitNode[];
  edges: CircuitEdge[];
  /** The share of the strongest weight from which on edges are shown at first. */
  threshold: number;
}

export interface Place {
  x: number;
  y: number;
}

export interface Layout {
  width: number;
  height: number;
  /** Of a node's box. */
  box: { width: number; height: number };
  nodes: Place[];
  layers: number[];
  positions: number[];
}

const look = { row: 66, foot: 34, head: -6, gap: 26, letter: 6.3, names: 18 };
/** Boxes of their own colour, so that no edge runs through a label on a page of whatever colour. */
const paper = { fill: '#eceff3', text: { fill: '#222', 'text-anchor': 'middle', 'font-size': 11 } };
/** Nodes up to which each has its label in it. */
const LABELLED = 90;

/** @param without nodes that take no room; a position of these alone is as wide as its name */
export function layOut(
  { layers, positions, nodes }: Circuit,
  without: ReadonlySet<number> = new Set(),
): Layout {
  const box = nodes.length <= LABELLED ? { width: 86, height: 24 } : { width: 14, height: 14 };
  const pitch = box.width + 8;
  const slots = new Map<string, number[]>();
  nodes.forEach(({ layer, position }, i) => {
    if (without.has(i)) return;
    const key = `${layer} ${position}`;
    slots.set(key, [...(slots.get(key) ?? []), i]);
  });
  const columns = positions.map((name, p) => {
    const boxes = Math.max(...layers.map((_, l) => slots.get(`${l} ${p}`)?.length ?? 0));
    const named = Math.min(name.length, look.names) * look.letter;
    const gap = boxes || !without.size ? look.gap : look.letter;
    return gap + Math.max(boxes * pitch, named, without.size ? 0 : pitch);
  });
  const left = 16 + Math.max(...layers.map(name => Math.min(name.length, look.names))) * look.letter;
  const middles: number[] = [];
  let x = left;
  for (const width of columns) {
    middles.push(x + width / 2);
    x += width;
  }
  const rows = layers.map((_, l) => look.head + (layers.length - 0.5 - l) * look.row);
  const places = nodes.map(({ layer, position }, i) => {
    const slot = slots.get(`${layer} ${position}`) ?? [i];
    const shift = without.has(i) ? 0 : slot.indexOf(i) - (slot.length - 1) / 2;
    return { x: middles[position] + shift * pitch, y: rows[layer] };
  });
  const height = look.head + layers.length * look.row + look.foot;
  return { width: x + 8, height, box, nodes: places, layers: rows, positions: middles };
}

export const strongest = ({ edges }: Circuit): number =>
  edges.reduce((most, { weight }) => Math.max(most, Math.abs(weight)), 0);

/** Whether an edge is strong enough to be shown. */
export const reaches = (edge: CircuitEdge, threshold: number, most: number): boolean =>
  Math.abs(edge.weight) >= threshold * most;

/** Up from the top of one node into the foot of the other; within a layer as an arc above it. */
export function edgePath({ from, to }: CircuitEdge, { nodes, box }: Layout): string {
  const [a, b] = [nodes[from], nodes[to]];
  const round = (value: number) => Math.round(value * 10) / 10;
  const half = box.height / 2;
  if (a.y === b.y) {
    const top = round(a.y - half - 22);
    return `M${round(a.x)} ${round(a.y - half)}C${round(a.x)} ${top} ${round(b.x)} ${top} ${round(b.x)} ${round(b.y - half)}`;
  }
  const [start, end] = a.y > b.y ? [a.y - half, b.y + half] : [a.y + half, b.y - half];
  const middle = round((start + end) / 2);
  return `M${round(a.x)} ${round(start)}C${round(a.x)} ${middle} ${round(b.x)} ${middle} ${round(b.x)} ${round(end)}`;
}

/** Blue helps, orange hinders; and what hinders is dashed, for eyes that do not part the two. */
export const edgeLook = (weight: number, most: number) => ({
  stroke: weight < 0 ? series[1] : series[0],
  'stroke-width': +(0.7 + 5.3 * (most > 0 ? Math.abs(weight) / most : 0)).toFixed(2),
  'stroke-dasharray': weight < 0 ? '7 3' : undefined,
});

/** As much of a label as its box has room for. */
export const labelOf = ({ label }: CircuitNode, { box }: Layout): string =>
  box.width < 20 ? '' : clip(label, Math.floor((box.width - 8) / look.letter));

export const clip = (text: string, most = look.names): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;

/** The circuit as a picture of its own, without what is hidden, weak edges, and nodes that no edge is left to. */
export function circuitSvg(
  circuit: Circuit,
  threshold = circuit.threshold,
  hidden: ReadonlySet<number> = new Set(),
): string {
  const most = strongest(circuit);
  const { title, unit, layers, positions, nodes } = circuit;
  const edges = circuit.edges.filter(
    edge => reaches(edge, threshold, most) && !hidden.has(edge.from) && !hidden.has(edge.to),
  );
  const used = new Set(edges.flatMap(({ from, to }) => [from, to]));
  const without = new Set(edges.length ? [...nodes.keys()].filter(i => !used.has(i)) : hidden);
  const layout = layOut(circuit, without);
  const { width, height } = layout.box;
  const top = title ? 30 : 0;
  const shown = nodes.flatMap((node, i) => {
    if (without.has(i)) return [];
    const { x, y } = layout.nodes[i];
    const at = { x: x - width / 2, y: y - height / 2 + top, width, height, rx: Math.min(6, height / 2) };
    const box = element('rect', { ...at, fill: paper.fill, stroke: ink });
    const text = labelOf(node, layout);
    return [box, ...(text ? [label(x, y + 4 + top, text, { ...paper.text })] : [])];
  });
  return picture(
    {
      width: layout.width,
      height: layout.height + top,
      alt: `${title || 'circuit'}: ${nodes.length - without.size} nodes, ${edges.length} edges by ${unit}`,
      fill: ink,
    },
    [
      ...(title ? [label(8, 20, title, { 'font-size': 15, 'font-weight': 600 })] : []),
      ...layers.map((name, l) => label(8, layout.layers[l] + 4 + top, clip(name), { 'font-size': 11 })),
      ...positions.map((name, p) =>
        label(layout.positions[p], layout.height - 12 + top, clip(name), {
          'text-anchor': 'middle',
          'font-size': 11,
          'xml:space': 'preserve',
        }),
      ),
      ...edges.map(edge =>
        element('path', {
          d: edgePath(edge, layout),
          fill: 'none',
          'stroke-opacity': 0.75,
          transform: top ? `translate(0 ${top})` : undefined,
          ...edgeLook(edge.weight, most),
        }),
      ),
      ...shown,
    ],
  );
}
