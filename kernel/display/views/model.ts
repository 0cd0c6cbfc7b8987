/**
 * A network as boxes and lines: its operators, gathered into the modules that their names tell of, which open and
 * close. What a saved notebook or a file shows, without a kernel.
 */
import { isRecord, isText, type Problem, type ViewOptions, type ViewPayload } from '../payload.ts';
import { element, label, picture } from '../svg.ts';
import { ViewValue, type Selecting } from '../view-value.ts';
import { countOf, layOut, type Box, type Layout } from './model-layout.ts';
import { firstOpen, modulesOf } from './model-tree.ts';

export interface ModelNode {
  /** With the modules that it is in: `blocks.0.attn.q`, `/layer1/conv1/Conv`. */
  name: string;
  /** The operator; `input` and `output` are the network's own. */
  op: string;
  /** Nodes before it in the list, by index, whose values it takes. */
  inputs: number[];
  /** Of its first value: `float32 batch×64×12×12`. */
  shape?: string;
  /** Trained numbers that enter here and nowhere before. */
  parameters?: number;
  /** Its weights and attributes, as texts. */
  facts?: [name: string, text: string][];
}

export type ModelPayload = ViewPayload<
  'model',
  { title: string; note: string; nodes: ModelNode[] },
  ViewOptions
>;

/** Nodes that a browser can lay out while somebody waits. */
const most = 20_000;

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.title) || !isText(data.note))
    return 'data.title or data.note is not text';
  if (!Array.isArray(data.nodes)) return 'data.nodes is not a list';
  if (data.nodes.length > most)
    return `data.nodes holds ${data.nodes.length} nodes; at most ${most} are drawn`;
  const wrong = data.nodes.findIndex((node, i) => !isNode(node, i));
  return wrong < 0 ? undefined : `data.nodes[${wrong}] is not a node that takes values of nodes before it`;
};

const isNode = (node: unknown, index: number): boolean =>
  isRecord(node) &&
  isText(node.name) &&
  isText(node.op) &&
  Array.isArray(node.inputs) &&
  node.inputs.every(from => Number.isInteger(from) && from >= 0 && from < index) &&
  (node.shape === undefined || isText(node.shape)) &&
  (node.parameters === undefined || Number.isFinite(node.parameters)) &&
  (node.facts === undefined || (Array.isArray(node.facts) && node.facts.every(isFact)));

const isFact = (fact: unknown): boolean => Array.isArray(fact) && fact.length === 2 && fact.every(isText);

interface Value {
  readonly name: string;
  readonly dtype: string;
  readonly dims?: readonly (number | string)[];
}

/** What is shown of a network; a model has it, and so has a file that was read. */
export interface Network {
  readonly name: string;
  readonly graph: {
    readonly opsets: Readonly<Record<string, number>>;
    readonly inputs: readonly Value[];
    readonly outputs: readonly Value[];
    readonly nodes: readonly {
      readonly op: string;
      readonly domain: string;
      readonly name: string;
      readonly inputs: readonly string[];
      readonly outputs: readonly string[];
      readonly attributes: Readonly<Record<string, unknown>>;
    }[];
    readonly constants: ReadonlyMap<
      string,
      { readonly dtype: string; readonly dims: readonly number[]; readonly size: number }
    >;
  };
  readonly sites: {
    has(name: string): boolean;
    get(name: string): { readonly name: string; readonly dtype: string; readonly shape?: Value['dims'] };
  };
}

/** The payload's data for a network. */
export function describe({ name, graph, sites }: Network): ModelPayload['data'] {
  const nodes: ModelNode[] = [];
  const maker = new Map<string, number>();
  const entered = new Set<string>();
  const shapeOf = (tensor: string): { shape?: string } => {
    const site = sites.has(tensor) ? sites.get(tensor) : undefined;
    return site?.shape ? { shape: typed(site.dtype, site.shape) } : {};
  };
  for (const { name: tensor, dtype, dims } of graph.inputs) {
    maker.set(tensor, nodes.length);
    nodes.push({ name: tensor, op: 'input', inputs: [], ...(dims && { shape: typed(dtype, dims) }) });
  }
  for (const { op, domain, name, inputs, outputs, attributes } of graph.nodes) {
    const [first = ''] = outputs;
    const weights = inputs.filter(input => graph.constants.has(input));
    const fresh = weights.filter(input => !entered.has(input));
    for (const input of fresh) entered.add(input);
    const parameters = fresh
      .map(input => graph.constants.get(input)!)
      .filter(({ dtype }) => /float/.test(dtype))
      .reduce((sum, { size }) => sum + size, 0);
    const facts: [string, string][] = [
      ...weights.map((input): [string, string] => {
        const { dtype, dims } = graph.constants.get(input)!;
        return [input, typed(dtype, dims)];
      }),
      ...Object.entries(attributes).map(([key, value]): [string, string] => [key, worded(value)]),
    ];
    const from = inputs.map(input => maker.get(input)).filter(index => index !== undefined);
    for (const output of outputs) if (output) maker.set(output, nodes.length);
    nodes.push({
      name: (sites.has(first) ? sites.get(first).name : name) || first || op,
      op: domain ? `${domain}.${op}` : op,
      inputs: [...new Set(from)],
      ...shapeOf(first),
      ...(parameters && { parameters }),
      ...(facts.length && { facts }),
    });
  }
  for (const { name: tensor, dtype, dims } of graph.outputs) {
    const from = maker.get(tensor);
    const shape = shapeOf(tensor).shape ?? (dims && typed(dtype, dims));
    nodes.push({
      name: tensor,
      op: 'output',
      inputs: from === undefined ? [] : [from],
      ...(shape && { shape }),
    });
  }
  return { title: name, note: noteOf(nodes, graph), nodes };
}

