/** A tensor to look through: two dims as colour, a number for each of the others, a value under the pointer. */
import { unpack } from 'neuronbook/display/packed';
import type { MatrixPayload } from 'neuronbook/display/views/matrix';
import { short } from '../parts/curve.ts';
import { el, ownKeys, setText } from '../parts/dom.ts';
import { frame, type Frame } from '../parts/frame.ts';
import { HeatMap, paint } from '../parts/heat-map.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/matrix.css';

export { problem } from 'neuronbook/display/views/matrix';

class MatrixView implements View<MatrixPayload> {
  private payload!: MatrixPayload;
  private values: Float32Array = new Float32Array();
  private slice = new Float32Array();
  /** Which dims are the rows and the columns, and where the others stand. */
  private rows = 0;
  private columns = 0;
  private index: number[] = [];
  private shape = '';
  private readonly pickers = el('div', { class: 'nb-Matrix-pickers' });
  private readonly low = el('span');
  private readonly high = el('span');
  private readonly ramp = el('canvas', { class: 'nb-Matrix-ramp' });
  private readonly map: HeatMap;
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    this.map = new HeatMap(
      (row, column) => this.point(row, column),
      (row, column) => this.frame.selection.choose(...this.at(row, column)),
    );
    const copy = el(
      'button',
      { type: 'button', class: 'nb-Button', ...ownKeys },
      context.trans.__('Copy as TypeScript'),
    );
    copy.addEventListener('click', () => void this.copy());
    const legend = el('span', { class: 'nb-Matrix-legend' }, this.low, this.ramp, this.high);
    this.frame = frame(context, 'nb-Matrix', [legend, copy], this.pickers, this.map.node);
    this.node = this.frame.node;
  }

  update(payload: MatrixPayload): void {
    this.payload = payload;
    const { title, values, range } = payload.data;
    this.values = unpack(values);
    this.frame.update(payload, title, this.context.trans.__('tensor of %1', values.dims.join('×')));
    setText(this.low, short(range[0]));
    setText(this.high, short(range[1]));
    const steps = Float32Array.from({ length: 96 }, (_, i) => i / 95);
    paint(this.ramp, { data: steps, offset: 0, width: 96, height: 1, range: [0, 1], scale: this.scale });
    // a later step of the same tensor keeps what the reader has chosen
    if (this.shape !== values.dims.join()) {
      this.shape = values.dims.join();
      this.index = values.dims.map(() => 0);
      [this.rows, this.columns] = [values.dims.length - 2, values.dims.length - 1];
      this.layOut();
    }
    this.show();
  }

  dispose(): void {
    this.frame.selection.dispose();
  }

  private get dims(): number[] {
    return this.payload.data.values.dims;
  }

  private get scale(): 'sequential' | 'diverging' {
    const [low, high] = this.payload.data.range;
    return low < 0 && high > 0 ? 'diverging' : 'sequential';
  }

  /** For each dim a choice of its part: across, down, or one number. */
  private layOut(): void {
    const { axes } = this.payload.data;
    const { trans } = this.context;
    this.pickers.hidden = this.dims.length < 3;
    this.pickers.replaceChildren(
      ...this.dims.map((size, dim) => {
        const part = el('select', { 'aria-label': trans.__('what %1 is shown as', axes[dim]), ...ownKeys });
        for (const [value, text] of [
          ['rows', trans.__('rows')],
          ['columns', trans.__('columns')],
          ['index', trans.__('at')],
        ])
          part.append(el('option', { value }, text));
        part.value = dim === this.rows ? 'rows' : dim === this.columns ? 'columns' : 'index';
        part.addEventListener('change', () => this.assign(dim, part.value));
        const slider = el('input', {
          type: 'range',
          min: 0,
          max: size - 1,
          value: this.index[dim],
          'aria-label': trans.__('index of %1', axes[dim]),
          ...ownKeys,
        });
        const number = el('span', { class: 'nb-Matrix-index' }, String(this.index[dim]));
        slider.addEventListener('input', () => {
          this.index[dim] = Number(slider.value);
          setText(number, slider.value);
          this.show();
        });
        const hidden = part.value !== 'index' ? ' nb-hidden' : '';
        const chooser = el('span', { class: `nb-Matrix-slider${hidden}` }, slider, number);
        // there is nothing to choose in a dim of one
        const only = size === 1 ? ' nb-hidden' : '';
        return el('label', { class: `nb-Matrix-picker${only}` }, `${axes[dim]} (${size})`, part, chooser);
      }),
    );
  }

  /** A dim that becomes the rows leaves its former place to the dim that was. */
  private assign(dim: number, part: string): void {
    const was = dim === this.rows ? 'rows' : dim === this.columns ? 'columns' : 'index';
    const other = part === 'rows' ? this.rows : part === 'columns' ? this.columns : this.spare(dim);
    const place = (target: number, where: string) => {
      if (where === 'rows') this.rows = target;
      if (where === 'columns') this.columns = target;
    };
    place(dim, part);
    place(other, was);
    this.layOut();
    this.show();
  }

  private spare(not: number): number {
    return this.dims.findIndex((_, dim) => dim !== not && dim !== this.rows && dim !== this.columns);
  }

  private at(row: number, column: number): number[] {
    return this.dims.map((_, dim) =>
      dim === this.rows ? row : dim === this.columns ? column : this.index[dim],
    );
  }

  private show(): void {
    const { dims } = this;
    const [height, width] = [dims[this.rows] ?? 1, dims[this.columns] ?? 1];
    const strides = dims.map((_, dim) => dims.slice(dim + 1).reduce((size, next) => size * next, 1));
    const start = this.at(0, 0).reduce((sum, at, dim) => sum + at * strides[dim], 0);
    const [down, right] = [strides[this.rows] ?? 0, strides[this.columns] ?? 0];
    this.slice = new Float32Array(width * height);
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        this.slice[row * width + column] = this.values[start + row * down + column * right];
    const { range, title, axes } = this.payload.data;
    const label = this.context.trans.__(
      '%1: %2 down, %3 across',
      title || 'tensor',
      axes[this.rows] ?? '',
      axes[this.columns] ?? '',
    );
    this.map.draw({ data: this.slice, offset: 0, width, height, range, scale: this.scale }, label);
  }

  private point(row: number, column: number): void {
    const { axes, unit } = this.payload.data;
    const value = this.slice[row * (this.dims[this.columns] ?? 1) + column];
    const place = this.at(row, column).map((at, dim) => `${axes[dim]} ${at}`);
    this.frame.tell(`${place.join(', ')} · ${unit} ${short(value)}`);
  }

  /** The slice that is shown, as rows of numbers to paste into a cell. */
  private async copy(): Promise<void> {
    const width = this.dims[this.columns] ?? 1;
    const rows: string[] = [];
    for (let i = 0; i < this.slice.length; i += width)
      rows.push(
        `  [${Array.from(this.slice.subarray(i, i + width), value => String(+value.toPrecision(7))).join(', ')}],`,
      );
    try {
      await navigator.clipboard.writeText(`[\n${rows.join('\n')}\n]`);
      this.frame.tell(this.context.trans.__('copied %1 rows of %2', rows.length, width));
    } catch {
      this.frame.tell(this.context.trans.__('the browser did not allow copying'));
    }
  }
}

export default (context: ViewContext): View<MatrixPayload> => new MatrixView(context);
