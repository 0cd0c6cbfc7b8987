/**
 * A figure that its page computes: controls, the saved pictures until the first touch, then what the graph gives.
 * Knows nothing of JupyterLab but its words, so that a page of one file shows the same.
 */
import { unpack } from 'neuronbook/display/packed';
import {
  drawingOf,
  feedsOf,
  graphBytes,
  type LiveControl,
  type LivePayload,
} from 'neuronbook/display/views/live';
import { ControlField } from '../parts/control.ts';
import { button, el, icon, setText } from '../parts/dom.ts';
import { LiveDrawing } from '../parts/live-drawing.ts';
import { PictureField } from '../parts/picture-field.ts';
import type { View, ViewContext } from '../view.ts';
import type { Computer } from './messages.ts';
import { Runner, type Engine, type RunnerEvents } from './runner.ts';
import '../../style/live.css';

type Data = LivePayload['data'];
type Field = ControlField | PictureField;

/** What is told of each redraw, for pages that want to know: a `neuronbook:values` event on the figure. */
export interface ValuesTold {
  settings: Record<string, number | string | Float32Array>;
  values: Record<string, { dims: readonly number[]; data: Float32Array }>;
  /** From the touch to the redraw. */
  milliseconds: number;
  provider: string;
}

const reset = 'M3 8a5 5 0 1 0 1.6-3.7M3 2.5V5.5H6';

export class LiveFigure implements View<LivePayload> {
  private data!: Data;
  private fields: Field[] = [];
  private drawings: LiveDrawing[] = [];
  private runner?: Runner;
  private seq = 0;
  private touched = 0;
  private asked = new Map<number, ValuesTold['settings']>();
  private allowed = false;
  private readonly heading = el('span', { class: 'nb-View-title' });
  private readonly note = el('span', { class: 'nb-Live-note' });
  private readonly again: HTMLButtonElement;
  private readonly permit: HTMLButtonElement;
  private readonly controls = el('div', { class: 'nb-Interactive-controls', role: 'group' });
  private readonly words = el('p', { class: 'nb-Interactive-words', role: 'status' });
  private readonly body = el('div', { class: 'nb-Live-body' });
  readonly node: HTMLElement;

  constructor(
    private readonly context: ViewContext,
    private readonly engine: Engine,
  ) {
    const { trans } = context;
    this.again = button(trans.__('Back to the saved figure'), 'nb-Button', () => this.update(), icon(reset));
    const run = trans.__('Run in this page');
    this.permit = button(run, 'nb-Button nb-Live-permit', () => this.allow(), run);
    this.controls.setAttribute('aria-label', trans.__('controls'));
    const side = el('div', { class: 'nb-View-controls' }, this.note, this.permit, this.again);
    const header = el('header', { class: 'nb-View-header' }, this.heading, side);
    this.node = el('section', { class: 'nb-View nb-Live' }, header, this.controls, this.words, this.body);
    // whoever comes near is about to touch
    for (const kind of ['pointerenter', 'focusin'] as const)
      this.controls.addEventListener(kind, () => this.allowed && this.start().warm());
  }

  /** Draws what was saved: at first, and again when the reader asks for it. */
  update(payload?: LivePayload): void {
    if (payload) this.data = payload.data;
    if (payload) this.stop();
    const { title, controls, drawings } = this.data;
    const { trans } = this.context;
    setText(this.heading, title);
    this.node.setAttribute('aria-label', title || trans.__('live figure'));
    this.note.title = '';
    setText(this.note, trans.__('computes in this page, %1 MB', this.size));
    this.fields = Object.entries(controls).map(([name, control]) => this.field(name, control));
    this.controls.replaceChildren(...this.fields.map(({ node }) => node));
    this.drawings = drawings.map(() => new LiveDrawing(this.context));
    this.body.replaceChildren(...this.drawings.map(({ node }) => node));
    const settings = Object.fromEntries(Object.entries(controls).map(([name, { value }]) => [name, value]));
    // whatever is under way was asked before this
    this.seq++;
    this.draw(
      Object.fromEntries(
        drawings.map(({ output }, i) => [
          output,
          { dims: this.data.values[i].dims, data: unpack(this.data.values[i]) },
        ]),
      ),
      settings,
    );
    this.node.dataset.state = 'saved';
    this.again.hidden = true;
    this.tell('');
    this.trust(this.allowed || this.context.trusted());
  }

