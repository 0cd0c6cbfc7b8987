/** One feature: its name, how often and how strongly it is active, what it reads, writes and does, and where. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Feature, FeatureEntry } from 'neuronbook/display/views/features';
import { percent } from 'neuronbook/display/views/features-forms';
import { tint, visible } from 'neuronbook/display/views/tokens';
import { short } from './curve.ts';
import { el, ownKeys, setText, svg } from './dom.ts';
import { textButton } from './labelled.ts';
import { TokenStrip } from './token-strip.ts';

export interface DetailEvents {
  /** What is pointed at. */
  tell(text: string): void;
  /** Another feature is asked for. */
  go(feature: number): void;
  /** A name was written. */
  name(feature: number, name: string): void;
}

export class FeatureDetail {
  private feature?: Feature;
  private readonly number = el('span', { class: 'nb-Feature-number' });
  private readonly label = el('span', { class: 'nb-Feature-label', dir: 'auto' });
  private readonly field: HTMLInputElement;
  private readonly facts = el('p', { class: 'nb-Feature-facts' });
  private readonly bars = svg('svg', { class: 'nb-Feature-histogram', role: 'img' });
  /** What it does, above its examples; what it is made of, below. */
  private readonly acts = el('div', { class: 'nb-Feature-lists' });
  private readonly weights = el('div', { class: 'nb-Feature-lists' });
  private readonly places = el('ol', { class: 'nb-Feature-places' });
  private readonly strip: TokenStrip;
  readonly node: HTMLElement;

  constructor(
    private readonly trans: TranslationBundle,
    private readonly events: DetailEvents,
  ) {
    const name = trans.__('name of this feature');
    this.field = el('input', {
      type: 'text',
      class: 'nb-Feature-field',
      dir: 'auto',
      maxlength: 500,
      placeholder: trans.__('name it'),
      'aria-label': name,
      ...ownKeys,
    });
    this.field.addEventListener('change', () => this.named());
    this.field.addEventListener('keydown', event => {
      event.stopPropagation();
      if (event.key === 'Enter') this.field.blur();
      if (event.key === 'Escape') this.field.value = this.feature?.label ?? '';
    });
    this.strip = new TokenStrip((text, token) => this.tell(text, token));
    this.node = el(
      'div',
      { class: 'nb-Feature', role: 'group' },
      el('div', { class: 'nb-Feature-head' }, this.number, this.label, this.field),
      this.facts,
      this.acts,
      this.strip.node,
      this.places,
      this.weights,
    );
  }

  /** @param editable whether a name can be given; @param known whether another feature can be shown */
  update(feature: Feature | undefined, editable: boolean, known: (feature: number) => boolean): void {
    const { trans } = this;
    this.feature = feature;
    this.node.hidden = feature === undefined;
    if (!feature) return;
    const { label, density, mean, largest, examples } = feature;
    this.node.setAttribute('aria-label', trans.__('feature %1', feature.feature));
    setText(this.number, `#${feature.feature}`);
    setText(this.label, label);
    this.label.hidden = editable;
    this.field.hidden = !editable;
    if (document.activeElement !== this.field) this.field.value = label;
    setText(
      this.facts,
      trans.__('active at %1 of rows · mean %2, at most %3', percent(density), short(mean), short(largest)),
    );
    this.drawHistogram(feature);
    this.acts.replaceChildren(
      this.bars,
      ...this.entries(trans.__('raises most'), feature.raises),
      ...this.entries(trans.__('lowers most'), feature.lowers),
    );
    this.weights.replaceChildren(
      ...this.neighbours(feature, known),
      ...this.entries(trans.__('reads'), feature.reads),
      ...this.entries(trans.__('writes'), feature.writes),
    );
    const texts = examples.filter(({ tokens }) => tokens.length);
    this.strip.node.hidden = texts.length === 0;
    this.strip.update(
      texts.map(({ value, tokens, values, at }) => ({ label: short(value), tokens, values, at })),
      [0, Math.max(0, largest)],
      trans.__('where feature %1 is most active', feature.feature),
    );
    const places = examples.filter(({ tokens }) => !tokens.length);
    this.places.hidden = places.length === 0;
    this.places.replaceChildren(
      ...places.map(({ value, place }) => el('li', { dir: 'auto' }, `${short(value)} · ${place}`)),
    );
  }

