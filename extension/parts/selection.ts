/**
 * What a reader selects in a view, told to the kernel where somebody there asked (`onSelect`), and under the view what
 * the kernel made of it.
 */
import { isText, type SelectReply, type SelectRequest } from 'neuronbook/display/payload';
import { Line } from '../live.ts';
import type { ViewContext } from '../view.ts';
import { el, setText } from './dom.ts';
import '../../style/interactive.css';
import '../../style/selection.css';

/** What a payload says of selections. */
export interface Selectable {
  options: { select?: unknown };
}

export class Selection {
  private id?: string;
  private line?: Line<SelectRequest, SelectReply>;
  private seq = 0;
  private readonly words = el('p', { class: 'nb-Interactive-words', role: 'status' });
  private readonly answer = el('div', { class: 'nb-Selection-answer' });
  readonly node = el('div', { class: 'nb-Selection', hidden: true }, this.words, this.answer);

  constructor(private readonly context: ViewContext) {}

  /** Another payload may come from another run, with another handler. */
  update({ options }: Selectable): void {
    const id = isText(options.select) ? options.select : undefined;
    if (id === this.id) return;
    this.dispose();
    this.id = id;
    this.tell('');
    this.answer.replaceChildren();
    this.node.hidden = id === undefined;
  }

  /** Tells the kernel what was selected; nothing where nobody asked. Only the latest selection waits. */
  choose(...at: number[]): void {
    const { tracker, trans } = this.context;
    if (this.id === undefined) return;
    if (!this.context.trusted())
      return this.tell(trans.__('Not live: this notebook is not trusted. Run the cell to select.'));
    this.line ??= Line.open(tracker, this.node, this.id, {
      reply: reply => this.hear(reply),
      gone: () => this.gone(),
    });
    if (!this.line) return this.gone();
    this.node.dataset.state = 'waiting';
    this.line.ask({ seq: ++this.seq, at });
  }

  dispose(): void {
    this.line?.close();
    this.line = undefined;
  }

  private hear(reply: SelectReply): void {
    if (reply.seq === this.seq) this.node.dataset.state = 'current';
    this.tell('error' in reply ? reply.error : '');
    if ('bundle' in reply && reply.bundle) void this.context.render(reply.bundle, this.answer);
  }

  private gone(): void {
    this.line = undefined;
    this.node.dataset.state = 'gone';
    this.tell(this.context.trans.__('Not live: run the cell again.'));
  }

  private tell(text: string): void {
    setText(this.words, text);
    this.words.hidden = !text;
  }
}
