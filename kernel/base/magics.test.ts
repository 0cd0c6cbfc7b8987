/** Which lines are magics and which are TypeScript that looks like one. */
import { expect, test } from 'vitest';
import { blankMagics, findMagics } from './magics.ts';

const known = (name: string) => ['n', 'done', 'time'].includes(name);
const found = (code: string) => {
  const { cell, lines } = findMagics(code, known);
  return cell
    ? [`%%${cell.name} ${cell.text}`, code.slice(cell.bodyStart)]
    : lines.map(({ name, text }) => `${name}: ${text}`);
};

test.each<[string, string, string[]]>([
  ['a line alone', '%cd some/folder', ['cd: some/folder']],
  ['a line after a statement without semicolon', 'const a = 5\n%who', ['who: ']],
  ['several, with code between', '%cd x\nconst a = 1\n!npm ls\na', ['cd: x', 'sh: npm ls']],
  ['in a block', 'for (const a of [1]) {\n  %time f(a)\n}', ['time: f(a)']],
  ['Windows line ends', '%cd x\r\nlet a = 1\r\n!ls\r\n', ['cd: x', 'sh: ls']],
  ['a shell line that would parse', '!ls -la', ['sh: ls -la']],
  ['one with a path', '!./run.sh | head', ['sh: ./run.sh | head']],
  ['a shell line over two', '!echo a \\\n  b\n1', ['sh: echo a \\\n  b']],
  ['a question about one', '%time?', ['help: time']],
  ['a name of two words', '%load_ext autoreload', ['load_ext: autoreload']],
  ['a name that nobody knows', 'let a = 1\n%instal x', ['instal: x']],
  ['beside a broken statement', '%cd x\nconst = 1', ['cd: x']],
  ['beside one inside a template', 'const t = `\n%who\n`\n%who', ['who: ']],
  ['modulo over two lines', 'const r = 17\n  % 5', []],
  ['modulo of a name', 'const r = 17\n%n', []],
  ['modulo of a name of this cell', 'let m = 2\nconst r = 17\n%m', []],
  ['modulo in an argument', 'f(\n17\n%b\n)', []],
  ['modulo of a call', 'const r = 17\n%n(3)', []],
  ['an assignment', 'let r = 17\nr\n%= 5', []],
  ['a negation', '!done', []],
  ['a negation of something new', 'const ready = 1\n!ready', []],
  ['a negated call', '!function () {}()', []],
  ['a negation of a comparison', '!(1 < 2)', []],
  ['in an expression', 'const ok = done &&\n!other', []],
  ['in a template', 'const t = `\n%who\n!ls\n`', []],
  ['in a comment', '/*\n%who\n*/ 1', []],
  ['nothing', '', []],
  ['a cell', '%%html --x\n<b>\n%who', ['%%html --x', '<b>\n%who']],
  ['a cell below empty lines', '\n\n%%sh', ['%%sh ', '']],
])('%s', (_, code, expected) => expect(found(code)).toEqual(expected));

test.each([
  ['const a = 1\n%who\na', 'const a = 1\n;   \na'],
  ['%time f(x)', ';     f(x)'],
  ['%%time\nf(x)', '      \nf(x)'],
  ['%%html\n<b>', '      \n   '],
  ['1 + 1', '1 + 1'],
])('blank: %j', (code, expected) => expect(blankMagics(code, known)).toBe(expected));
