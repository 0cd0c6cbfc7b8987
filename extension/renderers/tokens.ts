/** The token strip: running text, a colour behind each token, and the number of the one that is pointed at. */
import { strength, tint, visible, type TokensPayload } from 'neuronbook/display/views/tokens';
import { short } from '../parts/curve.ts';
import { el, ownKeys } from '../parts/dom.ts';
import { frame, type Frame } from '../parts/frame.ts';
import type { View, ViewContext } from '../view.ts';

export { problem } from 'neuronbook/display/views/tokens';

interface Place {
  text: number;
  token: number;
  node: HTMLElement;
}

class Tokens implements View<TokensPayload> {
  private payload!: TokensPayload;
  private places: Place[] = [];
  private current = 0;
  private readonly body = el('div', { class: 'nb-Tokens-body', role: 'listbox', ...ownKeys });
  private readonly legend = el('span', { class: 'nb-Tokens-legend' });
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    this.frame = frame(context, 'nb-Tokens', [this.legend], this.body);
    this.node = this.frame.node;
    this.body.addEventListener('pointerover', event => this.follow(event.target as Node));
    this.body.addEventListener('focusin', event => this.follow(event.target as Node));
    this.body.addEventListener('click', event => this.choose(event.target as Node));
    this.body.addEventListener('keydown', event => this.onKey(event));
  }

  update(payload: TokensPayload): void {
    this.payload = payload;
    const { title, unit, texts, range } = payload.data;
    this.frame.update(payload, title, this.context.trans.__('tokens'));
    this.body.setAttribute('aria-label', this.context.trans.__('tokens coloured by %1', unit));
    this.legend.replaceChildren(...this.scale(range, unit));
    this.places = [];
    this.body.replaceChildren(...texts.map((_, i) => this.paragraph(i)));
    this.setCurrent(Math.min(this.current, this.places.length - 1));
  }

  dispose(): void {
    this.frame.selection.dispose();
  }

  private scale([low, high]: readonly [number, number], unit: string): Node[] {
    const ramp = (from: number, to: number) =>
      el('span', {
        class: 'nb-Tokens-ramp',
        style: `background: linear-gradient(to right, ${tint(from)}, ${tint(to)})`,
      });
    const ends = [strength(low, [low, high]), strength(high, [low, high])];
    const ramps =
      ends[0] < 0 && ends[1] > 0 ? [ramp(ends[0], 0), ramp(0, ends[1])] : [ramp(ends[0], ends[1])];
    return [document.createTextNode(`${unit} ${short(low)}`), ...ramps, document.createTextNode(short(high))];
  }

  private paragraph(text: number): HTMLElement {
    const { label, tokens, values } = this.payload.data.texts[text];
    const { range } = this.payload.data;
    const spans = tokens.flatMap((token, i) => {
      const by = strength(values[i], range);
      const node = el(
        'span',
        { class: 'nb-Token', role: 'option', tabindex: -1, ...ownKeys },
        visible(token),
      );
      if (by) node.style.background = tint(by);
      node.setAttribute('aria-selected', 'false');
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
    if (place) this.frame.selection.choose(place.text, place.token);
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
    const { texts, range } = this.payload.data;
    for (let i = this.current + direction; i >= 0 && i < this.places.length; i += direction) {
      const { text, token } = this.places[i];
      if (Math.abs(strength(texts[text].values[token], range)) >= 0.5) return i;
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
    const { tokens, values, notes } = this.payload.data.texts[place.text];
    const value = values[place.token];
    this.frame.tell(
      [
        `${place.token} ${JSON.stringify(tokens[place.token])}`,
        `${this.payload.data.unit} ${value === null ? this.context.trans.__('none') : short(value)}`,
        notes?.[place.token],
      ]
        .filter(Boolean)
        .join(' · '),
    );
  }
}

export default (context: ViewContext): View<TokensPayload> => new Tokens(context);
