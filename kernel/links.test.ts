/**
 * Every link of the documentation leads somewhere: pages, notebooks' text cells, and doc comments. Files and anchors
 * in this repository have to exist; of other addresses only the form is looked at, since a test needs no network.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { anchorsOf, linksOf, notebookPage } from './test-pages.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Files below a folder of the repository, without what is built or installed. */
function filesUnder(folder: string, ending: RegExp): string[] {
  const skipped = /(^|\/)(node_modules|dist|\.[^/]+)\/|^docs\/api\//;
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .map(path => posix.join(folder, path.replaceAll('\\', '/')))
    .filter(path => ending.test(path) && !skipped.test(path));
}

const atRoot = readdirSync(root).filter(name => name.endsWith('.md'));
const markdown = [...atRoot, ...['docs', 'bench', 'kernel'].flatMap(folder => filesUnder(folder, /\.md$/))];
const notebooks = filesUnder('notebooks', /\.ipynb$/);
// the seeded broken links of this file are no links of the documentation
const sources = ['kernel', 'extension'].flatMap(folder => filesUnder(folder, /(?<!links\.test)\.(ts|mjs)$/));

/** A link as written, and the file it stands in. */
interface Link {
  from: string;
  to: string;
}

const read = (path: string) => readFileSync(root + path, 'utf8');
const textOf = (path: string) => (path.endsWith('.ipynb') ? notebookPage(root + path) : read(path));
const linksFrom = (path: string): Link[] => linksOf(textOf(path)).map(to => ({ from: path, to }));

/** Comments link as pages do, and name pages by their path from the root. */
function linksInComments(path: string): Link[] {
  const comments = [...read(path).matchAll(/\/\*\*[^]*?\*\/|\/\/[^\n]*/g)].map(([text]) => text).join('\n');
  const named = [...comments.matchAll(/(?<![\w/.])(docs\/[\w/-]+\.md|CONTRIBUTING\.md)/g)];
  return [
    ...linksOf(comments).map(to => ({ from: path, to })),
    ...named.map(([to]) => ({ from: path, to: `/${to}` })),
  ];
}

/** What is wrong with a link, if anything is. `page` gives the text of a file, for its anchors. */
function problem({ from, to }: Link, page = textOf): string | undefined {
  if (/^(attachment|data):/.test(to)) return undefined;
  if (/^[a-z][a-z+.-]*:/i.test(to))
    return URL.canParse(to) && /^(https?:\/\/([\w-]+\.)+[a-z]{2,}([/?#]|$)|mailto:\S+@\S+$)/i.test(to)
      ? undefined
      : `${from}: ${to} is no address`;
  const [path, anchor] = to.split('#') as [string, string?];
  const decoded = decodeURIComponent(path);
  const target = decoded === '' ? from : posix.normalize(decoded.startsWith('/') ? decoded.slice(1) : posix.join(posix.dirname(from), decoded)); // prettier-ignore
  if (!existsSync(root + target)) return `${from}: ${to} does not exist`;
  if (anchor === undefined) return undefined;
  if (statSync(root + target).isDirectory()) return `${from}: ${to} is a folder, which has no anchors`;
  // JupyterLab keeps the capitals of a heading
  const anchors = anchorsOf(page(target));
  const wanted = decodeURIComponent(anchor);
  const found = anchors.has(wanted) || (target.endsWith('.ipynb') && anchors.has(wanted.toLowerCase()));
  return found ? undefined : `${from}: ${to} names no heading of ${target}`;
}

const problems = (links: readonly Link[]) =>
  links.map(link => problem(link)).filter(found => found !== undefined);

test.each([
  ['pages', markdown, linksFrom, 20],
  ['notebooks', notebooks, linksFrom, 1],
  ['comments', sources, linksInComments, 10],
] as const)('every link of %s leads somewhere', (_, files, links, least) => {
  const all = files.flatMap(links);
  expect(all.length).toBeGreaterThan(least);
  expect(problems(all)).toEqual([]);
});

describe('a seeded broken link is found', () => {
  const page = '# One heading\n\n## One heading\n';
  test.each([
    ['a page that is not there', 'docs/README.md', 'nowhere.md', 'docs/README.md: nowhere.md does not exist'],
    [
      'a path from another folder',
      'docs/README.md',
      'docs/README.md',
      'docs/README.md: docs/README.md does not exist',
    ],
    ['a heading that is not there', 'README.md', '#three', 'README.md: #three names no heading of README.md'],
    ['a third of two equal headings', 'README.md', '#one-heading-2', 'README.md: #one-heading-2 names no heading of README.md'], // prettier-ignore
    [
      'an anchor in a folder',
      'README.md',
      'docs#one',
      'README.md: docs#one is a folder, which has no anchors',
    ],
    ['an address without a host', 'README.md', 'https://docs', 'README.md: https://docs is no address'],
    ['an address of this machine', 'README.md', 'file:///home', 'README.md: file:///home is no address'],
  ])('%s', (_, from, to, said) => expect(problem({ from, to }, () => page)).toBe(said));

  test('and sound ones are not', () => {
    const sound = ['#one-heading', '#one-heading-1', 'docs/README.md', 'docs', 'https://onnx.ai/onnx#top'];
    expect(sound.map(to => problem({ from: 'README.md', to }, () => page))).toEqual(
      sound.map(() => undefined),
    );
  });

  test('links are read as Markdown has them', () => {
    const text = '[a](b.md "title") ![c](d.png) [e]: not\n\n[f]: g.md\n`[code](no.md)` <https://h.org> <img src="i.png">\n```\n[j](k.md)\n```\n[l](m_(n).md)'; // prettier-ignore
    expect(linksOf(text)).toEqual(['b.md', 'd.png', 'm_(n).md', 'g.md', 'i.png', 'https://h.org']);
  });
});
