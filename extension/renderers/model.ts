/** A network as a graph that opens by module: found by name, walked by keys, each operator told in full. */
import type { ModelNode, ModelPayload } from 'neuronbook/display/views/model';
import { countOf, layOut, type Box, type Layout } from 'neuronbook/display/views/model-layout';
import { firstOpen, modulesOf, nodesIn, type Module } from 'neuronbook/display/views/model-tree';
import { button, el, icon, icons, ownKeys, setText } from '../parts/dom.ts';
import { frame, type Frame } from '../parts/frame.ts';
import { GraphCanvas } from '../parts/graph-canvas.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/model.css';

export { problem } from 'neuronbook/display/views/model';

/** Which colour an operator has; the first that fits. */
const kinds: [kind: string, ops: RegExp][] = [
  ['border', /^(input|output)$/],
  ['norm', /Norm|Dropout/],
  ['activation', /Relu|Gelu|Sigmoid|Softmax|Tanh|Elu|Selu|Celu|Softplus|Swish|Mish|Erf/],
  ['weights', /Conv|MatMul|Gemm|Attention|LSTM|GRU|RNN|Einsum/],
  ['pool', /Pool|^Reduce|ArgM|TopK/],
  [
    'movement',
    /Reshape|Transpose|Concat|Slice|Split|queeze|Flatten|Expand|Shape|Gather|Cast|Pad|Tile|Identity|Constant/,
  ],
];
const kindOf = (op: string): string => kinds.find(([, ops]) => ops.test(op))?.[0] ?? 'other';

const key = (box: Box): string | number => box.node ?? box.module!.path;

