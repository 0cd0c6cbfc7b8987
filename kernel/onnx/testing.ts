/** Small graphs for tests: written out by hand, or drawn at random by fast-check. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { tensor, type Tensor } from '../base/tensor.ts';
import type { Attributes, Graph, Node, ValueInfo } from './graph.ts';

/** `node('y = Add(a, b)', attributes)`; `_` stands for an input or output that is left out. */
export function node(text: string, attributes: Attributes = {}, name = ''): Node {
  const [, results, domain = '', op, inputs] = /^(.*?) = (?:(.*)\.)?(\w+)\((.*)\)$/.exec(text)!;
  const split = (list: string) =>
    list === '' ? [] : list.split(', ').map(item => (item === '_' ? '' : item));
  return { op, domain, name, inputs: split(inputs), outputs: split(results), attributes };
}

/** A float32 value's info. */
export const info = (name: string, ...dims: readonly (number | string)[]): ValueInfo => ({
  name,
  dtype: 'float32',
  dims,
});

/** A graph from its nodes; whatever is left out is empty, and the opset is 17. */
export function graphOf(
  nodes: readonly Node[],
  parts: Partial<Omit<Graph, 'constants'>> & { constants?: Record<string, Tensor> } = {},
): Graph {
  const { constants = {}, ...rest } = parts;
  return {
    ...{ name: 'test', opsets: { '': 17 }, inputs: [], outputs: [], values: new Map(), metadata: {} },
    ...{ nodes, constants: new Map(Object.entries(constants)), ...rest },
  };
}

/** image → conv → relu → pool → flatten → gemm: one node of each kind that instruments meet first. */
export const convnet = (): Graph =>
  graphOf(
    [
      node('c = Conv(image, conv.w, conv.b)', { pads: [1n, 1n, 1n, 1n], strides: [2n, 2n] }, 'conv'),
      node('r = Relu(c)', {}, 'relu'),
      node('p = GlobalAveragePool(r)', {}, 'pool'),
      node('f = Flatten(p)', { axis: 1n }, 'flatten'),
      node('logits = Gemm(f, fc.w, fc.b)', { transB: 1n, alpha: 1 }, 'fc'),
    ],
    {
      inputs: [info('image', 'batch', 1, 4, 4)],
      outputs: [info('logits', 'batch', 3)],
      constants: {
        'conv.w': tensor(
          Float32Array.from({ length: 18 }, (_, i) => Math.sin(i)),
          [2, 1, 3, 3],
        ),
        'conv.b': tensor([0.5, -0.25]),
        'fc.w': tensor([1, 2, 3, 4, 5, 6], [3, 2]),
        'fc.b': tensor([0, 0, 1]),
      },
      values: new Map([['r', info('r', 'batch', 2, 2, 2)]]),
      metadata: { license: 'MIT' },
    },
  );

/** Random graphs over vectors of two: each node reads any earlier values, some are outputs, all names differ. */
export const anyGraph: fc.Arbitrary<Graph> = fc
  .array(fc.tuple(fc.constantFrom('Add', 'Mul', 'Relu', 'Neg', 'Max'), fc.nat(), fc.nat(), fc.boolean()), {
    minLength: 1,
    maxLength: 20,
  })
  .map(rows => {
    const names = ['x', 'y', 'w'];
    const nodes = rows.map(([op, a, b], i) => {
      const inputs = [names[a % names.length], names[b % names.length]].slice(
        0,
        op === 'Relu' || op === 'Neg' ? 1 : 2,
      );
      names.push(`v${i}`);
      return node(`v${i} = ${op}(${inputs.join(', ')})`, {}, `n${i}`);
    });
    const outputs = rows.flatMap(([, , , isOutput], i) =>
      isOutput || i === rows.length - 1 ? [info(`v${i}`, 2)] : [],
    );
    return graphOf(nodes, {
      inputs: [info('x', 2), info('y', 2)],
      outputs,
      constants: { w: tensor([0.5, -1.5]) },
    });
  });

/** The bytes of a network that was trained elsewhere, or undefined where that folder is not at hand. */
export function sharedModel(name: string): Uint8Array | undefined {
  const path = fileURLToPath(new URL(`../../../shared/models/${name}`, import.meta.url));
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
}
