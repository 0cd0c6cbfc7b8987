/**
 * Finds the rule of an operator. A family file's capitalized exports are their registration (the rest are its
 * helpers, for other families); nothing else lists ops.
 */
import type { Op } from './op.ts';
import * as ops from './ops/index.ts';

const operators = (family: object): ReadonlyMap<string, Op> =>
  new Map(Object.entries(family).filter(([name]) => /^[A-Z]/.test(name)));

const own = operators(ops);
const byDomain: ReadonlyMap<string, ReadonlyMap<string, Op>> = new Map([
  ['', own],
  ['ai.onnx', own],
  ['com.microsoft', operators(ops.microsoft)],
]);

export const ruleOf = (domain: string, op: string): Op | undefined => byDomain.get(domain)?.get(op);

/** Every operator with a rule, as [domain, name]. The support table is made from this. */
export const supportedOps = (): [domain: string, op: string][] =>
  ['', 'com.microsoft'].flatMap(domain =>
    [...byDomain.get(domain)!.keys()].map(op => [domain, op] as [string, string]),
  );
