/** One picture of a grid with its caption and curve. Made once, then updated in place so that nothing flickers. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { FeatureCell } from 'neuronbook/display/views/feature-grid';
import { pointsOf, short, Sparkline } from './curve.ts';
import { el, ownKeys, setText } from './dom.ts';

/** The last recorded activation, as text; empty before the first. */
export function lastValue(cell: FeatureCell): string {
  const last = pointsOf({ ...cell, total: 0 }).at(-1);
  return last ? short(last[1]) : '';
}

export class PictureCell {
  private readonly image = el('img', { draggable: 'false', decoding: 'sync' });
  private readonly label = el('span', { class: 'nb-Cell-label' });
  private readonly value = el('span', { class: 'nb-Cell-value' });
  private readonly objective = el('code', { class: 'nb-Cell-objective' });
  private readonly curve = new Sparkline();
  /** The picture itself is the button that enlarges it. */
  readonly target: HTMLButtonElement;
  /** What lies over the picture goes in here. */
  readonly frame: HTMLElement;
  readonly node: HTMLElement;

  constructor(
    private readonly trans: TranslationBundle,
    zoom: (cell: PictureCell) => void,
  ) {
    this.target = el(
      'button',
      { type: 'button', class: 'nb-Cell-picture', tabindex: -1, 'aria-haspopup': 'dialog', ...ownKeys },
      this.image,
    );
    this.target.addEventListener('click', () => zoom(this));
    this.frame = el('div', { class: 'nb-Cell-frame' }, this.target);
    this.node = el(
      'div',
      { class: 'nb-Cell', role: 'listitem' },
      this.frame,
      el(
        'div',
        { class: 'nb-Cell-words' },
        el('div', { class: 'nb-Cell-caption' }, this.label, this.value),
        this.objective,
        this.curve.node,
      ),
    );
  }

  update(cell: FeatureCell, total: number, look: { pixelated: boolean; showCurves: boolean }): void {
    const source = `data:image/png;base64,${cell.image}`;
    if (this.image.src !== source) this.image.src = source;
    this.image.alt = altOf(cell, this.trans);
    this.image.classList.toggle('nb-pixelated', look.pixelated);
    this.target.style.aspectRatio = `${cell.width} / ${cell.height}`;
    this.target.title = cell.objective;
    setText(this.label, cell.label);
    this.label.title = cell.label;
    setText(this.value, lastValue(cell));
    this.value.title = this.trans.__('activation');
    setText(this.objective, cell.objective);
    this.objective.title = cell.objective;
    this.objective.hidden = cell.objective === cell.label;
    this.curve.update({ ...cell, total });
    this.curve.node.classList.toggle('nb-hidden', !look.showCurves || cell.curve.length === 0);
  }
}

export function altOf(cell: FeatureCell, trans: TranslationBundle): string {
  const value = lastValue(cell);
  return value
    ? trans.__('%1: the picture found for %2, activation %3', cell.label, cell.objective, value)
    : trans.__('%1: the picture found for %2', cell.label, cell.objective);
}
