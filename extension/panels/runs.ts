/** Cells that run now: how long already, what they say of their progress, and a button that stops them. */
import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { el, ownKeys, setText } from '../parts/dom.ts';

type Cell = NotebookPanel['content']['widgets'][number];

interface Run {
  panel: NotebookPanel;
  begun: number;
}

export class RunList {
  private readonly runs = new Map<Cell, Run>();
  private panel?: NotebookPanel;
  private readonly list = el('ul', { class: 'nb-Inspector-runs' });
  private readonly none: HTMLElement;
  private readonly timer = setInterval(() => this.tick(), 500);
  readonly node: HTMLElement;

  constructor(
    private readonly trans: TranslationBundle,
    private readonly find: (notebook: unknown) => NotebookPanel | undefined,
  ) {
    this.none = el('p', { class: 'nb-Inspector-none' }, trans.__('No cell is running.'));
    this.node = el('div', {}, this.none, this.list);
    NotebookActions.executionScheduled.connect(this.onScheduled);
    NotebookActions.executed.connect(this.onExecuted);
  }

  show(panel: NotebookPanel | undefined): void {
    this.panel = panel;
    this.draw();
  }

  dispose(): void {
    clearInterval(this.timer);
    NotebookActions.executionScheduled.disconnect(this.onScheduled);
    NotebookActions.executed.disconnect(this.onExecuted);
  }

  private readonly onScheduled = (
    _: unknown,
    { notebook, cell }: { notebook: unknown; cell: Cell },
  ): void => {
    const panel = this.find(notebook);
    if (panel && cell.model.type === 'code') this.runs.set(cell, { panel, begun: Date.now() });
    this.draw();
  };

  private readonly onExecuted = (_: unknown, { cell }: { cell: Cell }): void => {
    this.runs.delete(cell);
    this.draw();
  };

  private draw(): void {
    const mine = [...this.runs].filter(([cell, { panel }]) => !cell.isDisposed && panel === this.panel);
    this.none.hidden = mine.length > 0;
    this.list.replaceChildren(
      ...mine.map(([cell, { panel }], i) => {
        const [line = ''] = cell.model.sharedModel.getSource().trim().split('\n');
        const stop = el(
          'button',
          { type: 'button', class: 'nb-Button nb-mod-outlined', ...ownKeys },
          this.trans.__('Stop'),
        );
        stop.setAttribute('aria-label', this.trans.__('Stop the cell %1', line));
        stop.addEventListener('click', () => void panel.sessionContext.session?.kernel?.interrupt());
        const words = el('span', { class: 'nb-Inspector-progress' });
        return el(
          'li',
          {},
          el('code', {}, line || this.trans.__('a cell')),
          words,
          // what waits behind another cell has not begun
          ...(i === 0 ? [stop] : []),
        );
      }),
    );
    this.tick();
  }

  private tick(): void {
    const mine = [...this.runs].filter(([, { panel }]) => panel === this.panel);
    const words = this.list.querySelectorAll('.nb-Inspector-progress');
    mine.forEach(([cell, { begun }], i) => {
      if (!words[i]) return;
      const seconds = Math.round((Date.now() - begun) / 1000);
      const since = i === 0 ? this.trans.__('%1 s', seconds) : this.trans.__('waiting');
      setText(words[i], [since, progressOf(cell)].filter(Boolean).join(' · '));
    });
  }
}

/** Of a code cell's model, what is read here. */
interface CodeModel {
  outputs: { length: number; get(index: number): { toJSON(): { data?: unknown } } };
}

/** The line of a bar, or whatever the cell showed last, as text. */
function progressOf(cell: Cell): string {
  const { outputs } = cell.model as unknown as CodeModel;
  for (let i = outputs.length - 1; i >= 0; i--) {
    const data = (outputs.get(i).toJSON().data ?? {}) as Record<string, unknown>;
    const plain = data['text/plain'];
    const words = Array.isArray(plain) ? plain.join('') : typeof plain === 'string' ? plain : '';
    if (words) return words.split('\n')[0].slice(0, 120);
  }
  return '';
}
