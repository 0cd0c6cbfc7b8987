/**
 * The view `feature-grid`: what channels respond to, as pictures side by side, each with its objective and its
 * activation curve; drawn again in place while the ascent runs.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { FeatureCell, FeatureGridPayload } from 'neuronbook/display/views/feature-grid';
import { pointsOf, short } from '../parts/curve.ts';
import { button, el, icon, icons, setText } from '../parts/dom.ts';
import { altOf, lastValue, PictureCell } from '../parts/picture-cell.ts';
import { pngName, saveGrid, savePicture } from '../parts/save.ts';
import { Selection } from '../parts/selection.ts';
import { Zoom, type ZoomItem } from '../parts/zoom.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/feature-grid.css';

/** Where the ascent stands, in words. */
export function stateWords(
  { state, step, total }: FeatureGridPayload['data'],
  trans: TranslationBundle,
): string {
  if (state === 'running') return trans.__('step %1 of %2', step, total);
  if (state === 'interrupted') return trans.__('interrupted at step %1 of %2', step, total);
  return trans._n('%1 step', '%1 steps', step);
}

/** Pixels between two pictures; `--nb-gap` in the style says the same. */
const GAP = 12;
/** A narrower picture keeps its label only; the zoom has the rest. */
const NARROW = 96;

/** Of at most `fitting` columns, and at least half of them, the most that leave the fewest places empty. */
export function evenColumns(count: number, fitting: number): number {
  if (count <= fitting) return Math.max(count, 1);
  const empty = (columns: number) => Math.ceil(count / columns) * columns - count;
  let best = fitting;
  for (let columns = fitting - 1; columns >= fitting / 2; columns--)
    if (empty(columns) < empty(best)) best = columns;
  return best;
}

