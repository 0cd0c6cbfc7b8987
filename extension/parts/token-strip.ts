/** Running text with a colour behind each token: one stop for Tab, arrow keys walk, what is pointed at is told. */
import { strength, tint, visible } from 'neuronbook/display/views/tokens';
import { el, ownKeys } from './dom.ts';
import '../../style/tokens.css';

export interface StripText {
  label: string;
  tokens: readonly string[];
  values: readonly (number | null)[];
  /** A token to be set apart from the others. */
  at?: number;
}

interface Place {
  text: number;
  token: number;
  node: HTMLElement;
}

export class TokenStrip {
  private texts: readonly StripText[] = [];
  private range: readonly [number, number] = [0, 1];
  private places: Place[] = [];
  private current = 0;
  readonly node = el('div', { class: 'nb-Tokens-body', role: 'listbox', ...ownKeys });

  /** `told` learns the token that is pointed at, `chosen` the one that a click or Enter selects. */
  constructor(
    private readonly told: (text: number, token: number) => void,
    private readonly chosen: (text: number, token: number) => void = () => {},
  ) {
    this.node.addEventListener('pointerover', event => this.follow(event.target as Node));
    this.node.addEventListener('focusin', event => this.follow(event.target as Node));
    this.node.addEventListener('click', event => this.choose(event.target as Node));
    this.node.addEventListener('keydown', event => this.onKey(event));
  }

  /** @param range the values of no and of full colour; @param name what the whole is called */
  update(texts: readonly StripText[], range: readonly [number, number], name: string): void {
    this.texts = texts;
    this.range = range;
    this.places = [];
    this.node.setAttribute('aria-label', name);
    this.node.replaceChildren(...texts.map((_, i) => this.paragraph(i)));
    this.setCurrent(Math.min(this.current, this.places.length - 1));
  }

  private paragraph(text: number): HTMLElement {
    const { label, tokens, values, at } = this.texts[text];
    const spans = tokens.flatMap((token, i) => {
      const by = strength(values[i], this.range);
      const mark = i === at ? ' nb-mod-at' : '';
      const node = el(
        'span',
        { class: `nb-Token${mark}`, role: 'option', tabindex: -1, 'aria-selected': 'false', ...ownKeys },
        visible(token),
      );
      if (by) node.style.background = tint(by);
      this.places.push({ text, token: i, node });
      return token.endsWith('\n') ? [node, el('br')] : [node];
    });
    const name = label ? [el('span', { class: 'nb-Tokens-label' }, label)] : [];
    return el('p', { class: 'nb-Tokens-text', role: 'presentation', dir: 'auto' }, ...name, ...spans);
  }

  private follow(target: Node): void {
    const index = this.places.findIndex(({ node }) => node === target);
    if (index >= 0) this.setCurrent(index, true);
  }

  private choose(target: Node): void {
    const place = this.places.find(({ node }) => node === target);
    if (place) this.chosen(place.text, place.token);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === 'Enter') {
      event.stopPropagation();
      return this.choose(event.target as Node);
    }
    const last = this.places.length - 1;
    const to: Record<string, number> = {
      ArrowLeft: this.current - 1,
      ArrowRight: this.current + 1,
      ArrowUp: this.strongest(-1),
      ArrowDown: this.strongest(1),
      Home: 0,
      End: last,
    };
    if (!Object.hasOwn(to, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (to[event.key] < 0 || to[event.key] > last) return;
    this.setCurrent(to[event.key], true);
    this.places[to[event.key]].node.focus();
  }

  /** The next token, in this direction, whose colour is at least half of the strongest. */
  private strongest(direction: 1 | -1): number {
    for (let i = this.current + direction; i >= 0 && i < this.places.length; i += direction) {
      const { text, token } = this.places[i];
      if (Math.abs(strength(this.texts[text].values[token], this.range)) >= 0.5) return i;
    }
    return -1;
  }

  private setCurrent(index: number, tell = false): void {
    const before = this.places[this.current]?.node;
    before?.setAttribute('tabindex', '-1');
    before?.setAttribute('aria-selected', 'false');
    this.current = Math.max(index, 0);
    const place = this.places[this.current];
    place?.node.setAttribute('tabindex', '0');
    if (!place || !tell) return;
    place.node.setAttribute('aria-selected', 'true');
    this.told(place.text, place.token);
  }
}