  dispose(): void {
    this.stop();
  }

  private field(name: string, control: LiveControl): Field {
    const changed = () => this.moved();
    if (control.kind === 'picture') return new PictureField(name, control, this.context.trans, changed);
    const plain = control.kind === 'words' ? ({ kind: 'text', value: control.value } as const) : control;
    return new ControlField(name, plain, changed);
  }

  private trust(allowed: boolean): void {
    this.allowed = allowed;
    this.permit.hidden = allowed;
    for (const field of this.fields) field.enabled = allowed;
  }

  /** The reader of a notebook that is not trusted has said so for this figure. */
  private allow(): void {
    this.trust(true);
    this.start().warm();
    this.controls.querySelector<HTMLElement>('input, select, button')?.focus();
  }

  private start(): Runner {
    if (this.runner) return this.runner;
    const { graph } = this.data;
    const events: RunnerEvents = {
      values: (outputs, seq, by) => this.hear(outputs, seq, by),
      failed: why => this.failed(why),
    };
    this.runner = new Runner(this.engine, () => graphBytes(graph), graph.work, events, this.context.trans);
    return this.runner;
  }

  private stop(): void {
    this.runner?.dispose();
    this.runner = undefined;
    this.asked.clear();
  }

  private moved(): void {
    if (!this.allowed) return;
    const settings = Object.fromEntries(
      this.fields.map(({ name, value }) => [name, value]),
    ) as ValuesTold['settings'];
    this.again.hidden = false;
    try {
      const feeds = feedsOf(this.data.controls, settings);
      this.touched = performance.now();
      this.node.dataset.state = 'waiting';
      this.asked.set(++this.seq, settings);
      this.start().ask(this.seq, feeds);
    } catch (error) {
      // half a word, say: the picture stands until the text is whole
      this.tell(error instanceof Error ? error.message : String(error));
    }
  }

  private hear(values: ValuesTold['values'], seq: number, by: Computer): void {
    const settings = this.asked.get(seq);
    // what was asked before this answer, and left out for a later question, will not be answered
    for (const other of this.asked.keys()) if (other <= seq) this.asked.delete(other);
    if (!settings) return;
    try {
      this.draw(values, settings);
      this.tell('');
      this.credit(by);
    } catch (error) {
      return this.failed(error instanceof Error ? error.message : String(error));
    }
    if (seq !== this.seq) return;
    this.node.dataset.state = 'current';
    const detail: ValuesTold = {
      settings,
      values,
      milliseconds: performance.now() - this.touched,
      provider: by.provider,
    };
    this.node.dispatchEvent(new CustomEvent('neuronbook:values', { detail, bubbles: true }));
  }

  private get size(): number {
    return +(this.data.graph.size / 1e6).toPrecision(2);
  }

  /** Says beside the title what computed, and where the card was wanted and did not, why. */
  private credit({ provider, why }: Computer): void {
    const { trans } = this.context;
    const name = provider === 'webgpu' ? 'WebGPU' : 'WebAssembly';
    this.note.title = why ? trans.__('Not computed by WebGPU: %1', why) : '';
    setText(
      this.note,
      why
        ? trans.__('computed in this page by %1 in place of WebGPU, %2 MB', name, this.size)
        : trans.__('computed in this page by %1, %2 MB', name, this.size),
    );
  }

  private draw(values: ValuesTold['values'], settings: ValuesTold['settings']): void {
    this.data.drawings.forEach((drawing, i) => {
      const output = values[drawing.output];
      if (!output) throw new RangeError(this.context.trans.__('the graph gives no %1', drawing.output));
      this.drawings[i].update(drawingOf(drawing, output, this.data.controls, settings));
    });
  }

  private failed(why: string): void {
    this.node.dataset.state = 'failed';
    this.tell(this.context.trans.__('This page could not compute the figure: %1.', why));
  }

  private tell(text: string): void {
    setText(this.words, text);
    this.words.hidden = !text;
  }
}
