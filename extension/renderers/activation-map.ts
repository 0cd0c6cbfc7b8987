/** A picture with the activations of one channel over it; the channels beside it, by number or strongest first. */
import { unpack } from 'neuronbook/display/packed';
import { peaks, type ActivationMapPayload } from 'neuronbook/display/views/activation-map';
import { short } from '../parts/curve.ts';
import { el, setText } from '../parts/dom.ts';
import { frame, type Frame } from '../parts/frame.ts';
import { HeatMap, type Matrix } from '../parts/heat-map.ts';
import { LabelledChoice, LabelledSlider } from '../parts/labelled.ts';
import { ThumbList } from '../parts/thumb-list.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/activation-map.css';

export { problem } from 'neuronbook/display/views/activation-map';

class ActivationMap implements View<ActivationMapPayload> {
  private payload!: ActivationMapPayload;
  private values: Float32Array = new Float32Array();
  private peaks: number[] = [];
  private channel?: number;
  private strongestFirst = true;
  private readonly list: ThumbList;
  private readonly map: HeatMap;
  private readonly image = el('img', { class: 'nb-ActivationMap-image', alt: '', draggable: 'false' });
  private readonly name = el('span', { class: 'nb-ActivationMap-name' });
  private readonly opacity: LabelledSlider;
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    const { trans } = context;
    this.map = new HeatMap(
      (row, column) => this.point(row, column),
      (row, column) => this.frame.selection.choose(this.channel ?? 0, row, column),
    );
    this.map.node.prepend(this.image);
    this.list = new ThumbList(trans.__('channels'), trans, channel => this.choose(channel));
    const order = new LabelledChoice(
      trans.__('order'),
      [trans.__('strongest first'), trans.__('by number')],
      index => {
        this.strongestFirst = index === 0;
        this.sort();
      },
    );
    this.opacity = new LabelledSlider(trans.__('colour'), { min: 0, max: 100 }, value => this.cover(value));
    this.opacity.set(85);
    this.cover(85);
    const large = el('div', { class: 'nb-ActivationMap-large' }, this.name, this.map.node);
    const body = el('div', { class: 'nb-ActivationMap-body' }, large, this.list.node);
    this.frame = frame(context, 'nb-ActivationMap', [this.opacity.node, order.node], body);
    this.node = this.frame.node;
  }

  update(payload: ActivationMapPayload): void {
    this.payload = payload;
    const { title, image, width, height, maps, channels } = payload.data;
    this.values = unpack(maps);
    this.peaks = peaks(this.values, maps.dims);
    this.image.src = `data:image/png;base64,${image}`;
    this.map.node.style.setProperty('--nb-picture', `${width} / ${height}`);
    this.frame.update(payload, title, this.context.trans.__('activation map'));
    const strongest = this.peaks.indexOf(this.peaks.reduce((most, peak) => Math.max(most, peak), 0));
    if (this.channel === undefined || this.channel >= channels.length) this.channel = strongest;
    this.sort();
    this.choose(this.channel);
  }

  dispose(): void {
    this.frame.selection.dispose();
  }

  private cover(percent: number): void {
    this.map.node.style.setProperty('--nb-cover', String(percent / 100));
    this.opacity?.tell(`${percent} %`);
  }

  private matrix(channel: number): Matrix {
    const { maps, range } = this.payload.data;
    const [, height, width] = maps.dims;
    const scale = range[0] < 0 && range[1] > 0 ? 'diverging' : 'sequential';
    return { data: this.values, width, height, offset: channel * width * height, range, scale };
  }

  private sort(): void {
    const { channels } = this.payload.data;
    const order = channels.map((_, channel) => channel);
    if (this.strongestFirst) order.sort((a, b) => this.peaks[b] - this.peaks[a]);
    this.list.update(
      order.map(channel => ({ index: channel, name: channels[channel], matrix: this.matrix(channel) })),
    );
    this.list.select(this.channel ?? 0);
  }

  private choose(channel: number): void {
    const { trans } = this.context;
    this.channel = channel;
    const name = this.payload.data.channels[channel] ?? '';
    this.list.select(channel);
    setText(this.name, trans.__('%1 · up to %2', name, short(this.peaks[channel] ?? 0)));
    this.map.draw({ ...this.matrix(channel), fade: true }, trans.__('%1 over the picture', name));
  }

  private point(row: number, column: number): void {
    const { channels, maps, unit } = this.payload.data;
    const [, rows, columns] = maps.dims;
    const channel = this.channel ?? 0;
    const value = this.values[(channel * rows + row) * columns + column];
    this.frame.tell(`${channels[channel]} · ${row}, ${column} · ${unit} ${short(value)}`);
  }
}

export default (context: ViewContext): View<ActivationMapPayload> => new ActivationMap(context);
