/** Pages of the documentation as tests see them: their text without code, headings, anchors and links. */
import { readFileSync } from 'node:fs';

/** The text that Markdown renders: fenced and inline code is blanked where `code` is false. */
const withoutCode = (page: string): string =>
  page.replace(/^( *)(`{3,}|~{3,})[^]*?^\1\2/gm, '').replace(/(`+)[^`\n][^\n]*?\1/g, '``');

/** Headings without their `#`, in order. */
export const headingsOf = (page: string): string[] =>
  [...page.replace(/^( *)(`{3,}|~{3,})[^]*?^\1\2/gm, '').matchAll(/^#{1,6} +(.+?)[ #]*$/gm)].map(
    ([, text]) => text,
  );

/** What GitHub makes of a heading: lower case, blanks as hyphens, no punctuation. */
export const slugOf = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');

/** Every anchor of a page: of its headings, the second of equal ones numbered, and those written as HTML. */
export function anchorsOf(page: string): Set<string> {
  const counts = new Map<string, number>();
  const slugs = headingsOf(page).map(heading => {
    const slug = slugOf(heading);
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    return count ? `${slug}-${count}` : slug;
  });
  return new Set([...slugs, ...[...page.matchAll(/\b(?:id|name)="([^"]+)"/g)].map(([, id]) => id)]);
}

/** Where a page leads: Markdown's links and pictures, references, and HTML's. */
export function linksOf(page: string): string[] {
  const text = withoutCode(page);
  const patterns = [
    /\]\(\s*<?([^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*)>?(?:\s+"[^"]*")?\s*\)/g,
    /^\[[^\]]+\]:\s*<?(\S+?)>?$/gm,
    /\b(?:href|src|srcset)="([^"]+)"/g,
    /<(https?:[^>\s]+)>/g,
  ];
  return patterns.flatMap(pattern => [...text.matchAll(pattern)].map(([, to]) => to));
}

/** The Markdown cells of a notebook as one page. */
export function notebookPage(path: string): string {
  type Cell = { cell_type: string; source: string | string[] };
  const { cells } = JSON.parse(readFileSync(path, 'utf8')) as { cells: Cell[] };
  const markdown = cells.filter(cell => cell.cell_type === 'markdown');
  return markdown.map(({ source }) => (Array.isArray(source) ? source.join('') : source)).join('\n\n');
}
