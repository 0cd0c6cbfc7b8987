/** The models of a kernel and their sites as one tree, by modules; arrow keys walk it as they do every tree. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { InspectedModel, InspectedSite } from 'neuronbook/display/inspection';
import { modulesOf, labelOf, type Module } from 'neuronbook/display/views/model-tree';
import { el, ownKeys } from '../parts/dom.ts';

export interface Chosen {
  model: InspectedModel;
  site: InspectedSite;
}

interface Row {
  key: string;
  level: number;
  label: string;
  words: string;
  /** Undefined for a site. */
  open?: boolean;
  chosen?: Chosen;
}

export class SiteTree {
  private models: readonly InspectedModel[] = [];
  private rows: Row[] = [];
  /** Keys of what is open, and of the row that Tab comes to. */
  private readonly open = new Set<string>();
  private current = '';
  private selected = '';
  readonly node: HTMLElement;

  constructor(
    trans: TranslationBundle,
    private readonly choose: (chosen: Chosen) => void,
  ) {
    this.node = el('div', {
      class: 'nb-Tree',
      role: 'tree',
      'aria-label': trans.__('Models and their sites'),
    });
    this.node.addEventListener('keydown', event => this.onKey(event));
    this.node.addEventListener('click', event => {
      const key = (event.target as Element).closest<HTMLElement>('.nb-Tree-row')?.dataset.key;
      const row = this.rows.find(row => row.key === key);
      if (row) this.act(row);
    });
  }

  update(models: readonly InspectedModel[]): void {
    const first = this.models.length === 0;
    this.models = models;
    // a kernel's only model is what somebody wants to see
    if (first && models.length === 1) this.open.add(models[0].name);
    this.draw();
  }

  private draw(focus = this.node.contains(document.activeElement)): void {
    this.rows = this.models.flatMap(model => this.rowsOf(model));
    if (!this.rows.some(({ key }) => key === this.current)) this.current = this.rows[0]?.key ?? '';
    this.node.replaceChildren(...this.rows.map(row => this.rowNode(row)));
    this.node.hidden = this.rows.length === 0;
    if (focus) this.focus();
  }

  private rowsOf(model: InspectedModel): Row[] {
    const open = this.open.has(model.name);
    const rows: Row[] = [{ key: model.name, level: 1, label: model.name, words: model.title, open }];
    if (!open) return rows;
    const walk = (module: Module, level: number): void => {
      for (const child of module.children) {
        if (typeof child === 'number') {
          const site = model.sites[child];
          const words = `${site.op} ${site.shape.replace(/^float32 /, '')}`.trim();
          const key = `${model.name}\n${site.name}`;
          rows.push({ key, level, label: labelOf(site.name), words, chosen: { model, site } });
          continue;
        }
        const key = `${model.name}\n${child.path}/`;
        const open = this.open.has(key);
        rows.push({ key, level, label: child.label, words: String(child.size), open });
        if (open) walk(child, level + 1);
      }
    };
    walk(modulesOf(model.sites.map(({ name, op }) => ({ name, op, inputs: [] }))), 2);
    return rows;
  }

  private rowNode({ key, level, label, words, open, chosen }: Row): HTMLElement {
    return el(
      'div',
      {
        class: 'nb-Tree-row',
        role: 'treeitem',
        tabindex: key === this.current ? 0 : -1,
        'aria-level': level,
        'aria-expanded': open === undefined ? undefined : String(open),
        'aria-selected': String(key === this.selected),
        'data-key': key,
        title: chosen?.site.name,
        style: `--nb-level: ${level}`,
        ...ownKeys,
      },
      el(
        'span',
        { class: 'nb-Tree-sign', 'aria-hidden': 'true' },
        open === undefined ? '' : open ? '▾' : '▸',
      ),
      el('span', { class: 'nb-Tree-label' }, label),
      el('span', { class: 'nb-Tree-words' }, words),
    );
  }

  private act(row: Row): void {
    this.current = row.key;
    if (row.chosen) {
      this.selected = row.key;
      this.choose(row.chosen);
    } else this.toggle(row, !row.open);
    this.draw(true);
  }

  private toggle({ key }: Row, open: boolean): void {
    if (open) this.open.add(key);
    else this.open.delete(key);
  }

  private focus(): void {
    this.node.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.rows.findIndex(({ key }) => key === this.current);
    const row = this.rows[at];
    if (!row) return;
    const go = (index: number) => {
      this.current = this.rows[Math.min(this.rows.length - 1, Math.max(0, index))].key;
      this.draw(true);
    };
    const parent = () => this.rows.slice(0, at).findLastIndex(({ level }) => level < row.level);
    const does: Record<string, () => void> = {
      ArrowDown: () => go(at + 1),
      ArrowUp: () => go(at - 1),
      Home: () => go(0),
      End: () => go(this.rows.length - 1),
      ArrowRight: () => {
        if (row.open) return go(at + 1);
        if (row.open === false) this.toggle(row, true);
        this.draw(true);
      },
      ArrowLeft: () => {
        if (!row.open) return go(Math.max(0, parent()));
        this.toggle(row, false);
        this.draw(true);
      },
      Enter: () => this.act(row),
      ' ': () => this.act(row),
    };
    if (!Object.hasOwn(does, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    does[event.key]();
  }
}
