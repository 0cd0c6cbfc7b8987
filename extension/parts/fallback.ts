/** What is shown where a payload cannot be drawn: why, in one sentence, and the plain forms the same output carries. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { el } from './dom.ts';

const isBase64 = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9+/\s]+=*\s*$/.test(value);

const joined = (value: unknown): string =>
  Array.isArray(value) ? value.join('') : typeof value === 'string' ? value : '';

export function fallback(
  bundle: Readonly<Record<string, unknown>>,
  problem: string,
  trans: TranslationBundle,
): HTMLElement {
  const png = bundle['image/png'];
  const svg = joined(bundle['image/svg+xml']);
  // an SVG inside an image element is a picture: nothing in it runs or loads
  const source = isBase64(png)
    ? `data:image/png;base64,${png.replace(/\s/g, '')}`
    : svg && `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg.replace(/\p{Surrogate}/gu, '�'))}`;
  const text = joined(bundle['text/plain']);
  const node = el(
    'div',
    { class: 'nb-Fallback' },
    el(
      'p',
      { class: 'nb-Fallback-reason', role: 'note' },
      trans.__('This output cannot be drawn here: %1.', problem),
    ),
  );
  if (source) {
    const alt = text || trans.__('the picture saved with this output');
    node.append(el('img', { src: source, alt }));
  } else if (text) node.append(el('pre', {}, text));
  return node;
}
