/** A logit lens as a table: the likeliest token in each cell, and of the cell that is pointed at all that are listed. */
import { unpack } from 'neuronbook/display/packed';
import { lensCell, type LensPayload } from 'neuronbook/display/views/lens';
import { tint, visible } from 'neuronbook/display/views/tokens';
import { short } from '../parts/curve.ts';
import { el, ownKeys, scrollToEnd, setText } from '../parts/dom.ts';
import { frame, type Frame } from '../parts/frame.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/lens.css';

export { problem } from 'neuronbook/display/views/lens';

class Lens implements View<LensPayload> {
  private payload!: LensPayload;
  private values: Float32Array = new Float32Array();
  /** By layer, from the input up, then by position. */
  private cells: HTMLElement[][] = [];
  /** Where the network speaks last, until somebody points elsewhere. */
  private layer = Infinity;
  private position = Infinity;
  private readonly table = el('table', { class: 'nb-Lens-table', role: 'grid' });
  private readonly details = el('ol', { class: 'nb-Lens-details' });
  private readonly place = el('p', { class: 'nb-Lens-place' });
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    this.table.addEventListener('keydown', event => this.onKey(event));
    this.table.addEventListener('pointerover', event => this.follow(event.target as Node));
    this.table.addEventListener('focusin', event => this.follow(event.target as Node));
    this.table.addEventListener('click', event => this.follow(event.target as Node, true));
    const scroll = el('div', { class: 'nb-Lens-scroll' }, this.table);
    scrollToEnd(scroll);
    const side = el('div', { class: 'nb-Lens-side' }, this.place, this.details);
    this.frame = frame(context, 'nb-Lens', [], el('div', { class: 'nb-Lens-body' }, scroll, side));
    this.node = this.frame.node;
  }

  update(payload: LensPayload): void {
    this.payload = payload;
    const { data } = payload;
    const { trans } = this.context;
    this.values = unpack(data.probabilities);
    this.frame.update(payload, data.title, trans.__('logit lens'));
    this.table.setAttribute('aria-label', trans.__('layers upwards, positions to the right'));
    this.cells = data.layers.map((_, layer) =>
      data.positions.map((_, position) => this.cell(layer, position)),
    );
    const rows = [...data.layers.keys()]
      .reverse()
      .map(layer =>
        el(
          'tr',
          { role: 'row' },
          el('th', { role: 'rowheader', scope: 'row', title: data.layers[layer] }, data.layers[layer]),
          ...this.cells[layer],
        ),
      );
    const foot = el(
      'tr',
      { role: 'row' },
      el('td', { role: 'gridcell' }),
      ...data.positions.map(token =>
        el('th', { role: 'columnheader', scope: 'col', title: token }, visible(token)),
      ),
    );
    this.table.replaceChildren(
      el('tbody', { role: 'rowgroup' }, ...rows),
      el('tfoot', { role: 'rowgroup' }, foot),
    );
    this.go(Math.min(this.layer, data.layers.length - 1), Math.min(this.position, data.positions.length - 1));
  }

  dispose(): void {
    this.frame.selection.dispose();
  }

  private cell(layer: number, position: number): HTMLElement {
    const { data } = this.payload;
    const [best] = lensCell(data, this.values, layer, position);
    const made = el('td', { role: 'gridcell', tabindex: -1, class: 'nb-Lens-cell', ...ownKeys });
    made.append(el('span', {}, visible(best.token) || '␣'));
    made.style.background = tint(best.probability);
    made.classList.toggle(
      'nb-mod-right',
      data.next.length > 0 && best.token === data.words[data.next[position]],
    );
    made.dataset.layer = String(layer);
    made.dataset.position = String(position);
    return made;
  }

  private follow(target: Node, chosen = false): void {
    const cell = (target instanceof Element ? target : target.parentElement)?.closest<HTMLElement>(
      '.nb-Lens-cell',
    );
    if (!cell) return;
    const [layer, position] = [Number(cell.dataset.layer), Number(cell.dataset.position)];
    this.go(layer, position);
    if (chosen) this.frame.selection.choose(layer, position);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { layers, positions } = this.payload.data;
    const to: Record<string, [layer: number, position: number]> = {
      ArrowUp: [this.layer + 1, this.position],
      ArrowDown: [this.layer - 1, this.position],
      ArrowLeft: [this.layer, this.position - 1],
      ArrowRight: [this.layer, this.position + 1],
      Home: [this.layer, 0],
      End: [this.layer, positions.length - 1],
      Enter: [this.layer, this.position],
    };
    if (!Object.hasOwn(to, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const [layer, position] = to[event.key];
    if (layer < 0 || position < 0 || layer >= layers.length || position >= positions.length) return;
    this.cells[layer][position].focus();
    if (event.key === 'Enter') this.frame.selection.choose(layer, position);
  }

  private go(layer: number, position: number): void {
    this.cells[this.layer]?.[this.position]?.setAttribute('tabindex', '-1');
    [this.layer, this.position] = [layer, position];
    this.cells[layer]?.[position]?.setAttribute('tabindex', '0');
    const { data } = this.payload;
    const top = lensCell(data, this.values, layer, position);
    const read = JSON.stringify(data.positions[position]);
    setText(this.place, this.context.trans.__('%1, after %2 %3', data.layers[layer], position, read));
    this.frame.tell(
      `${data.layers[layer]} · ${position} ${read} → ${JSON.stringify(top[0].token)} ${short(top[0].probability)}`,
    );
    const next = data.words[data.next[position]];
    this.details.replaceChildren(
      ...top.map(({ token, probability }) => {
        const bar = el('span', { class: 'nb-Lens-bar', 'aria-hidden': 'true' });
        bar.style.inlineSize = `${Math.round(100 * Math.min(1, Math.max(0, probability)))}%`;
        return el(
          'li',
          { class: token === next ? 'nb-mod-right' : '' },
          el('code', {}, visible(token) || '␣'),
          el('span', { class: 'nb-Lens-number' }, short(probability)),
          bar,
        );
      }),
    );
  }
}

export default (context: ViewContext): View<LensPayload> => new Lens(context);