class FeatureGrid implements View<FeatureGridPayload> {
  private payload!: FeatureGridPayload;
  private readonly cells: PictureCell[] = [];
  /** The cell that Tab reaches; arrow keys move it. */
  private current = 0;
  private readonly title = el('span', { class: 'nb-FeatureGrid-title' });
  private readonly state = el('span', { class: 'nb-FeatureGrid-state' });
  private readonly progress = el('div', { class: 'nb-Progress', role: 'progressbar' }, el('div'));
  /** Told to screen readers at the ends of a run only, not at every step. */
  private readonly announcement = el('span', { class: 'nb-announcement', role: 'status' });
  private readonly list = el('div', { class: 'nb-FeatureGrid-cells', role: 'list' });
  /** A shortcut for the mouse, over the picture under it; from the keyboard the zoom has the same button. */
  private readonly save: HTMLButtonElement;
  /** The width of the page's room, once it has been measured: 0 in a page that is hidden. */
  private width?: number;
  private readonly zoom: Zoom;
  private readonly selection: Selection;
  private readonly stop: () => void;
  private readonly resized = new ResizeObserver(([{ contentRect }]) => {
    this.width = contentRect.width;
    this.layOut();
  });
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    const { trans, settings } = context;
    const saveAll = button(
      trans.__('Save all pictures as one PNG'),
      'nb-Button',
      () => void this.saveAll(),
      icon(icons.save),
    );
    this.save = button(
      trans.__('Save picture as PNG'),
      'nb-Cell-save',
      () => this.saveOne(),
      icon(icons.save),
    );
    this.save.tabIndex = -1;
    this.selection = new Selection(context);
    this.node = el(
      'section',
      { class: 'nb-FeatureGrid' },
      el('header', {}, this.title, this.state, saveAll),
      this.progress,
      this.list,
      this.announcement,
      this.selection.node,
    );
    this.zoom = new Zoom(trans, index => this.focus(index));
    this.stop = settings.onChange(() => this.update(this.payload));
    // as wide as the pictures' room, and never taller for what is in it
    this.resized.observe(this.progress);
    this.list.addEventListener('keydown', event => this.onKey(event));
    this.list.addEventListener('focusin', event => this.onFocus(event.target as Node));
    this.list.addEventListener('pointerover', event => {
      const cell = this.cells[this.indexOf(event.target as Node)];
      if (cell && !cell.frame.contains(this.save)) cell.frame.append(this.save);
    });
  }

  update(payload: FeatureGridPayload): void {
    const before = this.payload?.data.state;
    this.payload = payload;
    this.selection.update(payload);
    const { title, cells, step, total, state } = payload.data;
    const { trans, settings } = this.context;
    setText(this.title, title);
    this.node.setAttribute('aria-label', title);
    this.node.dataset.state = state;
    setText(this.state, stateWords(payload.data, trans));
    if (before && before !== state)
      setText(this.announcement, `${title}: ${stateWords(payload.data, trans)}`);
    this.showProgress(step, total, state === 'running');

    while (this.cells.length > cells.length) this.cells.pop()!.node.remove();
    const look = { pixelated: this.pixelated, showCurves: settings.values.showCurves };
    const added = cells.slice(this.cells.length).map(() => this.makeCell());
    cells.forEach((cell, i) => this.cells[i].update(cell, total, look));
    this.list.append(...added.map(({ node }) => node));
    this.layOut();
    this.setCurrent(Math.min(this.current, Math.max(cells.length - 1, 0)));
    if (this.zoom.isOpen) this.zoom.update(this.zoomItems());
  }

  dispose(): void {
    this.stop();
    this.resized.disconnect();
    this.zoom.dispose();
    this.selection.dispose();
  }

  private get pixelated(): boolean {
    const { pixelated } = this.context.settings.values;
    return pixelated === 'notebook' ? this.payload.options.pixelated === true : pixelated === 'always';
  }

  private makeCell(): PictureCell {
    const cell = new PictureCell(this.context.trans, cell => {
      const index = this.cells.indexOf(cell);
      this.zoom.open(this.zoomItems(), index);
      this.selection.choose(index);
    });
    this.cells.push(cell);
    return cell;
  }

  private saveOne(): void {
    const { title, cells } = this.payload.data;
    const { label, image } = cells[this.indexOf(this.save)];
    savePicture(image, pngName(title, label));
  }

  /** As many columns as the notebook or the person asks for; otherwise as many as fit, in rows that come out even. */
  private layOut(): void {
    const { list, width } = this;
    // asking the page for its width would lay it out twice
    list.hidden = width === undefined;
    if (width === undefined) return;
    const { pictureSize, columns } = this.context.settings.values;
    const count = this.cells.length;
    const wanted = Math.min(Math.round(this.payload.options.columns ?? columns), 48);
    const fitting = Math.max(1, Math.floor((width + GAP) / (pictureSize + GAP)));
    const chosen = wanted >= 1 ? wanted : evenColumns(count, fitting);
    // room that is left makes the pictures larger, and their captions readable; columns shrink to what there is
    const size = Math.round(pictureSize * (count === 1 ? 2 : wanted > 3 ? 1 : 1.5));
    list.style.setProperty('--nb-size', `${size}px`);
    list.style.setProperty('--nb-columns', String(chosen));
    list.classList.toggle('nb-mod-narrow', Math.min(size, (width + GAP) / chosen - GAP) < NARROW);
  }

  private showProgress(step: number, total: number, running: boolean): void {
    const share = total > 0 ? Math.min(1, step / total) : 0;
    this.progress.setAttribute('aria-label', this.context.trans.__('steps done'));
    this.progress.setAttribute('aria-valuemax', String(total));
    this.progress.setAttribute('aria-valuenow', String(step));
    this.progress.classList.toggle('nb-mod-idle', !running);
    (this.progress.firstElementChild as HTMLElement).style.transform = `scaleX(${share})`;
  }

  private zoomItems(): ZoomItem[] {
    const { data } = this.payload;
    return data.cells.map(cell => ({
      ...cell,
      total: data.total,
      alt: altOf(cell, this.context.trans),
      pixelated: this.pixelated,
      note: [
        lastValue(cell) && this.context.trans.__('activation %1', lastValue(cell)),
        stateWords(data, this.context.trans),
      ]
        .filter(Boolean)
        .join(' · '),
      describe: this.describeCurve(cell),
      fileName: pngName(data.title, cell.label),
    }));
  }

  private describeCurve(cell: FeatureCell): string {
    const points = pointsOf({ ...cell, total: 0 });
    if (points.length < 2) return '';
    const [first, last] = [points[0], points.at(-1)!];
    return this.context.trans.__(
      'activation by step: %1 at step %2, %3 at step %4',
      short(first[1]),
      first[0],
      short(last[1]),
      last[0],
    );
  }

  /** Pictures in the first row, as the page laid them out. */
  private get columns(): number {
    const top = this.cells[0]?.node.offsetTop;
    return Math.max(1, this.cells.filter(cell => cell.node.offsetTop === top).length);
  }

  private onKey(event: KeyboardEvent): void {
    const last = this.cells.length - 1;
    const to: Record<string, number> = {
      ArrowLeft: this.current - 1,
      ArrowRight: this.current + 1,
      ArrowUp: this.current - this.columns,
      ArrowDown: this.current + this.columns,
      Home: 0,
      End: last,
    };
    if (!Object.hasOwn(to, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (to[event.key] >= 0 && to[event.key] <= last) this.focus(to[event.key]);
  }

  private onFocus(target: Node): void {
    const index = this.indexOf(target);
    if (index >= 0) this.setCurrent(index);
  }

  private indexOf(target: Node): number {
    return this.cells.findIndex(cell => cell.node.contains(target));
  }

  private focus(index: number): void {
    this.setCurrent(index);
    this.cells[index]?.target.focus();
  }

  private setCurrent(index: number): void {
    this.current = index;
    this.cells.forEach((cell, i) => (cell.target.tabIndex = i === index ? 0 : -1));
  }

  private async saveAll(): Promise<void> {
    const { data } = this.payload;
    const pictures = data.cells.map(cell => ({ ...cell, value: lastValue(cell) }));
    const look = {
      title: data.title,
      note: stateWords(data, this.context.trans),
      columns: this.columns,
      pixelated: this.pixelated,
      like: this.node,
    };
    try {
      await saveGrid(pictures, look, pngName(data.title), this.context.trans);
    } catch (error) {
      setText(this.announcement, error instanceof Error ? error.message : String(error));
      this.announcement.classList.add('nb-mod-error');
    }
  }
}

export { problem } from 'neuronbook/display/views/feature-grid';
export default (context: ViewContext): View<FeatureGridPayload> => new FeatureGrid(context);