class ModelGraph implements View<ModelPayload> {
  private nodes: ModelNode[] = [];
  private root!: Module;
  private open = new Set<string>();
  private layout!: Layout;
  private selected?: Box;
  private found: number[] = [];
  private at = -1;
  private drawn = '';
  private readonly canvas: GraphCanvas;
  private readonly details = el('dl', { class: 'nb-Model-details' });
  private readonly matches = el('span', { class: 'nb-Model-matches', role: 'status' });
  private readonly search: HTMLInputElement;
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    const { trans } = context;
    this.canvas = new GraphCanvas({
      face: box => this.face(box),
      select: box => this.tell(box),
      choose: box => this.frame.selection.choose(box.node!),
      toggle: box => this.toggle(box),
    });
    this.search = el('input', {
      type: 'search',
      class: 'nb-Model-search',
      placeholder: trans.__('find'),
      'aria-label': trans.__('Find an operator by name, kind or shape'),
      ...ownKeys,
    });
    this.search.addEventListener('input', () => this.find());
    this.search.addEventListener('keydown', event => {
      if (event.key === 'Enter') this.step(event.shiftKey ? -1 : 1);
      if (event.key === 'Escape') this.search.value = '';
      if (event.key === 'Escape') this.find();
      event.stopPropagation();
    });
    const plain = (name: string, act: () => void, path: string) => button(name, 'nb-Button', act, icon(path));
    this.frame = frame(
      context,
      'nb-Model',
      [
        this.search,
        this.matches,
        el(
          'span',
          { class: 'nb-Model-buttons' },
          plain(trans.__('Zoom out'), () => this.canvas.zoom(0.8), icons.minus),
          plain(trans.__('Zoom in'), () => this.canvas.zoom(1.25), icons.plus),
          plain(trans.__('Show all of it'), () => this.canvas.fit(), icons.fit),
          plain(trans.__('Open every module'), () => this.openAll(), icons.expand),
          plain(trans.__('Close every module'), () => this.closeAll(), icons.collapse),
        ),
      ],
      el('div', { class: 'nb-Model-body' }, this.canvas.node, this.details),
    );
    this.node = this.frame.node;
  }

  update(payload: ModelPayload): void {
    const { data } = payload;
    const title = [data.title, data.note].filter(Boolean).join(' · ');
    this.frame.update(payload, title, this.context.trans.__('a network'));
    this.canvas.node.setAttribute(
      'aria-label',
      this.context.trans.__(
        'Graph of %1. Arrow keys walk along its lines, Enter opens and closes a module, plus and minus zoom.',
        data.title,
      ),
    );
    const same = JSON.stringify(data.nodes);
    if (same === this.drawn) return;
    this.drawn = same;
    this.nodes = data.nodes;
    this.root = modulesOf(data.nodes);
    this.open = firstOpen(this.root);
    this.lay();
    this.canvas.node.style.setProperty('--nb-height', `${Math.ceil(this.layout.height) + 20}px`);
    this.tell(undefined);
    // its own width is known only once it is on the page
    requestAnimationFrame(() => this.canvas.begin());
  }

  dispose(): void {
    this.canvas.dispose();
    this.frame.selection.dispose();
  }

  private lay(around?: Box): void {
    const was = around && { ...around };
    this.layout = layOut(this.nodes, this.root, this.open);
    const again = (box?: Box) => box && this.layout.boxes.find(other => key(other) === key(box));
    this.canvas.show(this.layout, was, again(around));
    this.canvas.select(again(this.selected), { reveal: false });
  }

  private toggle(box: Box): void {
    const { path } = box.module!;
    if (!this.open.delete(path)) this.open.add(path);
    this.selected = box;
    this.lay(box);
  }

  private openAll(): void {
    const add = ({ path, children }: Module): void => {
      this.open.add(path);
      for (const child of children) if (typeof child !== 'number') add(child);
    };
    add(this.root);
    this.lay();
    this.canvas.begin();
  }

  private closeAll(): void {
    this.open.clear();
    this.lay();
    this.canvas.begin();
  }

  private face(box: Box): { words: string; kind: string } {
    if (box.node === undefined) return { words: countOf(box.module!), kind: 'module' };
    const { op } = this.nodes[box.node];
    return { words: op, kind: kindOf(op) };
  }

  /** Opens the modules around a node, and goes there. */
  private goTo(index: number): void {
    const around = (module: Module): boolean => {
      const inside = module.children.some(child =>
        typeof child === 'number' ? child === index : nodesIn(child).includes(index) && around(child),
      );
      if (inside) this.open.add(module.path);
      return inside;
    };
    around(this.root);
    this.lay();
    this.canvas.select(this.layout.boxes.find(({ node }) => node === index));
  }

  private find(): void {
    const wanted = this.search.value.trim().toLowerCase();
    const has = ({ name, op, shape = '' }: ModelNode) =>
      `${name}\n${op}\n${shape}`.toLowerCase().includes(wanted);
    const isIt = (i: number) => this.nodes[i].name.toLowerCase() === wanted;
    this.found = wanted ? [...this.nodes.keys()].filter(i => has(this.nodes[i])) : [];
    // a name in full means that one before those that begin like it
    this.found.sort((a, b) => Number(isIt(b)) - Number(isIt(a)));
    this.at = -1;
    const { trans } = this.context;
    const count = this.found.length;
    setText(this.matches, wanted ? trans._n('%1 match', '%1 matches', count) : '');
  }

  private step(by: number): void {
    const count = this.found.length;
    if (!count) return;
    this.at = this.at < 0 ? (by > 0 ? 0 : count - 1) : (this.at + by + count) % count;
    setText(this.matches, this.context.trans.__('%1 of %2', this.at + 1, count));
    this.goTo(this.found[this.at]);
  }

  /** Says what is selected: in a line that is read aloud, and in full beside the graph. */
  private tell(box: Box | undefined): void {
    this.selected = box;
    const { trans } = this.context;
    const rows: [string, string][] = [];
    if (box?.node !== undefined) {
      const { name, op, shape, parameters, inputs, facts = [] } = this.nodes[box.node];
      rows.push([trans.__('name'), name], [trans.__('operator'), op]);
      if (shape) rows.push([trans.__('gives'), shape]);
      if (inputs.length) rows.push([trans.__('takes'), inputs.map(i => this.nodes[i].name).join(', ')]);
      if (parameters) rows.push([trans.__('parameters'), parameters.toLocaleString()]);
      rows.push(...facts);
      this.frame.tell([name, op, shape].filter(Boolean).join(' · '));
    } else if (box?.module) {
      const inside = nodesIn(box.module).map(i => this.nodes[i]);
      const parameters = inside.reduce((sum, node) => sum + (node.parameters ?? 0), 0);
      rows.push([trans.__('module'), box.module.path], [trans.__('holds'), countOf(box.module)]);
      rows.push([trans.__('parameters'), parameters.toLocaleString()]);
      const state = box.open ? trans.__('open') : trans.__('closed');
      this.frame.tell([box.module.path, countOf(box.module), state].join(' · '));
    } else this.frame.tell('');
    this.details.hidden = rows.length === 0;
    this.details.replaceChildren(
      ...rows.map(([name, text]) => el('div', {}, el('dt', {}, name), el('dd', {}, text))),
    );
  }
}

export default (context: ViewContext): View<ModelPayload> => new ModelGraph(context);
