/** Elements made in one expression. Text goes in as text: nothing a notebook says ever becomes markup. */

type Attributes = Record<string, string | number | boolean | undefined>;

const SVG = 'http://www.w3.org/2000/svg';

function fill<E extends Element>(element: E, attributes: Attributes, children: (Node | string)[]): E {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : String(value));
  element.append(...children);
  return element;
}

export const el = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] => fill(document.createElement(tag), attributes, children);

export const svg = <K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] => fill(document.createElementNS(SVG, tag), attributes, children);

/** Stops Lumino from taking keys on a focused element; it looks at that element only, so each one needs it. */
export const ownKeys = { 'data-lm-suppress-shortcuts': 'true' };

/** A real button, named for those who cannot see its face. */
export function button(
  name: string,
  className: string,
  onClick: () => void,
  ...face: (Node | string)[]
): HTMLButtonElement {
  const made = el(
    'button',
    { type: 'button', class: className, 'aria-label': name, title: name, ...ownKeys },
    ...face,
  );
  made.addEventListener('click', onClick);
  return made;
}

/** A 16-unit line drawing in the colour of the text around it. */
export const icon = (path: string): SVGSVGElement =>
  svg('svg', { viewBox: '0 0 16 16', class: 'nb-icon', 'aria-hidden': 'true' }, svg('path', { d: path }));

export const icons = {
  save: 'M8 2v8M4.5 7 8 10.5 11.5 7M3 13.5h10',
  close: 'M4 4l8 8M12 4l-8 8',
  previous: 'M10 3 5 8l5 5',
  next: 'M6 3l5 5-5 5',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  fit: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  expand: 'M4 6.5 8 2.5l4 4M4 9.5l4 4 4-4',
  collapse: 'M4 2.5l4 4 4-4M4 13.5l4-4 4 4',
};

/** What does not fit in `box` is scrolled to its end, which it leads up to, until somebody scrolls it elsewhere. */
export function scrollToEnd(box: HTMLElement): void {
  let put: number | undefined;
  const follow = new ResizeObserver(() => {
    if (!box.clientWidth) return;
    const isAtEnd = Math.abs(box.scrollLeft) + box.clientWidth > box.scrollWidth - 2;
    if (put !== undefined && put !== box.scrollLeft && !isAtEnd) return follow.disconnect();
    box.scrollLeft = getComputedStyle(box).direction === 'rtl' ? -box.scrollWidth : box.scrollWidth;
    put = box.scrollLeft;
  });
  for (const node of [box, ...box.children]) follow.observe(node);
}

/** Sets text only where it differs, so that an update leaves selections and readers alone. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
