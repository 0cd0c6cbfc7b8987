/** SVG written as text: attributes escaped, numbers short. */
import { escapeHtml } from './html.ts';

export type Attributes = Record<string, string | number | undefined>;

export const element = (name: string, attributes: Attributes, inner?: string): string => {
  const list = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) =>
        ` ${key}="${typeof value === 'number' ? +value.toFixed(2) : escapeHtml(String(value))}"`,
    );
  return inner === undefined ? `<${name}${list.join('')}/>` : `<${name}${list.join('')}>${inner}</${name}>`;
};

export const label = (x: number, y: number, text: string, more: Attributes = {}): string =>
  element('text', { x, y, ...more }, escapeHtml(text));

/**
 * The picture as a whole; `alt` is read to those who do not see it.
 * @param scale of what is seen against the numbers in `parts`
 */
export const picture = (
  {
    width,
    height,
    alt,
    scale = 1,
    ...more
  }: { width: number; height: number; alt: string; scale?: number } & Attributes,
  parts: readonly string[],
): string =>
  element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width: width * scale,
      height: height * scale,
      role: 'img',
      'font-family': 'system-ui, sans-serif',
      'font-size': 12,
      ...more,
    },
    `\n${[element('title', {}, escapeHtml(alt)), ...parts].join('\n')}\n`,
  );
