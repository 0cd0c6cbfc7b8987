/** Two views of one kind side by side, and their difference beneath. */
import { NEURONBOOK_MIME } from 'neuronbook/display/payload';
import type { DiffPayload } from 'neuronbook/display/views/diff';
import { el, setText } from '../parts/dom.ts';
import { frame, type Frame } from '../parts/frame.ts';
import type { View, ViewContext } from '../view.ts';
import '../../style/diff.css';

export { problem } from 'neuronbook/display/views/diff';

class Diff implements View<DiffPayload> {
  private readonly heads = [0, 1, 2].map(() => el('h3', { class: 'nb-Diff-name', dir: 'auto' }));
  private readonly drawn = [0, 1, 2].map(() => el('div'));
  private readonly sides: HTMLElement[];
  private readonly note = el('p', { class: 'nb-Diff-note' });
  private readonly frame: Frame;
  readonly node: HTMLElement;

  constructor(private readonly context: ViewContext) {
    this.sides = this.heads.map((head, i) => el('div', { class: 'nb-Diff-side' }, head, this.drawn[i]));
    const grid = el('div', { class: 'nb-Diff-sides' }, ...this.sides);
    this.frame = frame(context, 'nb-Diff', [], grid, this.note);
    this.node = this.frame.node;
  }

  update(payload: DiffPayload): void {
    const { title, names, views, note } = payload.data;
    const { trans } = this.context;
    this.frame.update(payload, title, trans.__('two views'));
    const heads = [...names, trans.__('difference: second − first')];
    this.sides.forEach((side, i) => {
      side.hidden = i >= views.length;
      if (side.hidden) return;
      setText(this.heads[i], heads[i]);
      void this.context.render({ [NEURONBOOK_MIME]: views[i] }, this.drawn[i]);
    });
    setText(this.note, note && trans.__('No difference: %1.', note));
    this.note.hidden = !note;
  }

  dispose(): void {
    this.frame.selection.dispose();
  }
}

export default (context: ViewContext): View<DiffPayload> => new Diff(context);
