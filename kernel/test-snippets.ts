/**
 * Code in documentation, run as a reader would run it: TypeScript with top-level await and the names of the front
 * door. Pages (docs/*.md) and the examples in doc comments use it in their tests.
 */
import { transformSync } from 'oxc-transform';
import * as front from './index.ts';

/** The blocks of a page that are marked as TypeScript. */
export const blocksOf = (page: string): string[] =>
  [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code);

/**
 * Runs a snippet. Its own names may hide those that it is given.
 * @param code imports of `neuronbook` mean the front door, which is there anyway; `return` gives the result
 * @param given further names, or other values for those of the front door
 */
export async function runSnippet(
  code: string,
  given: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const source = code.replace(/^import \{[^}]*\} from 'neuronbook';$/m, '');
  const { code: script, errors } = transformSync('snippet.ts', `async () => {${source}\n}`);
  if (errors.length) throw new SyntaxError(errors.map(({ message }) => message).join('\n'));
  const names = { ...front, ...given };
  const made = new Function(...Object.keys(names), `return (${script.replace(/;\s*$/, '')})()`) as (
    ...values: unknown[]
  ) => Promise<unknown>;
  return made(...Object.values(names));
}