  /** The field as it stands goes back to the name that is known. */
  revert(): void {
    this.field.value = this.feature?.label ?? '';
  }

  private named(): void {
    const name = this.field.value.trim();
    if (this.feature && name !== this.feature.label) this.events.name(this.feature.feature, name);
  }

  private tell(text: number, token: number): void {
    const example = this.feature?.examples.filter(({ tokens }) => tokens.length)[text];
    if (!example) return;
    const { tokens, values, place } = example;
    this.events.tell(`${JSON.stringify(tokens[token])} · ${short(values[token])} · ${place}`);
  }

  /** Up to the bin of the largest value: what lies above is empty. */
  private drawHistogram({ histogram: { top, counts }, largest }: Feature): void {
    const width = top / (counts.length || 1);
    const used = top > 0 ? counts.slice(0, Math.min(counts.length, Math.floor(largest / width) + 1)) : [];
    const most = used.reduce((a, b) => Math.max(a, b), 0);
    const total = used.reduce((a, b) => a + b, 0);
    const box = { width: 160, height: 84, foot: 16 };
    const step = box.width / (used.length || 1);
    this.bars.toggleAttribute('hidden', most === 0);
    this.bars.setAttribute('viewBox', `0 0 ${box.width} ${box.height + box.foot}`);
    this.bars.setAttribute(
      'aria-label',
      this.trans.__('histogram of %1 values above 0, up to %2', total, short(largest)),
    );
    this.bars.replaceChildren(
      ...used.map((count, i) => {
        const height = most > 0 ? (count / most) * box.height : 0;
        const at = { x: i * step + 0.5, y: box.height - height, width: Math.max(0.5, step - 1), height };
        const title = `${short(i * width)} … ${short((i + 1) * width)}: ${count}`;
        return svg('rect', at, svg('title', {}, title));
      }),
      svg('line', { x1: 0, x2: box.width, y1: box.height, y2: box.height }),
      svg('text', { x: 0, y: box.height + 12 }, '0'),
      svg(
        'text',
        { x: box.width, y: box.height + 12, 'text-anchor': 'end' },
        short(width * used.length || 0),
      ),
    );
  }

  private list(title: string, items: Node[]): HTMLElement[] {
    if (!items.length) return [];
    const list = el('ul', { 'aria-label': title }, ...items.map(item => el('li', {}, item)));
    return [el('div', { class: 'nb-Feature-list' }, el('div', { class: 'nb-Feature-title' }, title), list)];
  }

  /** Each with a bar behind it, as long as it is large. */
  private entries(title: string, entries: readonly FeatureEntry[]): HTMLElement[] {
    const most = entries.reduce((most, { value }) => Math.max(most, Math.abs(value)), 0);
    return this.list(
      title,
      entries.map(({ name, value }) => this.entry(visible(name), value, most > 0 ? value / most : 0)),
    );
  }

  private entry(name: string, value: number, share: number): HTMLElement {
    const bar = el('span', { class: 'nb-Feature-bar', 'aria-hidden': 'true' });
    // the number stands beside it
    bar.style.inlineSize = `calc((100% - 6.5ch) * ${Math.min(1, Math.abs(share)).toFixed(4)})`;
    bar.style.background = tint(share < 0 ? -0.7 : 0.7);
    return el(
      'span',
      { class: 'nb-Feature-entry' },
      bar,
      el('span', { class: 'nb-Feature-name', dir: 'auto', title: name }, name.trim() || '␣'),
      el('span', { class: 'nb-Feature-value' }, short(value)),
    );
  }

  private neighbours({ nearest }: Feature, known: (feature: number) => boolean): HTMLElement[] {
    return this.list(
      this.trans.__('nearest by decoder'),
      nearest.map(({ feature, label, cosine }) => {
        const name = label ? `#${feature} ${label}` : `#${feature}`;
        const node = known(feature)
          ? textButton(name, () => this.events.go(feature))
          : el('span', { class: 'nb-Feature-name', title: name }, name);
        const value = el('span', { class: 'nb-Feature-value' }, short(cosine));
        return el('span', { class: 'nb-Feature-entry' }, node, value);
      }),
    );
  }
}
