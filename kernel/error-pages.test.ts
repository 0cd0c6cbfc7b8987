/**
 * Each heading of docs/errors is the text of an error as the sources spell it, and the index lists them all. Values in
 * a heading are examples; `…` stands for some text. What surrounds them has to be in one message of the sources, so a
 * message that is reworded takes its page along.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { headingsOf, linksOf, slugOf } from './test-pages.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = `${root}docs/errors/`;
const pages = readdirSync(folder).filter(name => name.endsWith('.md') && name !== 'README.md');
const errors = pages.flatMap(page =>
  headingsOf(readFileSync(folder + page, 'utf8'))
    .slice(1)
    .map(heading => ({ page, heading, text: heading.replace(/^`(.*)`$/, '$1') })),
);

/** The literal pieces of a message, in order; values stand between them. */
type Message = readonly string[];

/** Every text in a source: templates and sums of texts whole, and the texts inside them by themselves. */
function* messagesOf(path: string): Generator<Message> {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const pieces = (node: ts.Node): string[] => {
    if (ts.isParenthesizedExpression(node)) return pieces(node.expression);
    if (ts.isStringLiteralLike(node)) return [node.text];
    if (ts.isTemplateExpression(node))
      return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
    if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return ['', ''];
    // 'a' + 'b' is one piece, 'a' + x + 'b' two
    const [left, right] = [pieces(node.left), pieces(node.right)];
    return [...left.slice(0, -1), left[left.length - 1] + right[0], ...right.slice(1)];
  };
  const found: Message[] = [];
  const walk = (node: ts.Node) => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node) || ts.isBinaryExpression(node))
      found.push(pieces(node));
    ts.forEachChild(node, walk);
  };
  walk(source);
  yield* found;
}

const skipped = /(^|\/)(node_modules|dist|fixtures)\/|\.test\.|(^|\/)test-|testing|\.d\.ts$/;
const sources = ['kernel', 'scripts'].flatMap(folder =>
  readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .map(path => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter(path => /\.(ts|mjs)$/.test(path) && !skipped.test(path)),
);
const letters = (text: string) => text.replace(/[^\p{L}]/gu, '').length;
const messages: readonly Message[] = sources
  .flatMap(path => [...messagesOf(root + path)])
  .map(pieces => pieces.map(piece => piece.replaceAll('`', '').trim()).filter(Boolean))
  .filter(pieces => letters(pieces.join('')) >= 4);

/** Where `text` ends in the beginning of a piece: a page may stop in the middle of a message. */
function ending(text: string, piece: string, at: number): number {
  if (!text.includes(piece.slice(0, 4), at)) return -1;
  for (
    let length = Math.min(piece.length - 1, text.length - at);
    letters(piece.slice(0, length)) > 2;
    length--
  )
    if (text.endsWith(piece.slice(0, length))) return text.length - length;
  return -1;
}

/** Where the pieces of a message are in `text`; nowhere if one is missing or out of order before the text ends. */
function spansOf(text: string, message: Message): [from: number, to: number][] {
  const spans: [number, number][] = [];
  let at = 0;
  for (const piece of message) {
    const found = text.indexOf(piece, at);
    const last = found < 0 ? ending(text, piece, at) : -1;
    if (last >= 0) return [...spans, [last, text.length]];
    if (found < 0) return [];
    at = found + piece.length;
    spans.push([found, at]);
  }
  return spans;
}

/** One word alone, as a name in the code may be, says nothing. */
const telling = (message: Message) => letters(message.join('')) >= 7 && / /.test(message.join(' '));

/** Stretches of more than three words that are in no message: values are shorter. */
function unknownWords(text: string, known: readonly Message[] = messages): string[] {
  const said = text.replaceAll('`', '');
  const marks = Array.from(said, () => false);
  // a message may have a beginning that the page leaves out
  for (const message of known)
    message.forEach((_, i) => {
      const end = message.slice(i);
      for (const [from, to] of telling(end) ? spansOf(said, end) : []) marks.fill(true, from, to);
    });
  const rest = Array.from(said, (letter, i) => (marks[i] ? '\n' : letter)).join('');
  const words = (part: string) => part.split(/\s+/).filter(word => letters(word) > 1);
  return rest.split(/\n+|…/).filter(part => words(part).length > 3);
}

test('every error on a page is spelled as the sources spell it', () => {
  expect(errors.length).toBeGreaterThan(40);
  const drifted = errors.map(({ page, text }) => ({ page, text, unknown: unknownWords(text) }));
  expect(drifted.filter(({ unknown }) => unknown.length)).toEqual([]);
});

test('an error that nothing says is found', () => {
  expect(unknownWords('no such channel grows anywhere near here: 64 at conv3')).not.toEqual([]);
  const message = ['channel out of range:', 'at', '; expected 0 to'];
  expect(unknownWords('channel out of range: 64 at conv3; expected 0 to 63', [message])).toEqual([]);
  expect(unknownWords('channel is out of all range: 64 at conv3', [message])).not.toEqual([]);
});

test('the index lists every error', () => {
  const index = linksOf(readFileSync(`${folder}README.md`, 'utf8').replaceAll('`', ''));
  expect(index.filter(link => link.includes('#')).sort()).toEqual(
    errors.map(({ page, heading }) => `${page}#${slugOf(heading)}`).sort(),
  );
});
