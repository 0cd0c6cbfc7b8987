/** A board of quantized layers: a table whose columns sort it, with a bar behind each number. */
import { columns, meanBits, type QuantizationPayload } from 'neuronbook/display/views/quantization';
import { short } from '../parts/curve.ts';
import { el, ownKeys, setText } from '../parts/dom.ts';
import { frame, type Frame } from '../parts/frame.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/quantization.css';

export { problem } from 'neuronbook/display/views/quantization';

type Column = (typeof columns)[number] | 'name';

class Quantization implements View<QuantizationPayload> {
  private payload!: QuantizationPayload;
  private column: Column | undefined;
  private descending = true;
  private readonly summary = el('span', { class: 'nb-Quantization-summary' });
  private readonly body = el('tbody');
  private readonly heads = new Map<Column, HTMLElement>();
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    const { trans } = context;
    const names: Record<Column, string> = {
      name: trans.__('layer'),
      bits: trans.__('bits'),
      error: trans.__('error'),
      outliers: trans.__('outliers'),
      bytes: trans.__('bytes'),
    };
    const heads = Object.entries(names).map(([key, name]) => {
      const column = key as Column;
      const sort = el('button', { type: 'button', class: 'nb-Quantization-sort', ...ownKeys }, name);
      sort.addEventListener('click', () => this.sort(column));
      const head = el('th', { scope: 'col' }, sort);
      this.heads.set(column, head);
      return head;
    });
    const table = el(
      'table',
      { class: 'nb-Quantization-table' },
      el('thead', {}, el('tr', {}, ...heads)),
      this.body,
    );
    this.frame = frame(
      context,
      'nb-Quantization',
      [this.summary],
      el('div', { class: 'nb-Quantization-scroll' }, table),
    );
    this.node = this.frame.node;
  }

  update(payload: QuantizationPayload): void {
    this.payload = payload;
    const { title, layers } = payload.data;
    const { trans } = this.context;
    this.frame.update(payload, title, trans.__('quantization'));
    setText(this.summary, trans.__('%1 layers, %2 bits a weight', layers.length, short(meanBits(layers))));
    this.show();
  }

  dispose(): void {
    this.frame.selection.dispose();
  }

  /** Largest first, then smallest first, then as given. */
  private sort(column: Column): void {
    if (this.column !== column) [this.column, this.descending] = [column, column !== 'name'];
    else if (this.descending === (column !== 'name')) this.descending = !this.descending;
    else this.column = undefined;
    this.show();
  }

  private show(): void {
    const { layers } = this.payload.data;
    const order = layers.map((_, i) => i);
    const { column } = this;
    if (column)
      order.sort((a, b) => {
        const by =
          column === 'name'
            ? layers[a].name.localeCompare(layers[b].name)
            : layers[a][column] - layers[b][column];
        return this.descending ? -by : by;
      });
    for (const [key, head] of this.heads) {
      const state = key !== column ? 'none' : this.descending ? 'descending' : 'ascending';
      head.setAttribute('aria-sort', state);
    }
    const most = Object.fromEntries(
      columns.map(key => [key, layers.reduce((high, layer) => Math.max(high, layer[key]), 0)]),
    );
    this.body.replaceChildren(...order.map(i => this.row(i, most)));
  }

  private row(index: number, most: Readonly<Record<string, number>>): HTMLElement {
    const layer = this.payload.data.layers[index];
    const cells = columns.map(key => {
      const bar = el('span', { class: `nb-Quantization-bar nb-mod-${key}`, 'aria-hidden': 'true' });
      bar.style.inlineSize = `${most[key] > 0 ? (100 * layer[key]) / most[key] : 0}%`;
      const text = key === 'bits' || key === 'bytes' ? String(layer[key]) : short(layer[key]);
      return el('td', {}, bar, el('span', { class: 'nb-Quantization-number' }, text));
    });
    const choose = el(
      'button',
      { type: 'button', class: 'nb-Quantization-name', dir: 'auto', ...ownKeys },
      layer.name,
    );
    choose.addEventListener('click', () => {
      this.frame.tell(`${layer.name} · ${columns.map(key => `${key} ${layer[key]}`).join(' · ')}`);
      this.frame.selection.choose(index);
    });
    return el('tr', {}, el('th', { scope: 'row' }, choose), ...cells);
  }
}

export default (context: ViewContext): View<QuantizationPayload> => new Quantization(context);
