/** Features to choose one from: number, name or word, and how often each is active. One stop for Tab; arrows choose. */
import type { FeatureGlance } from 'neuronbook/display/views/features';
import { percent } from 'neuronbook/display/views/features-forms';
import { visible } from 'neuronbook/display/views/tokens';
import { el, ownKeys } from './dom.ts';

export class FeatureList {
  private rows: readonly FeatureGlance[] = [];
  private buttons: HTMLButtonElement[] = [];
  readonly node = el('div', { class: 'nb-FeatureList', role: 'listbox' });

  constructor(
    name: string,
    private readonly choose: (feature: number) => void,
  ) {
    this.node.setAttribute('aria-label', name);
    this.node.addEventListener('keydown', event => this.onKey(event));
  }

  update(rows: readonly FeatureGlance[], current: number | undefined): void {
    const focused = this.node.contains(document.activeElement);
    this.rows = rows;
    this.buttons = rows.map(({ feature, label, token, density }) => {
      const named = label ? '' : ' nb-mod-token';
      const made = el(
        'button',
        { type: 'button', class: 'nb-Row nb-FeatureList-row', role: 'option', ...ownKeys },
        el('span', { class: 'nb-FeatureList-number' }, `#${feature}`),
        el('span', { class: `nb-FeatureList-name${named}`, dir: 'auto' }, label || visible(token)),
        el('span', { class: 'nb-FeatureList-density' }, percent(density)),
      );
      made.addEventListener('click', () => this.choose(feature));
      return made;
    });
    this.node.hidden = rows.length === 0;
    this.node.replaceChildren(...this.buttons);
    this.select(current);
    if (focused) this.focus();
  }

  select(current: number | undefined): void {
    const place = this.rows.findIndex(({ feature }) => feature === current);
    this.buttons.forEach((button, i) => {
      button.setAttribute('aria-selected', String(i === place));
      button.tabIndex = i === Math.max(0, place) ? 0 : -1;
    });
    const row = this.buttons[place];
    if (row && this.node.scrollHeight > this.node.clientHeight) {
      // within the list only: the page stays where it is
      const [top, bottom] = [row.offsetTop, row.offsetTop + row.offsetHeight];
      if (top < this.node.scrollTop) this.node.scrollTop = top;
      if (bottom > this.node.scrollTop + this.node.clientHeight)
        this.node.scrollTop = bottom - this.node.clientHeight;
    }
  }

  focus(): void {
    this.buttons.find(button => button.tabIndex === 0)?.focus();
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const place = this.buttons.findIndex(button => button === document.activeElement);
    const last = this.rows.length - 1;
    const to: Record<string, number> = {
      ArrowUp: place - 1,
      ArrowDown: place + 1,
      PageUp: Math.max(0, place - 10),
      PageDown: Math.min(last, place + 10),
      Home: 0,
      End: last,
    };
    if (place < 0 || !Object.hasOwn(to, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const next = this.rows[to[event.key]];
    if (!next) return;
    this.choose(next.feature);
    this.buttons[to[event.key]]?.focus();
  }
}
