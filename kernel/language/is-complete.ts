/**
 * Whether Enter should run the cell or open a new line. Parsed by oxc, in well under a millisecond, so that a console
 * never waits for the TypeScript service.
 */
import { parseSync } from 'oxc-parser';
import { blankMagics, findMagics } from '../base/magics.ts';
import { isTooDeep } from '../base/nesting.ts';
import { isObjectLiteral } from '../base/object-literal.ts';
import { questionOf } from '../base/question.ts';
import type { IsCompleteReply } from './replies.ts';

/** Characters of what somebody types; one level of a deep chain, such as `a=a=a=…`, takes at least two. */
const LONGEST = 16_000;

export function isComplete(written: string): IsCompleteReply {
  // nobody types that, and the parser would take the process along
  if (written.length > LONGEST || isTooDeep(written)) return { status: 'unknown' };
  const { cell } = findMagics(written);
  // as in IPython: an empty line ends a cell that belongs to a magic
  if (cell) return /\n[ \t]*$/.test(written) ? { status: 'complete' } : { status: 'incomplete', indent: '' };
  if (isObjectLiteral(written) || questionOf(written)) return { status: 'complete' };
  const code = blankMagics(written);
  const readings = [reading(code, 'ts'), ...(maybeJsx.test(code) ? [reading(code, 'tsx')] : [])];
  if (readings.includes('complete')) return { status: 'complete' };
  return readings.includes('incomplete')
    ? { status: 'incomplete', indent: indentAfter(code) }
    : { status: 'invalid' };
}

/** `<T>value` is a cast in the one language and a tag in the other. */
const maybeJsx = /<[\p{L}_$>]/u;

function reading(code: string, lang: 'ts' | 'tsx'): IsCompleteReply['status'] {
  const [error] = parseSync(`cell.${lang}`, code, { lang, sourceType: 'module' }).errors;
  if (!error) return 'complete';
  return wantsMore(code, error.message, error.labels[0]?.start ?? 0) ? 'incomplete' : 'invalid';
}

/** More text can only help where the parser stumbled over the end. */
function wantsMore(code: string, message: string, place: number): boolean {
  if (/Unterminated multi-?line comment/i.test(message)) return true;
  // a template may span lines, a quoted string and a regular expression may not
  if (/Unterminated (string|template)/i.test(message)) return templateIsOpen(code, place);
  // the parser goes back to before an arrow without a body
  if (/^\s*(?:=>|\?\.)\s*(?:\/\/.*\s*)?$/.test(code.slice(place))) return true;
  return message.includes('`EOF`') || place >= code.trimEnd().length;
}

function templateIsOpen(code: string, place: number): boolean {
  if (code[place] === '`' || code[place] === '}') return true;
  return !/["']/.test(code[place] ?? '') && code.slice(0, place + 1).includes('`');
}

/** The indentation of the last line, one step deeper after an opening bracket or an arrow. */
function indentAfter(code: string): string {
  const last = code.trimEnd().split('\n').at(-1) ?? '';
  const indent = /^\s*/.exec(last)?.[0] ?? '';
  return /[{([]$|=>$|\b(?:else|do|try)$|^\s*(?:if|for|while)\b.*\)$/.test(last.trimEnd())
    ? `${indent}  `
    : indent;
}
