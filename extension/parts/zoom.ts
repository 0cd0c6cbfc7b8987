/**
 * The zoom: one picture large, with its objective and its curve, over the page. Arrow keys go through the
 * pictures, Escape closes, and the focus returns to where it came from. Follows updates while it is open.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { curveChart, type Curve } from './curve.ts';
import { button, el, icon, icons, ownKeys, setText } from './dom.ts';
import { savePicture } from './save.ts';
import '../../style/zoom.css';

export interface ZoomItem extends Curve {
  label: string;
  objective: string;
  /** What the picture is, for those who do not see it. */
  alt: string;
  /** PNG, base64. */
  image: string;
  width: number;
  height: number;
  pixelated: boolean;
  /** Where it stands: `step 80 of 256`. */
  note: string;
  /** The curve in words. */
  describe: string;
  fileName: string;
}

export class Zoom {
  private items: ZoomItem[] = [];
  private index = 0;
  private readonly title = el('h2', { class: 'nb-Zoom-title' });
  private readonly counter = el('span', { class: 'nb-Zoom-counter' });
  private readonly picture = el('img', { class: 'nb-Zoom-picture', draggable: 'false', decoding: 'sync' });
  private readonly objective = el('code', { class: 'nb-Zoom-objective' });
  private readonly note = el('p', { class: 'nb-Zoom-note' });
  private readonly chart = el('div', { class: 'nb-Zoom-chart' });
  private readonly moves: HTMLElement;
  private readonly dialog: HTMLDialogElement;

  /** `onClose` learns which picture was shown last. */
  constructor(
    private readonly trans: TranslationBundle,
    private readonly onClose: (index: number) => void,
  ) {
    const move = (by: number) => () => this.move(by);
    const save = () => savePicture(this.items[this.index].image, this.items[this.index].fileName);
    this.moves = el(
      'div',
      { class: 'nb-Zoom-moves' },
      button(trans.__('Previous picture'), 'nb-Button', move(-1), icon(icons.previous)),
      this.counter,
      button(trans.__('Next picture'), 'nb-Button', move(1), icon(icons.next)),
    );
    const close = button(
      trans.__('Close'),
      'nb-Button nb-Zoom-close',
      () => this.dialog.close(),
      icon(icons.close),
    );
    const saveButton = button(
      trans.__('Save picture as PNG'),
      'nb-Button',
      save,
      icon(icons.save),
      trans.__('Save as PNG'),
    );
    this.dialog = el(
      'dialog',
      { class: 'nb-Zoom', tabindex: -1, ...ownKeys },
      el(
        'div',
        { class: 'nb-Zoom-body' },
        el('div', { class: 'nb-Zoom-frame' }, this.picture),
        el('div', { class: 'nb-Zoom-text' }, this.title, this.objective, this.note, this.chart),
        el('div', { class: 'nb-Zoom-bar' }, this.moves, saveButton),
      ),
      close,
    );
    this.dialog.addEventListener('keydown', this.onKey);
    // a click on the backdrop lands on the dialog itself, one inside it on its body
    this.dialog.addEventListener('click', event => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener('close', () => {
      this.dialog.remove();
      this.onClose(this.index);
    });
  }

  open(items: ZoomItem[], index: number): void {
    this.index = index;
    this.update(items);
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.dialog.focus();
  }

  get isOpen(): boolean {
    return this.dialog.open;
  }

  update(items: ZoomItem[]): void {
    this.items = items;
    this.index = Math.min(this.index, items.length - 1);
    this.show();
  }

  dispose(): void {
    this.dialog.remove();
  }

  private move(by: number): void {
    this.index = (this.index + by + this.items.length) % this.items.length;
    this.show();
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (by && this.items.length > 1) {
      event.preventDefault();
      this.move(by);
    }
    event.stopPropagation();
  };

  private show(): void {
    const item = this.items[this.index];
    if (!item) return this.dialog.close();
    const source = `data:image/png;base64,${item.image}`;
    if (this.picture.src !== source) this.picture.src = source;
    this.picture.alt = item.alt;
    this.picture.style.aspectRatio = `${item.width} / ${item.height}`;
    this.picture.classList.toggle('nb-pixelated', item.pixelated);
    this.dialog.setAttribute('aria-label', item.label);
    setText(this.title, item.label);
    setText(this.objective, item.objective);
    setText(this.note, item.note);
    setText(this.counter, this.trans.__('%1 of %2', this.index + 1, this.items.length));
    this.moves.hidden = this.items.length < 2;
    this.chart.replaceChildren(
      curveChart(item, { x: this.trans.__('step'), y: this.trans.__('activation'), describe: item.describe }),
    );
  }
}
