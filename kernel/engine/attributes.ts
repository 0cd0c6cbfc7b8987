/** Reading and writing node attributes as plain JavaScript values. ONNX INT is `bigint`, FLOAT `number`. */
import type { Tensor } from '../base/tensor.ts';
import type { Attributes } from '../onnx/graph.ts';

export const intOf = (attributes: Attributes, name: string, fallback: number): number =>
  attributes[name] === undefined ? fallback : Number(attributes[name]);

export const floatOf = (attributes: Attributes, name: string, fallback: number): number =>
  attributes[name] === undefined ? fallback : Number(attributes[name]);

export const textOf = (attributes: Attributes, name: string, fallback: string): string =>
  attributes[name] === undefined ? fallback : String(attributes[name]);

/** An INTS attribute as numbers; undefined where it is absent and there is no fallback. */
export function intsOf(attributes: Attributes, name: string): number[] | undefined;
export function intsOf(attributes: Attributes, name: string, fallback: readonly number[]): number[];
export function intsOf(
  attributes: Attributes,
  name: string,
  fallback?: readonly number[],
): number[] | undefined {
  const value = attributes[name] as readonly (bigint | number)[] | undefined;
  return value === undefined ? fallback?.slice() : Array.from(value, Number);
}

export const tensorOf = (attributes: Attributes, name: string): Tensor | undefined =>
  attributes[name] as Tensor | undefined;

export const int = (value: number): bigint => BigInt(value);
export const ints = (values: readonly number[]): bigint[] => values.map(BigInt);

/** The attributes without the named ones. */
export function without(attributes: Attributes, ...names: string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}
