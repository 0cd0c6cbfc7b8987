/** Attention: all heads small, one of them large, as a matrix or as lines from each token to those that it looks at. */
import { unpack } from 'neuronbook/display/packed';
import type { AttentionPayload } from 'neuronbook/display/views/attention';
import { short } from '../parts/curve.ts';
import { el, ownKeys, setText, svg } from '../parts/dom.ts';
import { frame, type Frame } from '../parts/frame.ts';
import { HeatMap, paint, type Matrix } from '../parts/heat-map.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/attention.css';

export { problem } from 'neuronbook/display/views/attention';

/** Lines are drawn from this share of attention on, and to at most this many tokens: more is a grey cloud. */
const lines = { least: 0.04, tokens: 64, row: 20, gap: 150, side: 120 };

class Attention implements View<AttentionPayload> {
  private payload!: AttentionPayload;
  private values: Float32Array = new Float32Array();
  private head = 0;
  private asLines = false;
  private query: number | undefined;
  private thumbs: HTMLButtonElement[] = [];
  private readonly grid = el('div', { class: 'nb-Attention-heads', role: 'listbox' });
  private readonly map: HeatMap;
  private readonly drawing = svg('svg', { class: 'nb-Attention-lines', preserveAspectRatio: 'xMinYMin' });
  private readonly toggle = el('button', { type: 'button', class: 'nb-Button', ...ownKeys });
  private readonly name = el('span', { class: 'nb-Attention-name' });
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    const { trans } = context;
    this.map = new HeatMap(
      (row, column) => this.point(row, column),
      (row, column) => this.frame.selection.choose(this.head, row, column),
    );
    this.toggle.addEventListener('click', () => {
      this.asLines = !this.asLines;
      this.show();
    });
    this.grid.setAttribute('aria-label', trans.__('heads'));
    this.grid.addEventListener('keydown', event => this.onKey(event));
    this.drawing.addEventListener('pointerleave', () => this.pick(undefined));
    const large = el('div', { class: 'nb-Attention-large' }, this.name, this.map.node, this.drawing);
    const body = el('div', { class: 'nb-Attention-body' }, this.grid, large);
    this.frame = frame(context, 'nb-Attention', [this.toggle], body);
    this.node = this.frame.node;
  }

  update(payload: AttentionPayload): void {
    this.payload = payload;
    this.values = unpack(payload.data.pattern);
    const { title, heads, queries, keys } = payload.data;
    this.frame.update(payload, title, this.context.trans.__('attention'));
    this.head = Math.min(this.head, heads.length - 1);
    this.query = undefined;
    this.thumbs = heads.map((name, h) => this.thumb(name, h));
    this.grid.replaceChildren(...this.thumbs);
    this.grid.hidden = heads.length < 2;
    this.toggle.hidden = Math.max(queries.length, keys.length) > lines.tokens;
    if (this.toggle.hidden) this.asLines = false;
    this.show();
  }

  dispose(): void {
    this.frame.selection.dispose();
  }

  private matrix(head: number): Matrix {
    const { queries, keys } = this.payload.data;
    const size = { width: keys.length, height: queries.length };
    const offset = head * size.width * size.height;
    return { data: this.values, ...size, offset, range: [0, 1], scale: 'sequential' };
  }

  private at(query: number, key: number): number {
    const { queries, keys } = this.payload.data;
    return this.values[(this.head * queries.length + query) * keys.length + key];
  }

  private thumb(name: string, head: number): HTMLButtonElement {
    const canvas = el('canvas', { class: 'nb-Attention-canvas' });
    paint(canvas, this.matrix(head));
    const made = el(
      'button',
      { type: 'button', class: 'nb-Attention-thumb', role: 'option', title: name, ...ownKeys },
      canvas,
      el('span', {}, name),
    );
    made.addEventListener('click', () => this.choose(head));
    return made;
  }

  private choose(head: number): void {
    this.head = head;
    this.show();
  }

  private onKey(event: KeyboardEvent): void {
    const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    const next = this.head + (by ?? 0);
    if (!by || !this.thumbs[next]) return;
    event.preventDefault();
    event.stopPropagation();
    this.choose(next);
    this.thumbs[next].focus();
  }

  private show(): void {
    const { trans } = this.context;
    const { heads } = this.payload.data;
    this.thumbs.forEach((thumb, h) => {
      thumb.setAttribute('aria-selected', String(h === this.head));
      thumb.tabIndex = h === this.head ? 0 : -1;
    });
    const name = heads[this.head] ?? '';
    const how = trans.__('each row looks at the columns');
    setText(this.name, this.asLines ? name : [name, how].filter(Boolean).join(' · '));
    setText(this.toggle, this.asLines ? trans.__('Show as matrix') : trans.__('Show as lines'));
    this.map.node.classList.toggle('nb-hidden', this.asLines);
    this.drawing.classList.toggle('nb-hidden', !this.asLines);
    if (this.asLines) this.drawLines();
    else {
      const label = trans.__('%1: rows look, columns are looked at', heads[this.head] ?? '');
      this.map.draw(this.matrix(this.head), label);
    }
  }

  private point(query: number, key: number): void {
    const { queries, keys } = this.payload.data;
    const [from, to] = [JSON.stringify(queries[query]), JSON.stringify(keys[key])];
    this.frame.tell(`${query} ${from} → ${key} ${to} · ${short(this.at(query, key))}`);
  }

  /** Those that look stand left, those looked at right; a line is as strong as the attention. */
  private drawLines(): void {
    const { queries, keys, heads } = this.payload.data;
    const { row, gap, side, least } = lines;
    const height = row * Math.max(queries.length, keys.length) + 8;
    const width = 2 * side + gap;
    this.drawing.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.drawing.setAttribute('role', 'img');
    this.drawing.setAttribute(
      'aria-label',
      this.context.trans.__('%1 as lines from token to token', heads[this.head] ?? ''),
    );
    this.drawing.style.width = `${width}px`;
    const middle = (i: number) => row * (i + 0.5) + 4;
    const paths = queries.flatMap((_, q) =>
      keys.flatMap((_, k) => {
        const share = this.at(q, k);
        if (!(share >= least)) return [];
        const d = `M${side + 6} ${middle(q)}L${side + gap - 6} ${middle(k)}`;
        const path = svg('path', {
          d,
          class: 'nb-Attention-line',
          'stroke-opacity': share.toFixed(3),
          'data-query': q,
        });
        return [path];
      }),
    );
    const words = (tokens: string[], x: number, anchor: 'end' | 'start') =>
      tokens.map((token, i) => {
        const text = svg('text', { x, y: middle(i) + 4, 'text-anchor': anchor }, clip(token));
        if (anchor === 'end') {
          text.classList.add('nb-Attention-query');
          text.addEventListener('pointerenter', () => this.pick(i));
        }
        return text;
      });
    this.drawing.replaceChildren(
      ...paths,
      ...words(queries, side, 'end'),
      ...words(keys, side + gap, 'start'),
    );
    this.pick(this.query);
  }

  /** One token that looks: its lines alone, and the three that it looks at most in words. */
  private pick(query: number | undefined): void {
    this.query = query;
    for (const path of this.drawing.querySelectorAll('path'))
      path.classList.toggle('nb-mod-faint', query !== undefined && path.dataset.query !== String(query));
    if (query === undefined) return;
    const { queries, keys } = this.payload.data;
    const most = keys
      .map((key, k) => ({ key, share: this.at(query, k) }))
      .sort((a, b) => b.share - a.share)
      .slice(0, 3)
      .map(({ key, share }) => `${JSON.stringify(key)} ${short(share)}`);
    this.frame.tell(`${query} ${JSON.stringify(queries[query])} → ${most.join(', ')}`);
  }
}

const clip = (token: string): string => {
  const text = token.replaceAll('\n', '↵').trim();
  return text.length > 14 ? `${text.slice(0, 13)}…` : text;
};

export default (context: ViewContext): View<AttentionPayload> => new Attention(context);
