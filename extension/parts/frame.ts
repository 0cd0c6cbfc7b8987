/**
 * What every view has around its picture: a title, controls beside it, a line that tells what is pointed at, and under
 * it what the kernel makes of a selection.
 */
import type { ViewContext } from '../view.ts';
import { el, setText } from './dom.ts';
import { Selection, type Selectable } from './selection.ts';
import '../../style/view.css';

export interface Frame {
  readonly node: HTMLElement;
  readonly selection: Selection;
  /** Takes the title, which is also the name that the whole view has for those who do not see it. */
  update(payload: Selectable, title: string, fallback: string): void;
  /** Tells what is pointed at; read aloud as well. */
  tell(text: string): void;
}

export function frame(
  context: ViewContext,
  className: string,
  controls: (Node | string)[],
  ...body: Node[]
): Frame {
  const heading = el('span', { class: 'nb-View-title', dir: 'auto' });
  const readout = el('output', { class: 'nb-View-readout', 'aria-live': 'polite', dir: 'auto' });
  const bar = el('div', { class: 'nb-View-controls' }, ...controls);
  const selection = new Selection(context);
  const node = el(
    'div',
    { class: `nb-View ${className}`, role: 'group' },
    el('div', { class: 'nb-View-header' }, heading, bar),
    readout,
    ...body,
    selection.node,
  );
  return {
    node,
    selection,
    update(payload, title, fallback) {
      selection.update(payload);
      setText(heading, title);
      node.setAttribute('aria-label', title || fallback);
    },
    tell: text => setText(readout, text),
  };
}
