/** Small pictures to choose one from: heads, channels. One stop for Tab; arrow keys choose. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { el, ownKeys } from './dom.ts';
import { paint, type Matrix } from './heat-map.ts';
import { textButton } from './labelled.ts';
import '../../style/thumbs.css';

export interface Thumb {
  /** What the choice is told as. */
  index: number;
  name: string;
  matrix: Matrix;
}

/** Thumbs that are drawn at once; the others on demand. */
const AT_ONCE = 128;

export class ThumbList {
  private thumbs: readonly Thumb[] = [];
  private buttons: HTMLButtonElement[] = [];
  private chosen = 0;
  private room = AT_ONCE;
  private readonly list = el('div', { class: 'nb-Thumbs-list', role: 'listbox' });
  private readonly more: HTMLButtonElement;
  readonly node: HTMLElement;

  constructor(
    name: string,
    trans: TranslationBundle,
    private readonly choose: (index: number) => void,
  ) {
    this.list.setAttribute('aria-label', name);
    this.list.addEventListener('keydown', event => this.onKey(event));
    this.more = textButton(trans.__('Show more'), () => {
      this.room += AT_ONCE;
      this.draw();
    });
    this.node = el('div', { class: 'nb-Thumbs' }, this.list, this.more);
  }

  /** In the order given; fewer than two are no choice, and not shown. */
  update(thumbs: readonly Thumb[]): void {
    this.thumbs = thumbs;
    this.draw();
  }

  select(index: number): void {
    this.chosen = index;
    const place = this.thumbs.findIndex(thumb => thumb.index === index);
    if (place >= this.room) {
      this.room = place + 1;
      this.draw();
    }
    this.buttons.forEach((button, i) => {
      button.setAttribute('aria-selected', String(i === place));
      button.tabIndex = i === Math.max(0, place) ? 0 : -1;
    });
  }

  private draw(): void {
    this.buttons = this.thumbs.slice(0, this.room).map(({ index, name, matrix }) => {
      const canvas = el('canvas', { class: 'nb-Thumbs-canvas' });
      paint(canvas, matrix);
      canvas.style.aspectRatio = `${matrix.width} / ${matrix.height}`;
      const made = el(
        'button',
        { type: 'button', class: 'nb-Thumbs-thumb', role: 'option', title: name, ...ownKeys },
        canvas,
        el('span', {}, name),
      );
      made.addEventListener('click', () => this.choose(index));
      return made;
    });
    this.list.replaceChildren(...this.buttons);
    this.node.hidden = this.thumbs.length < 2;
    this.more.hidden = this.thumbs.length <= this.room;
    this.select(this.chosen);
  }

  private onKey(event: KeyboardEvent): void {
    const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    const place = this.buttons.findIndex(button => button === document.activeElement);
    const next = this.thumbs[place + (by ?? 0)];
    if (!by || place < 0 || !next) return;
    event.preventDefault();
    event.stopPropagation();
    this.choose(next.index);
    this.buttons[place + by]?.focus();
  }
}
