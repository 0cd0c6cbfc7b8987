/** Names along the rows and columns of a map, each beside its own; thinned where they would run into each other. */
import { el } from './dom.ts';
import '../../style/axes.css';

export class Axes {
  private readonly rows = el('div', { class: 'nb-Axes-rows', 'aria-hidden': 'true' });
  private readonly columns = el('div', { class: 'nb-Axes-columns', 'aria-hidden': 'true' });
  readonly node: HTMLElement;

  constructor(map: HTMLElement) {
    this.node = el('div', { class: 'nb-Axes' }, this.rows, map, el('span'), this.columns);
  }

  /** From the top, and from the left. */
  update(rows: readonly string[], columns: readonly string[]): void {
    this.node.style.setProperty('--nb-rows', String(rows.length));
    this.node.style.setProperty('--nb-columns', String(columns.length));
    const names = (list: readonly string[], most: number) => {
      const every = Math.ceil(list.length / most);
      return list.map((name, i) =>
        el('span', { title: name }, i % every === 0 ? name.replaceAll('\n', '↵').trim() || '␣' : ''),
      );
    };
    this.rows.replaceChildren(...names(rows, 40));
    this.columns.replaceChildren(...names(columns, 64));
  }
}
