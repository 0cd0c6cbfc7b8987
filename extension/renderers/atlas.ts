/** Pictures by the thousand on one sheet: zoom, pan, walk with the arrow keys, find by name. */
import { unpack } from 'neuronbook/display/packed';
import { LOOSE } from 'neuronbook/display/drawings/sprite';
import type { AtlasPayload } from 'neuronbook/display/views/atlas';
import { el, ownKeys } from '../parts/dom.ts';
import { frame, type Frame } from '../parts/frame.ts';
import { textButton } from '../parts/labelled.ts';
import { Stage } from '../parts/stage.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/atlas.css';

export { problem } from 'neuronbook/display/views/atlas';

class Atlas implements View<AtlasPayload> {
  private payload!: AtlasPayload;
  private readonly sprite = new Image();
  private readonly stage: Stage;
  private readonly find: HTMLInputElement;
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    const { trans } = context;
    this.stage = new Stage({
      draw: (canvas, index, x, y, size) => this.drawCell(canvas, index, x, y, size),
      moved: index => this.tell(index),
      chosen: index => this.frame.selection.choose(index),
    });
    this.sprite.addEventListener('load', () => this.stage.redraw());
    const name = trans.__('find by name');
    this.find = el('input', {
      type: 'search',
      class: 'nb-Atlas-find',
      placeholder: name,
      'aria-label': name,
      ...ownKeys,
    });
    this.find.addEventListener('keydown', event => {
      event.stopPropagation();
      if (event.key === 'Enter') this.search();
    });
    this.frame = frame(
      context,
      'nb-Atlas',
      [
        textButton(trans.__('Zoom in'), () => this.stage.zoom(1.6)),
        textButton(trans.__('Zoom out'), () => this.stage.zoom(1 / 1.6)),
        textButton(trans.__('Show all'), () => this.stage.fit()),
        this.find,
      ],
      this.stage.node,
    );
    this.node = this.frame.node;
  }

  update(payload: AtlasPayload): void {
    this.payload = payload;
    const { title, sprite, labels, places, columns, cell } = payload.data;
    const { trans } = this.context;
    this.frame.update(payload, title, trans.__('atlas'));
    const source = `data:image/png;base64,${sprite}`;
    if (this.sprite.src !== source) this.sprite.src = source;
    const side = LOOSE * Math.sqrt(labels.length);
    const at = places && unpack(places);
    this.stage.label(
      trans.__(
        '%1 pictures: arrow keys walk, plus and minus zoom, 0 shows all, Enter selects',
        labels.length,
      ),
    );
    this.stage.place(
      labels.map((_, i) =>
        at
          ? { x: at[2 * i] * side, y: at[2 * i + 1] * side }
          : { x: i % columns, y: (Math.floor(i / columns) * cell.height) / cell.width },
      ),
      cell.height / cell.width,
    );
  }

  dispose(): void {
    this.stage.dispose();
    this.frame.selection.dispose();
  }

  private drawCell(
    canvas: CanvasRenderingContext2D,
    index: number,
    x: number,
    y: number,
    size: number,
  ): void {
    if (!this.sprite.complete || this.sprite.naturalWidth === 0) return;
    const { columns, cell } = this.payload.data;
    const [left, top] = [(index % columns) * cell.width, Math.floor(index / columns) * cell.height];
    const tall = (size * cell.height) / cell.width;
    canvas.drawImage(this.sprite, left, top, cell.width, cell.height, x, y, size, tall);
  }

  private tell(index: number): void {
    const { labels, notes } = this.payload.data;
    this.frame.tell([labels[index], notes[index]].filter(Boolean).join(' · '));
  }

  /** The next picture, from the one that the cursor is on, whose name or note holds the words. */
  private search(): void {
    const { labels, notes } = this.payload.data;
    const words = this.find.value.trim().toLowerCase();
    if (!words) return;
    for (let step = 1; step <= labels.length; step++) {
      const index = (this.stage.current + step) % labels.length;
      if (`${labels[index]} ${notes[index] ?? ''}`.toLowerCase().includes(words))
        return this.stage.show(index);
    }
    this.frame.tell(this.context.trans.__('no picture is named “%1”', words));
  }
}

export default (context: ViewContext): View<AtlasPayload> => new Atlas(context);
