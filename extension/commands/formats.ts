/** An output as files: a picture, a table. Undefined where it has no such form. */
import { NEURONBOOK_MIME, PLOTLY_MIME } from 'neuronbook/display/payload';
import type { TranslationBundle } from '@jupyterlab/translation';
import { packedProblem, unpack, unpackList, type Packed } from 'neuronbook/display/packed';
import { joined, svgOf, type Data } from './forms.ts';

/** @param scale pixels of the file for one of a vector picture */
export async function pngOf(data: Data, scale: number, trans: TranslationBundle): Promise<Blob | undefined> {
  const png = joined(data['image/png']);
  if (png !== undefined) {
    const bytes = Uint8Array.from(atob(png.replace(/\s/g, '')), char => char.charCodeAt(0));
    return new Blob([bytes], { type: 'image/png' });
  }
  const svg = svgOf(data);
  if (svg === undefined) return undefined;
  // as an image: scripts in it do not run, and nothing is fetched
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await picture.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Math.min(8192, (picture.naturalWidth || 640) * scale);
  canvas.height = Math.min(8192, (picture.naturalHeight || 480) * scale);
  const context = canvas.getContext('2d');
  if (!context) throw new Error(trans.__('this browser gives no canvas to draw on'));
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>(resolve => canvas.toBlob(resolve, 'image/png'));
  return blob ?? undefined;
}

const field = (value: unknown): string => {
  const text = value === null || value === undefined ? '' : String(value as string | number);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const csv = (rows: Iterable<readonly unknown[]>): string =>
  [...rows].map(row => row.map(field).join(',')).join('\r\n') + '\r\n';

/** Rows of a chart's traces, of a tensor's numbers, or of a table. */
export function csvOf(data: Data): string | undefined {
  const chart = data[PLOTLY_MIME] as { data?: unknown } | undefined;
  if (Array.isArray(chart?.data)) return csv(traceRows(chart.data as Data[]));
  const view = data[NEURONBOOK_MIME] as { view?: unknown; data?: Data } | undefined;
  const values = view?.data?.values;
  if (view?.view === 'matrix' && !packedProblem(values))
    return csv(matrixRows(values as Packed, view.data?.axes));
  const html = joined(data['text/html']);
  const table = html && new DOMParser().parseFromString(html, 'text/html').querySelector('table');
  if (!table) return undefined;
  return csv([...table.rows].map(row => [...row.cells].map(cell => cell.textContent)));
}

function* traceRows(traces: readonly Data[]): Generator<unknown[]> {
  yield ['trace', 'x', 'y', 'z'];
  for (const [i, { name, x, y, z }] of traces.entries()) {
    const [xs, ys, zs] = [x, y, z].map(values =>
      Array.isArray(values) ? (values as unknown[]) : Array.from(unpackList(values) ?? []),
    );
    const label = typeof name === 'string' ? name : String(i);
    if (Array.isArray(zs[0])) {
      for (const [row, line] of (zs as unknown[][]).entries())
        for (const [column, value] of line.entries())
          yield [label, xs[column] ?? column, ys[row] ?? row, value];
      continue;
    }
    for (let k = 0; k < Math.max(xs.length, ys.length); k++) yield [label, xs[k] ?? k, ys[k], zs[k]];
  }
}

function* matrixRows(values: Packed, axes: unknown): Generator<unknown[]> {
  const { dims } = values;
  const numbers = unpack(values);
  const names = Array.isArray(axes) ? (axes as unknown[]) : [];
  yield [...dims.map((_, i) => names[i] ?? `dim ${i}`), 'value'];
  const at = dims.map(() => 0);
  for (const value of numbers) {
    yield [...at, +value.toPrecision(7)];
    for (let axis = dims.length - 1; axis >= 0 && ++at[axis] === dims[axis]; axis--) at[axis] = 0;
  }
}
