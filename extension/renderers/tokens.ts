/** The token strip: running text, a colour behind each token, and the number of the one that is pointed at. */
import { strength, tint, type TokensPayload } from 'neuronbook/display/views/tokens';
import { short } from '../parts/curve.ts';
import { el } from '../parts/dom.ts';
import { frame, type Frame } from '../parts/frame.ts';
import { TokenStrip } from '../parts/token-strip.ts';
import type { View, ViewContext } from '../view.ts';

export { problem } from 'neuronbook/display/views/tokens';

class Tokens implements View<TokensPayload> {
  private payload!: TokensPayload;
  private readonly strip = new TokenStrip(
    (text, token) => this.tell(text, token),
    (text, token) => this.frame.selection.choose(text, token),
  );
  private readonly legend = el('span', { class: 'nb-Tokens-legend' });
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    this.frame = frame(context, 'nb-Tokens', [this.legend], this.strip.node);
    this.node = this.frame.node;
  }

  update(payload: TokensPayload): void {
    this.payload = payload;
    const { title, unit, texts, range } = payload.data;
    this.frame.update(payload, title, this.context.trans.__('tokens'));
    this.legend.replaceChildren(...this.scale(range, unit));
    this.strip.update(texts, range, this.context.trans.__('tokens coloured by %1', unit));
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

  private tell(text: number, token: number): void {
    const { tokens, values, notes } = this.payload.data.texts[text];
    const value = values[token];
    this.frame.tell(
      [
        `${token} ${JSON.stringify(tokens[token])}`,
        `${this.payload.data.unit} ${value === null ? this.context.trans.__('none') : short(value)}`,
        notes?.[token],
      ]
        .filter(Boolean)
        .join(' · '),
    );
  }
}

export default (context: ViewContext): View<TokensPayload> => new Tokens(context);