const typed = (dtype: string, dims: NonNullable<Value['dims']>): string =>
  `${dtype} ${dims.length ? dims.join('×') : 'scalar'}`;

/** An attribute in a line: numbers and texts as they are, graphs and tensors by what they are. */
function worded(value: unknown): string {
  if (Array.isArray(value)) {
    const text = value.slice(0, 16).map(worded).join(', ');
    return `[${text}${value.length > 16 ? ', …' : ''}]`;
  }
  if (typeof value === 'number') return String(+value.toPrecision(6));
  if (typeof value !== 'object' || value === null) return String(value).slice(0, 200);
  const { dtype, dims, nodes } = value as { dtype?: string; dims?: number[]; nodes?: unknown[] };
  if (nodes) return `a graph of ${nodes.length} operators`;
  return dims ? typed(String(dtype), dims) : '';
}

function noteOf(nodes: readonly ModelNode[], { opsets, nodes: operators }: Network['graph']): string {
  const parameters = nodes.reduce((sum, { parameters = 0 }) => sum + parameters, 0);
  const opset = opsets[''] ? `, opset ${opsets['']}` : '';
  return `${operators.length} operators, ${grouped(parameters)} parameters${opset}`;
}

/** 1234567 → 1 234 567, with spaces that do not break. */
const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, '\u202f');

/** Its modules, and what is in none, as lines. */
function words({ title, note, nodes }: ModelPayload['data']): string {
  const root = modulesOf(nodes);
  const lines = root.children.slice(0, 40).map(child => {
    if (typeof child !== 'number') return `  ▸ ${child.label}  ${countOf(child)}`;
    const { name, op, shape = '' } = nodes[child];
    return `  ${name}  ${op}  ${shape}`.trimEnd();
  });
  if (root.children.length > 40) lines.push(`  … ${root.children.length - 40} more`);
  return [`${title}: ${note}`, ...lines].join('\n');
}

/** A page of paper, and how small a picture gets to stand on one. */
const page = { height: 960, least: 0.6 };

/** As it looks at first: for those who have no extension. */
function drawn({ title, note, nodes }: ModelPayload['data']): string {
  const root = modulesOf(nodes);
  const made = layOut(nodes, root, firstOpen(root));
  // a picture for a page: of a network without modules, what comes first
  const shown = { ...made, boxes: made.boxes.slice(0, 400), lines: made.lines.slice(0, 800) };
  const pad = 12;
  const [width, height] = [made.width + 2 * pad, made.height + 2 * pad];
  const scale = Math.max(page.least, Math.min(1, page.height / height));
  return picture({ width, height, scale, alt: `${title}: ${note}` }, [
    element('g', { transform: `translate(${pad} ${pad})` }, svgOf(shown, nodes)),
  ]);
}

const svgOf = ({ boxes, lines }: Layout, nodes: readonly ModelNode[]): string =>
  [
    ...boxes.filter(({ open }) => open).map(box => boxOf(box, '', '#7d7d7d18')),
    ...lines.map(({ points }) =>
      element('path', { d: curve(points), fill: 'none', stroke: '#7d7d7d', 'stroke-width': 1.2 }),
    ),
    ...boxes
      .filter(({ open }) => !open)
      .map(box => boxOf(box, box.node === undefined ? countOf(box.module!) : nodes[box.node].op, '#ffffff')),
  ].join('\n');

function boxOf({ x, y, width, height, open, label: name }: Box, words: string, fill: string): string {
  const most = Math.floor((width - 16) / 6.4);
  const short = name.length > most ? `${name.slice(0, most - 1)}…` : name;
  const rect = element('rect', { x, y, width, height, rx: 6, fill, stroke: '#7d7d7d' });
  const ink = open ? '#7d7d7d' : '#333333';
  if (open) return `${rect}${label(x + 10, y + 17, short, { fill: ink, 'font-weight': 600 })}`;
  const middle = { 'text-anchor': 'middle', fill: ink };
  return `${rect}${label(x + width / 2, y + 16, short, { ...middle, 'font-weight': 600 })}${label(x + width / 2, y + 31, words, { ...middle, 'font-size': 11 })}`;
}

/** A line through its points, leaving and arriving upright. */
export function curve(points: readonly number[]): string {
  let path = `M${points[0].toFixed(1)} ${points[1].toFixed(1)}`;
  for (let i = 2; i < points.length; i += 2) {
    const [x0, y0, x, y] = points.slice(i - 2, i + 2);
    const middle = ((y0 + y) / 2).toFixed(1);
    path +=
      x0 === x
        ? `L${x.toFixed(1)} ${y.toFixed(1)}`
        : `C${x0.toFixed(1)} ${middle} ${x.toFixed(1)} ${middle} ${x.toFixed(1)} ${y.toFixed(1)}`;
  }
  return path;
}

export interface ModelOptions extends Selecting<ModelNode> {
  title?: string;
}

/**
 * A network as boxes and lines that open by module, with the shapes, weights and attributes of each operator. `onSelect`
 * gets the operator that is clicked, or that Enter is pressed on; its name is that of its site.
 * @param network a loaded model, or anything with its graph and its sites
 * @example view.model(await load('zoo:textures'))
 */
export function model(
  network: Network,
  { title = network.name, onSelect }: ModelOptions = {},
): ViewValue<'model', ModelPayload['data'], ModelNode> {
  const data = { ...describe(network), title };
  const forms = { svg: () => drawn(data), words: () => words(data) };
  return new ViewValue(
    'model',
    data,
    forms,
    at => (at.length === 1 ? data.nodes[at[0]] : undefined),
    onSelect,
  );
}
