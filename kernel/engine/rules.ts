/** Finds the rule of an operator. A family file's exports are its registration; nothing else lists ops. */
import type { Op } from './op.ts';
import * as ops from './ops/index.ts';

const byDomain: Record<string, Record<string, Op | undefined>> = {
  '': ops as unknown as Record<string, Op>,
  'ai.onnx': ops as unknown as Record<string, Op>,
  'com.microsoft': ops.microsoft as unknown as Record<string, Op>,
};

export function ruleOf(domain: string, op: string): Op | undefined {
  const table = byDomain[domain];
  return table && Object.hasOwn(table, op) && op !== 'microsoft' ? table[op] : undefined;
}

/** Every operator with a rule, as [domain, name]. The support table is made from this. */
export const supportedOps = (): [domain: string, op: string][] => [
  ...Object.keys(ops)
    .filter(op => op !== 'microsoft')
    .map(op => ['', op] as [string, string]),
  ...Object.keys(ops.microsoft).map(op => ['com.microsoft', op] as [string, string]),
];
