/** A table of the tensors in a file: found by name, put in order, each measured when somebody asks. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Statistics, TensorRow } from 'neuronbook/model/peek';
import { el, ownKeys, setText, svg } from '../parts/dom.ts';
import { short } from '../parts/curve.ts';

/** Rows in sight; a browser stalls over tens of thousands. */
const step = 300;

const sizeOf = (bytes: number): string =>
  bytes < 1e3
    ? `${bytes} B`
    : bytes < 1e6
      ? `${(bytes / 1e3).toFixed(1)} kB`
      : `${(bytes / 1e6).toFixed(1)} MB`;

type Column = 'name' | 'dtype' | 'shape' | 'bytes';

const compare: Record<Column, (a: TensorRow, b: TensorRow) => number> = {
  name: (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }),
  dtype: (a, b) => a.dtype.localeCompare(b.dtype),
  shape: (a, b) => a.dims.length - b.dims.length || a.dims.join().localeCompare(b.dims.join()),
  bytes: (a, b) => b.bytes - a.bytes,
};

/** @param measure reads the tensor's numbers */
export function tensorTable(
  rows: readonly TensorRow[],
  measure: (row: TensorRow) => Promise<Statistics>,
  trans: TranslationBundle,
): HTMLElement {
  const names: Record<Column, string> = {
    name: trans.__('Name'),
    dtype: trans.__('Type'),
    shape: trans.__('Shape'),
    bytes: trans.__('Size'),
  };
  let order: Column | undefined;
  let shown = step;
  const search = el('input', {
    type: 'search',
    class: 'nb-Model-search',
    placeholder: trans.__('find'),
    'aria-label': trans.__('Find a tensor by name'),
    ...ownKeys,
  });
  const count = el('span', { role: 'status' });
  const body = el('tbody');
  const more = el('button', { type: 'button', class: 'nb-Button', ...ownKeys }, trans.__('Show more'));
  const heads = (Object.keys(names) as Column[]).map(column => {
    const sort = el('button', { type: 'button', class: 'nb-Tensors-sort', ...ownKeys }, names[column]);
    const head = el('th', { scope: 'col', class: `nb-mod-${column}` }, sort);
    sort.addEventListener('click', () => {
      order = order === column ? undefined : column;
      for (const other of heads) other.removeAttribute('aria-sort');
      if (order) head.setAttribute('aria-sort', column === 'bytes' ? 'descending' : 'ascending');
      fill();
    });
    return head;
  });

  const line = (row: TensorRow): HTMLElement => {
    const told = el('div', { class: 'nb-Tensors-told', role: 'status' });
    const ask = el(
      'button',
      {
        type: 'button',
        class: 'nb-Button nb-mod-outlined',
        'aria-label': trans.__('Statistics of %1', row.name),
        disabled: !row.place,
        title: row.place ? undefined : trans.__('its numbers are not one piece of this file'),
        ...ownKeys,
      },
      trans.__('Statistics'),
    );
    ask.addEventListener('click', () => {
      ask.disabled = true;
      setText(told, trans.__('reading …'));
      measure(row).then(
        found => told.replaceChildren(...words(found, trans)),
        (error: unknown) => {
          ask.disabled = false;
          setText(told, error instanceof Error ? error.message : String(error));
        },
      );
    });
    return el(
      'tr',
      {},
      el('th', { scope: 'row' }, row.name, told),
      el('td', {}, row.dtype),
      el('td', {}, row.dims.join('×') || trans.__('scalar')),
      el('td', { class: 'nb-mod-bytes' }, sizeOf(row.bytes)),
      el('td', {}, ask),
    );
  };
  // what was measured stays when rows change their order
  const lines = new Map<TensorRow, HTMLElement>();
  const lineOf = (row: TensorRow): HTMLElement => {
    const made = lines.get(row) ?? line(row);
    lines.set(row, made);
    return made;
  };
  const fill = (): void => {
    const wanted = search.value.trim().toLowerCase();
    const found = rows.filter(({ name }) => name.toLowerCase().includes(wanted));
    if (order) found.sort(compare[order]);
    body.replaceChildren(...found.slice(0, shown).map(lineOf));
    more.hidden = found.length <= shown;
    const bytes = found.reduce((sum, row) => sum + row.bytes, 0);
    setText(count, trans._n('%1 tensor, %2', '%1 tensors, %2', found.length, sizeOf(bytes)));
  };
  search.addEventListener('input', fill);
  search.addEventListener('keydown', event => event.stopPropagation());
  more.addEventListener('click', () => {
    shown += step;
    fill();
  });
  fill();
  const last = el('th', { scope: 'col' }, el('span', { class: 'nb-announcement' }, trans.__('Statistics')));
  return el(
    'section',
    { class: 'nb-Tensors', 'aria-label': trans.__('Tensors') },
    el('div', { class: 'nb-View-controls' }, search, count),
    el('table', {}, el('thead', {}, el('tr', {}, ...heads, last)), body),
    more,
  );
}

function words(found: Statistics, trans: TranslationBundle): (Node | string)[] {
  const { count, of, mean, deviation, min, max, zeros, broken, bins } = found;
  const facts = [
    trans.__('mean %1', short(mean)),
    trans.__('deviation %1', short(deviation)),
    trans.__('%1 to %2', short(min), short(max)),
    trans.__('%1 % zeros', (100 * zeros).toFixed(1)),
    ...(broken ? [trans.__('%1 NaN or infinite', broken)] : []),
    ...(count < of ? [trans.__('of a sample of %1', count.toLocaleString())] : []),
  ];
  const top = Math.max(...bins, 1);
  const bars = bins.map((height, i) =>
    svg('rect', { x: i, y: 20 - (20 * height) / top, width: 0.9, height: (20 * height) / top }),
  );
  const chart = svg(
    'svg',
    { viewBox: `0 0 ${bins.length} 20`, class: 'nb-Tensors-bars', preserveAspectRatio: 'none', role: 'img' },
    ...bars,
  );
  chart.setAttribute('aria-label', trans.__('histogram from %1 to %2', short(min), short(max)));
  return [chart, facts.join(' · ')];
}
