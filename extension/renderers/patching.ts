/** What patching each place does: a map of layers and positions for each head or site, and the prompts beneath. */
import { unpack } from 'neuronbook/display/packed';
import { slicePart, type PatchingPayload } from 'neuronbook/display/views/patching';
import { Axes } from '../parts/axes.ts';
import { short } from '../parts/curve.ts';
import { el, setText } from '../parts/dom.ts';
import { frame, type Frame } from '../parts/frame.ts';
import { HeatMap } from '../parts/heat-map.ts';
import { Legend } from '../parts/legend.ts';
import { ThumbList } from '../parts/thumb-list.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/patching.css';

export { problem } from 'neuronbook/display/views/patching';

class Patching implements View<PatchingPayload> {
  private payload!: PatchingPayload;
  private values: Float32Array = new Float32Array();
  /** Unset until a payload has come. */
  private part = -1;
  private readonly legend = new Legend();
  private readonly map: HeatMap;
  private readonly axes: Axes;
  private readonly list: ThumbList;
  private readonly name = el('span', { class: 'nb-Patching-name' });
  private readonly chosen = el('p', { class: 'nb-Patching-chosen', role: 'status' });
  private readonly prompts = el('div', { class: 'nb-Patching-prompts' });
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    const { trans } = context;
    this.map = new HeatMap(
      (row, column) => this.frame.tell(this.words(this.layer(row), column)),
      (row, column) => this.choose(this.layer(row), column),
    );
    this.axes = new Axes(this.map.node);
    this.list = new ThumbList(trans.__('heads and sites'), trans, part => this.show(part));
    const large = el('div', { class: 'nb-Patching-large' }, this.name, this.axes.node);
    const body = el('div', { class: 'nb-Patching-body' }, large, this.list.node);
    this.frame = frame(context, 'nb-Patching', [this.legend.node], body, this.chosen, this.prompts);
    this.node = this.frame.node;
  }

  update(payload: PatchingPayload): void {
    this.payload = payload;
    const { title, unit, layers, positions, parts, range, values } = payload.data;
    this.values = unpack(values);
    this.frame.update(payload, title, this.context.trans.__('patching'));
    this.legend.update(range, unit, 'diverging');
    this.axes.update([...layers].reverse(), positions);
    this.list.update(
      parts.map((name, part) => ({
        index: part,
        name: name || this.context.trans.__('site'),
        matrix: { ...slicePart(payload.data, this.values, part), range, scale: 'diverging' },
      })),
    );
    setText(this.chosen, '');
    this.prompts.replaceChildren();
    if (this.part < 0) this.part = this.strongest();
    this.show(Math.min(this.part, parts.length - 1));
  }

  dispose(): void {
    this.frame.selection.dispose();
  }

  /** Layers go upwards, rows downwards. */
  private layer(row: number): number {
    return this.payload.data.layers.length - 1 - row;
  }

  /** Where something is restored: a reader who sees an empty map first takes the view for empty. */
  private strongest(): number {
    const at = this.values.reduce(
      (best, value, i) => (Math.abs(value) > Math.abs(this.values[best]) ? i : best),
      0,
    );
    return at % this.payload.data.parts.length;
  }

  private show(part: number): void {
    this.part = part;
    const { data } = this.payload;
    const name = data.parts[part];
    this.list.select(part);
    setText(this.name, name);
    const label = this.context.trans.__('%1: layers upwards, positions to the right', name || data.title);
    this.map.draw({ ...slicePart(data, this.values, part), range: data.range, scale: 'diverging' }, label);
  }

  private words(layer: number, position: number): string {
    const { layers, positions, parts, unit } = this.payload.data;
    const value = this.values[(layer * positions.length + position) * parts.length + this.part];
    const place = [layers[layer], `${position} ${JSON.stringify(positions[position])}`, parts[this.part]];
    return `${place.filter(Boolean).join(' · ')} · ${unit} ${short(value)}`;
  }

  /** The number stays beneath the map, with the prompts and the token that was patched in them. */
  private choose(layer: number, position: number): void {
    const { trans } = this.context;
    const { prompt, source } = this.payload.data;
    setText(this.chosen, this.words(layer, position));
    const line = (name: string, tokens: string[]) =>
      el(
        'p',
        { class: 'nb-Patching-prompt', dir: 'auto' },
        el('span', { class: 'nb-Patching-which' }, name),
        ...tokens.map((token, i) => el(i === position ? 'mark' : 'span', {}, token)),
      );
    this.prompts.replaceChildren(
      ...(prompt.length ? [line(trans.__('patched'), prompt)] : []),
      ...(source.length ? [line(trans.__('values from'), source)] : []),
    );
    this.frame.selection.choose(layer, position, this.part);
  }
}

export default (context: ViewContext): View<PatchingPayload> => new Patching(context);
