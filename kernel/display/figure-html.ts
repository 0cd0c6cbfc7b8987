/** A picture as script-free HTML: for exporters that prefer HTML to pictures, and for those who hear instead of see. */
import { toBase64 } from '../base/base64.ts';
import { escapeHtml } from './html.ts';

/** Letters of a picture from which on a second copy would double the notebook: it then stands as a picture alone. */
const MOST = 50_000;

/** Where `image/svg+xml` or `image/png` shows a picture, the same in `text/html`, with its words beside it. */
export function figureHtml(
  { svg, png }: { svg?: string; png?: string },
  words: string,
): Record<string, string> {
  const source = svg
    ? `data:image/svg+xml;base64,${toBase64(new TextEncoder().encode(svg))}`
    : `data:image/png;base64,${png}`;
  if (source.length > MOST) return {};
  const [first, ...more] = words.split('\n');
  const alt = [first, ...more.slice(0, 7)].join('; ');
  // what a line announces at its end stands in those that follow
  const caption = first.replace(/; [^;]*:$/, '');
  return {
    'text/html': `<figure><img alt="${escapeHtml(alt)}" src="${source}" style="max-width: 100%"><figcaption>${escapeHtml(caption)}</figcaption></figure>`,
  };
}
