/**
 * How deep the brackets of a text are nested. oxc parses on the native stack, and some ten thousand open brackets end
 * the process: whoever parses what comes from a client asks here first.
 */

/** Brackets that may be open at once in a cell. */
export const MAX_NESTING = 1000;

/** Brackets in strings and comments count too, so this is an upper bound. @example nestingOf('f([1, (2)])') // → 3 */
export function nestingOf(code: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < code.length; i++) {
    const char = code.charCodeAt(i);
    // ( [ {
    if (char === 40 || char === 91 || char === 123) deepest = Math.max(deepest, ++depth);
    // ) ] }
    else if ((char === 41 || char === 93 || char === 125) && depth > 0) depth--;
  }
  // type arguments: `A<A<A<`
  const generics = /(?:[\w$.]+<){100,}/.exec(code)?.[0].split('<').length ?? 0;
  return Math.max(deepest, generics);
}

export const isTooDeep = (code: string): boolean => nestingOf(code) > MAX_NESTING;
