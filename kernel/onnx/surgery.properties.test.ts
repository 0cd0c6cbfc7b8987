import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import type { Graph } from './graph.ts';
import { print } from './print.ts';
import { compose, cut, prefix, rename, sort, splice, tap } from './surgery.ts';
import { anyGraph, graphOf, info, node } from './testing.ts';
import { validate } from './validate.ts';

const names = (infos: readonly { name: string }[]) => infos.map(({ name }) => name);

describe('for any graph', () => {
  const check = (property: (graph: Graph) => void) =>
    fc.assert(
      fc.property(anyGraph, graph => {
        const before = print(graph);
        property(graph);
        expect(print(graph)).toBe(before);
      }),
      { seed: 1, numRuns: 200 },
    );
  const anyValue = (graph: Graph) => graph.nodes[graph.nodes.length >> 1].outputs[0];

  test('cut after tap is cut, but for what tap learned of the values', () =>
    check(graph => {
      const tapped = cut(tap(graph, ['x', anyValue(graph)]), names(graph.outputs));
      expect({ ...tapped, values: new Map() }).toEqual({ ...cut(graph), values: new Map() });
    }));
  test('cut twice is cut once, and leaves a valid graph', () =>
    check(graph => {
      const once = cut(graph, [anyValue(graph)]);
      validate(once);
      expect(cut(once)).toEqual(once);
    }));
  test('sorting reversed nodes gives a valid graph with the same nodes', () =>
    check(graph => {
      const sorted = sort({ ...graph, nodes: [...graph.nodes].reverse() });
      validate(sorted);
      expect(new Set(sorted.nodes)).toEqual(new Set(graph.nodes));
    }));
  test('a splice at any value is valid and keeps inputs and outputs', () =>
    check(graph => {
      for (const name of ['x', 'w', anyValue(graph)]) {
        const spliced = splice(graph, name, (from, to) => ({ nodes: [node(`${to} = Identity(${from})`)] }));
        validate(spliced);
        expect([names(spliced.inputs), names(spliced.outputs)]).toEqual([
          names(graph.inputs),
          names(graph.outputs),
        ]);
      }
    }));
  test('renaming there and back is nothing', () =>
    check(graph => expect(rename(rename(graph, { x: 'a', v0: 'b' }), { a: 'x', b: 'v0' })).toEqual(graph)));
});

test('sixteen times the nodes take about sixteen times as long', () => {
  const work = (length: number) => {
    const chain = Array.from({ length }, (_, i) => node(`v${i + 1} = Add(v${i}, w${i})`, {}, `n${i}`));
    const weights = Object.fromEntries(Array.from({ length }, (_, i) => [`w${i}`, tensor([i])]));
    const ends = { inputs: [info('v0', 1)], outputs: [info(`v${length}`, 1)], constants: weights };
    const graph = graphOf(chain, ends);
    const time = () => {
      // processor time: what else runs on the machine does not count
      const start = process.cpuUsage();
      const sorted = sort({ ...graph, nodes: [...graph.nodes].reverse() });
      validate(sorted);
      const edited = splice(sorted, 'v500', (from, to) => ({ nodes: [node(`${to} = Neg(${from})`)] }));
      const both = compose(cut(tap(edited, ['v700'])), prefix(graph, 'b.'), { 'b.v0': 'v700' });
      expect(both.nodes).toHaveLength(2 * length + 1);
      return process.cpuUsage(start).user;
    };
    return Math.min(time(), time(), time());
  };
  work(1_000);
  // linear: 16; quadratic: 256
  expect(work(16_000) / work(1_000)).toBeLessThan(80);
});
