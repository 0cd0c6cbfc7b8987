/** JSON that a file's metadata holds. A file may come from anywhere, so it is checked before it is believed. */
import { FormatError } from '../base/errors.ts';
import type { Graph } from './graph.ts';

/**
 * The value under `key`; undefined where the file says nothing.
 * @throws FormatError where it is not JSON, or `fits` does not hold of it
 */
export function metadataOf<T>(
  graph: Graph,
  key: string,
  fits: (value: unknown) => value is T,
): T | undefined {
  const said = graph.metadata[key];
  if (said === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(said);
  } catch {
    // refused below, with what does not fit
  }
  if (fits(value)) return value;
  throw new FormatError(
    `${graph.name}: metadata ${key} makes no sense: ${said.slice(0, 60)}; remove it from the file, or save the model again`,
  );
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isTexts = (value: unknown): value is Readonly<Record<string, string>> =>
  isObject(value) && Object.values(value).every(text => typeof text === 'string');

/** The key under which a network of `nn` names the constants that are trained: JSON, a list. */
export const PARAMETERS_KEY = 'neuronbook.parameters';

export const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every(name => typeof name === 'string');

export const isIntegers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every(Number.isSafeInteger);
