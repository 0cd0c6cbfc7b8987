/** What lowered TypeScript calls: the functions behind `using` (`dispose.ts`) and behind legacy decorators. */
import { disposeHelpers } from './dispose.ts';

type Decorator = (...given: unknown[]) => unknown;
/** `reflect-metadata`, where the user has imported it. */
interface Metadata {
  decorate?: (...given: unknown[]) => unknown;
  metadata?: (key: string, value: unknown) => unknown;
}

/** Applies the decorators of a class (two arguments) or of a member (four), the last one first. */
function decorate(
  decorators: readonly (Decorator | undefined)[],
  target: object,
  key?: PropertyKey,
  given?: PropertyDescriptor | null,
): unknown {
  const member = key !== undefined;
  const described = given === null && member ? Object.getOwnPropertyDescriptor(target, key) : given;
  const { decorate: reflected } = Reflect as Metadata;
  let result: unknown = member ? described : target;
  if (reflected) result = reflected(decorators, target, ...(member ? [key, described] : []));
  else
    for (const decorator of [...decorators].reverse())
      if (decorator)
        result =
          (member ? decorator(target, key, ...(described ? [result] : [])) : decorator(result)) ?? result;
  if (member && result) Object.defineProperty(target, key, result);
  return result;
}

export const babelHelpers: Record<string, (...given: never[]) => unknown> = {
  ...disposeHelpers,
  decorate,
  decorateParam: (index: number, decorator: Decorator) => (target: unknown, key: unknown) =>
    decorator(target, key, index),
  decorateMetadata: (key: string, value: unknown) => (Reflect as Metadata).metadata?.(key, value),
};

/** Ends a local file that calls them. It stands at the end, so that the file's own lines stay where they are. */
export const helpersImport = `\nimport { babelHelpers } from ${JSON.stringify(import.meta.url)};`;
