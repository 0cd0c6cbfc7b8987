/** What every view has around its picture: a title, controls beside it, and a line that tells what is pointed at. */
import { el, setText } from './dom.ts';

export interface Frame {
  readonly node: HTMLElement;
  /** Sets the title, and the name that the whole view has for those who do not see it. */
  title(text: string, fallback: string): void;
  /** Tells what is pointed at; read aloud as well. */
  tell(text: string): void;
}

export function frame(className: string, controls: (Node | string)[], ...body: Node[]): Frame {
  const heading = el('span', { class: 'nb-View-title' });
  const readout = el('output', { class: 'nb-View-readout', 'aria-live': 'polite' });
  const bar = el('div', { class: 'nb-View-controls' }, ...controls);
  const node = el(
    'section',
    { class: `nb-View ${className}` },
    el('header', { class: 'nb-View-header' }, heading, bar),
    readout,
    ...body,
  );
  return {
    node,
    title(text, fallback) {
      setText(heading, text);
      node.setAttribute('aria-label', text || fallback);
    },
    tell: text => setText(readout, text),
  };
}
