/**
 * The extension's sources: what a person reads there goes through JupyterLab's translator, and each style sheet comes with
 * the code that needs it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../extension', import.meta.url));
const sources = Object.fromEntries(
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map(path => path.replaceAll('\\', '/'))
    .filter(path => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .map(path => [path, readFileSync(`${root}/${path}`, 'utf8')]),
);
const sheets = readdirSync(fileURLToPath(new URL('../style', import.meta.url))).filter(name =>
  name.endsWith('.css'),
);

/** A worker has no translator: what it says is quoted by the page that has one. */
const without = new Set(['live/worker.ts']);
const translators = new Set(['__', '_n', '_p', '_np', 'gettext', 'ngettext']);
/** Attributes and properties that are read out or shown. */
const shown =
  /^(title|aria-(label|description|roledescription|valuetext)|placeholder|alt|label|caption|displayName|textContent|ariaLabel)$/;
/** Calls whose arguments, from this one on, are shown. */
const shows: Record<string, number> = { el: 2, svg: 2, button: 2, setText: 1, tell: 0, append: 0, Error: 0 };

type Piece = ts.StringLiteralLike | ts.TemplateHead | ts.TemplateMiddle | ts.TemplateTail;
const isPiece = (node: ts.Node): node is Piece =>
  ts.isStringLiteralLike(node) ||
  ts.isTemplateHead(node) ||
  ts.isTemplateMiddle(node) ||
  ts.isTemplateTail(node);

const nameOf = (node: ts.Expression): string =>
  ts.isPropertyAccessExpression(node) ? node.name.text : ts.isIdentifier(node) ? node.text : '';

/** The nearest call, list, property or statement around a text, and the part of it that the text is in. */
function place(node: ts.Node): { around: ts.Node; part: ts.Node } {
  let part = node;
  const chosen = new Set([
    ts.SyntaxKind.PlusToken,
    ts.SyntaxKind.BarBarToken,
    ts.SyntaxKind.QuestionQuestionToken,
    ts.SyntaxKind.AmpersandAmpersandToken,
  ]);
  const through = (around: ts.Node): boolean =>
    (ts.isConditionalExpression(around) && around.condition !== part) ||
    ts.isParenthesizedExpression(around) ||
    ts.isTemplateExpression(around) ||
    ts.isTemplateSpan(around) ||
    (ts.isBinaryExpression(around) && chosen.has(around.operatorToken.kind));
  while (through(part.parent)) part = part.parent;
  return { around: part.parent, part };
}

/** Whether a text stands where people read it. */
function isShown(around: ts.Node, part: ts.Node): boolean {
  if (ts.isPropertyAssignment(around))
    return around.initializer === part && shown.test(around.name.getText().replaceAll(/['"]/g, ''));
  if (ts.isBinaryExpression(around)) return around.right === part && shown.test(nameOf(around.left));
  if (!ts.isCallExpression(around) && !ts.isNewExpression(around)) return false;
  const name = nameOf(around.expression).replace(/^\w*Error$/, 'Error');
  const at = around.arguments!.indexOf(part as ts.Expression);
  return name in shows && at >= shows[name];
}

/** Markup, code, class names and declarations read as several words, and are none that are read by people. */
const isCode = (text: string, around: ts.Node): boolean =>
  /\b(nb|jp|lm)-|^\s*<|^[a-z-]+: |\b(import|await|const)\b/.test(text) ||
  ts.isImportDeclaration(around) ||
  (ts.isPropertyAssignment(around) && around.name.getText() === 'description') ||
  (ts.isCallExpression(around) &&
    /^(querySelector(All)?|matches|closest)$/.test(nameOf(around.expression))) ||
  (ts.isPropertyAccessExpression(around) && around.name.text === 'split');

function untranslated(all: Readonly<Record<string, string>>): string[] {
  const found: string[] = [];
  for (const [path, text] of Object.entries(all)) {
    if (without.has(path)) continue;
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (isPiece(node)) {
        const { around, part } = place(node);
        const isCall = ts.isCallExpression(around);
        const translated = isCall && translators.has(nameOf(around.expression));
        const sentence = /\p{L}{2,}[,;:.]? \p{L}{2,}/u.test(node.text);
        const word = /\p{L}{2,}/u.test(node.text) && isShown(around, part);
        if ((sentence || word) && !translated && !isCode(node.text, around))
          found.push(`${path}: ${JSON.stringify(node.text)}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  return found;
}

/** Sheets that no module asks for, and those that are asked for and missing. */
function lost(all: Readonly<Record<string, string>>, there: readonly string[]): string[] {
  const asked = new Set(['base.css']);
  for (const [path, text] of Object.entries(all))
    for (const [, spec] of text.matchAll(/^import '([^']+\.css)';/gm))
      asked.add(posix.join('extension', posix.dirname(path), spec).replace(/^style\//, ''));
  return [
    ...there.filter(name => !asked.has(name)).map(name => `no module imports style/${name}`),
    ...[...asked].filter(name => !there.includes(name)).map(name => `there is no style/${name}`),
  ];
}

describe('the extension', () => {
  test('says everything through the translator', () => expect(untranslated(sources)).toEqual([]));
  test('brings each style sheet with the code that needs it', () =>
    expect(lost(sources, sheets)).toEqual([]));
  test('was looked at', () => {
    expect(Object.keys(sources).length).toBeGreaterThan(40);
    expect(
      Object.values(sources)
        .join('')
        .match(/\btrans\.__\(/g)!.length,
    ).toBeGreaterThan(150);
  });
});

describe('a seeded violation is found', () => {
  test.each([
    ["el('p', {}, 'Nothing here')", '"Nothing here"'],
    ["el('p', {}, 'Nothing')", '"Nothing"'],
    ["el('button', { 'aria-label': 'Close' })", '"Close"'],
    ["el('p', { title: open ? 'Shut' : trans.__('Open') })", '"Shut"'],
    ['setText(line, `${count} of ${total} rows`)', '" of "," rows"'],
    ["node.title = 'Save'", '"Save"'],
    ["throw new RangeError('too large')", '"too large"'],
    ["button('x', 'nb-Button', act, 'Go')", '"Go"'],
    ["const words = 'not run yet'", '"not run yet"'],
  ])('%s', (source, texts) => {
    const found = untranslated({ 'parts/x.ts': source }).map(line => line.replace('parts/x.ts: ', ''));
    expect(found.filter(text => /\p{L}{2}/u.test(text)).join()).toBe(texts);
  });

  test.each([
    "el('p', { class: 'nb-View nb-Lens' }, trans.__('Nothing here'))",
    "el('p', {}, full ? trans.__('full') : trans._n('%1 row', '%1 rows', count))",
    "node.querySelector('input, select button')",
    "import { x } from 'a b c';",
    "const state = 'done'",
    "tell('error' in reply ? reply.error : '')",
  ])('and only then: %s', source => expect(untranslated({ 'parts/x.ts': source })).toEqual([]));

  test('sheets', () => {
    expect(
      lost({ 'parts/x.ts': "import '../../style/y.css';", 'renderers/z.ts': '' }, ['base.css', 'z.css']),
    ).toEqual(['no module imports style/z.css', 'there is no style/y.css']);
  });
});
