/** What the commands on outputs do; fetched when the first of them is chosen. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { download, fileName, saveText } from '../parts/save.ts';
import { csvOf, pngOf } from './formats.ts';
import { svgOf, textOf, valueOf } from './forms.ts';
import type { Output } from './output.ts';

export { OutputCopies } from './compare.ts';

/** @param scale pixels of the file for one of a vector picture */
export async function savePng(
  { data, title }: Output,
  scale: number,
  trans: TranslationBundle,
): Promise<void> {
  const blob = await pngOf(data, scale, trans);
  if (blob) download(blob, fileName('png', title));
}

export const saveSvg = ({ data, title }: Output): void =>
  saveText(svgOf(data) ?? '', 'image/svg+xml', fileName('svg', title));

/** @throws Error where there are no rows after all */
export function saveCsv({ data, title }: Output, trans: TranslationBundle): void {
  const rows = csvOf(data);
  if (rows === undefined) throw new Error(trans.__('this output holds no rows'));
  saveText(rows, 'text/csv', fileName('csv', title));
}

export const saveJson = ({ data, title }: Output): void =>
  saveText(JSON.stringify(valueOf(data), null, 2), 'application/json', fileName('json', title));

export async function copy({ data }: Output, scale: number, trans: TranslationBundle): Promise<void> {
  const blob = await pngOf(data, scale, trans);
  if (blob && typeof ClipboardItem === 'function')
    return navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
  await navigator.clipboard.writeText(textOf(data) ?? '');
}
