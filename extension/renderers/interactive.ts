/** Controls above a picture that the kernel makes again whenever one of them moves. */
import type {
  InteractivePayload,
  InteractiveReply,
  InteractiveRequest,
} from 'neuronbook/display/views/interactive';
import { ControlField } from '../parts/control.ts';
import { el, setText } from '../parts/dom.ts';
import { Line } from '../live.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/interactive.css';

export { problem } from 'neuronbook/display/views/interactive';

class Interactive implements View<InteractivePayload> {
  private payload!: InteractivePayload;
  private fields: ControlField[] = [];
  private line?: Line<InteractiveRequest, InteractiveReply>;
  private seq = 0;
  /** When each question was asked that no redraw has answered. */
  private readonly asked = new Map<number, number>();
  private latest?: InteractiveReply;
  private drawing = false;
  private readonly controls = el('div', { class: 'nb-Interactive-controls', role: 'group' });
  private readonly words = el('p', { class: 'nb-Interactive-words', role: 'status' });
  private readonly picture = el('div', { class: 'nb-Interactive-picture' });
  readonly node = el('section', { class: 'nb-Interactive' }, this.controls, this.words, this.picture);

  constructor(private readonly context: ViewContext) {
    this.controls.setAttribute('aria-label', context.trans.__('controls'));
  }

  update(payload: InteractivePayload): void {
    this.line?.close();
    this.line = undefined;
    this.payload = payload;
    this.fields = Object.entries(payload.data.controls).map(
      ([name, control]) => new ControlField(name, control, () => this.moved()),
    );
    this.controls.replaceChildren(...this.fields.map(({ node }) => node));
    this.tell(
      this.context.trusted()
        ? ''
        : this.context.trans.__('Not live: this notebook is not trusted. Run the cell to move the controls.'),
    );
    for (const field of this.fields) field.enabled = this.context.trusted();
    void this.context.render(payload.data.bundle, this.picture);
  }

  dispose(): void {
    this.line?.close();
  }

  private moved(): void {
    const { tracker } = this.context;
    if (!this.context.trusted()) return;
    this.line ??= Line.open(tracker, this.node, this.payload.data.id, {
      reply: reply => this.hear(reply),
      gone: () => this.gone(),
    });
    if (!this.line) return this.gone();
    const values = Object.fromEntries(this.fields.map(field => [field.name, field.value]));
    this.node.dataset.state = 'waiting';
    this.asked.set(++this.seq, performance.now());
    this.line.ask({ seq: this.seq, values });
  }

  private hear(reply: InteractiveReply): void {
    this.latest = reply;
    if (!this.drawing) void this.drawLatest();
  }

  /** Draws one reply at a time; of those that come meanwhile only the last. */
  private async drawLatest(): Promise<void> {
    this.drawing = true;
    while (this.latest) {
      const reply = this.latest;
      this.latest = undefined;
      this.tell('error' in reply ? reply.error : '');
      if ('bundle' in reply) await this.context.render(reply.bundle, this.picture).catch(() => undefined);
      this.redrawn(reply.seq);
    }
    this.drawing = false;
  }

  /** Tells how long ago the value that is now shown was set: a `neuronbook:redrawn` event. */
  private redrawn(seq: number): void {
    const milliseconds = performance.now() - (this.asked.get(seq) ?? NaN);
    for (const other of this.asked.keys()) if (other <= seq) this.asked.delete(other);
    if (seq === this.seq) this.node.dataset.state = 'current';
    this.node.dispatchEvent(new CustomEvent('neuronbook:redrawn', { detail: { seq, milliseconds } }));
  }

  /** The kernel that made this has gone, or was restarted: what is shown is the last that it made. */
  private gone(): void {
    this.line = undefined;
    this.node.dataset.state = 'gone';
    this.tell(this.context.trans.__('Not live: run the cell again.'));
  }

  private tell(text: string): void {
    setText(this.words, text);
    // an attribute that is set again counts as changed
    if (this.words.hidden === Boolean(text)) this.words.hidden = !text;
  }
}

export default (context: ViewContext): View<InteractivePayload> => new Interactive(context);
