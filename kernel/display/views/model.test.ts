/** The model view: modules by name, boxes that do not overlap, lines that join what the network joins. */
import { describe, expect, test } from 'vitest';
import { displaySymbol } from '../bundle.ts';
import { NEURONBOOK_MIME } from '../payload.ts';
import { layOut, type Box } from './model-layout.ts';
import { firstOpen, modulesOf, type LaidNode, type Module } from './model-tree.ts';
import { model, problem, type ModelNode, type ModelPayload } from './model.ts';

/** Blocks of two branches and a sum, as in a residual network. */
function residual(blocks: number): LaidNode[] {
  const nodes: LaidNode[] = [{ name: 'image', op: 'input', inputs: [] }];
  for (let b = 0; b < blocks; b++) {
    const before = nodes.length - 1;
    nodes.push({ name: `blocks.${b}.conv1`, op: 'Conv', inputs: [before] });
    nodes.push({ name: `blocks.${b}.act/scale`, op: 'Mul', inputs: [nodes.length - 1] });
    nodes.push({ name: `blocks.${b}.act`, op: 'Relu', inputs: [nodes.length - 1] });
    nodes.push({ name: `blocks.${b}.sum`, op: 'Add', inputs: [before, nodes.length - 1] });
  }
  return nodes;
}

const outline = ({ label, children }: Module): unknown => [
  label,
  ...children.map(child => (typeof child === 'number' ? child : outline(child))),
];

const all = (root: Module): Set<string> => {
  const open = new Set<string>();
  const walk = ({ path, children }: Module) => {
    open.add(path);
    children.filter(child => typeof child !== 'number').forEach(walk);
  };
  walk(root);
  return open;
};

const overlaps = (a: Box, b: Box) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const inside = (a: Box, b: Box) =>
  a.x >= b.x && a.x + a.width <= b.x + b.width && a.y >= b.y && a.y + a.height <= b.y + b.height;

describe('modules', () => {
  test('by dots, with a site beside its own steps, and without modules of one', () => {
    expect(outline(modulesOf(residual(2)))).toEqual([
      '',
      0,
      ['blocks', ['0', 1, ['act', 2, 3], 4], ['1', 5, ['act', 6, 7], 8]],
    ]);
  });

  test('by slashes, where names have them, dots and all', () => {
    const nodes = ['/layer1/layer1.0/conv1/Conv', '/layer1/layer1.0/Add', '/fc/Gemm'].map(name => ({
      name,
      op: '',
      inputs: [],
    }));
    expect(outline(modulesOf(nodes))).toEqual(['', ['layer1.layer1.0', 0, 1], 2]);
  });

  test('what leads out of a module and back into it lies in it; what comes before or after does not', () => {
    const named = (name: string, ...inputs: number[]) => ({ name, op: '', inputs });
    const nodes = [
      named('tokens'),
      named('embed', 0),
      named('blocks.0.in', 1),
      named('shape_1', 2),
      named('concat_1', 3),
      named('blocks.0.out', 2, 4),
      named('shape_2', 5),
      named('mask.a', 6),
      named('mask.b', 7),
      named('blocks.1.in', 5),
      named('blocks.1.mid', 8, 9),
      named('blocks.1.out', 10),
      named('blocks.1.last', 11),
      named('logits', 12),
    ];
    const tree = ['', 0, 1, ['blocks', ['0', 2, 3, 4, 5], 6, ['mask', 7, 8], ['1', 9, 10, 11, 12]], 13];
    expect(outline(modulesOf(nodes))).toEqual(tree);
    // two of a size stay apart
    const apart = [named('a.x'), named('b.x', 0), named('b.y', 1), named('a.y', 2)];
    expect(outline(modulesOf(apart))).toEqual(['', ['a', 0, 3], ['b', 1, 2]]);
  });

  test('five thousand modules that all lead to each other do not take their time', () => {
    const nodes = Array.from({ length: 20_000 }, (_, i) => ({
      name: `m${i % 5000}.n${i}`,
      op: '',
      inputs: i ? [i - 1] : [],
    }));
    const begun = process.cpuUsage();
    expect(modulesOf(nodes).children.length).toBe(5000);
    expect(process.cpuUsage(begun).user / 1000).toBeLessThan(2000);
  });

  test('a name of ten thousand dots is no tree of ten thousand levels', () => {
    const nodes = ['a', 'b'].map(last => ({ name: 'x.'.repeat(10_000) + last, op: '', inputs: [] }));
    expect(layOut(nodes, modulesOf(nodes), all(modulesOf(nodes))).boxes.length).toBeLessThan(30);
  });
});

describe('the layout', () => {
  const nodes = residual(3);
  const root = modulesOf(nodes);

  test.each([
    ['closed', new Set<string>()],
    ['as at first', firstOpen(root)],
    ['open', all(root)],
  ])('%s: boxes lie inside their module and on no other', (_, open) => {
    const { boxes, width, height } = layOut(nodes, root, open);
    const whole = { x: 0, y: 0, width: width + 0.01, height } as Box;
    for (const box of boxes) expect(inside(box, whole)).toBe(true);
    for (const [i, a] of boxes.entries())
      for (const b of boxes.slice(i + 1)) if (overlaps(a, b)) expect(inside(a, b) || inside(b, a)).toBe(true);
  });

  test('every line leaves the lower edge of its box, arrives at an upper one, and points down', () => {
    const { lines } = layOut(nodes, root, all(root));
    for (const { points, from, to } of lines) {
      const [x, y] = points;
      if (from) expect([x >= from.x && x <= from.x + from.width, y]).toEqual([true, from.y + from.height]);
      if (to) expect(points.at(-1)).toBe(to.y);
      for (let i = 3; i < points.length; i += 2) expect(points[i]).toBeGreaterThanOrEqual(points[i - 2]);
    }
  });

  test('closed modules are joined once for all the lines between what is in them', () => {
    const { boxes, lines } = layOut(nodes, root, new Set(['blocks']));
    const named = (box?: Box) => box?.label ?? 'border';
    expect(boxes.map(named)).toEqual(['image', 'blocks', '0', '1', '2']);
    expect(lines.map(({ from, to }) => `${named(from)} → ${named(to)}`).sort()).toEqual([
      '0 → 1',
      '1 → 2',
      'border → 0',
      'image → blocks',
    ]);
  });

  test('six thousand operators, all open, in less than two seconds of the processor', () => {
    const many = residual(1500);
    const tree = modulesOf(many);
    const begun = process.cpuUsage();
    expect(layOut(many, tree, all(tree)).boxes.length).toBeGreaterThan(6000);
    expect(process.cpuUsage(begun).user / 1000).toBeLessThan(2000);
  });
});

describe('the view', () => {
  const weight = { dtype: 'float32', dims: [8, 3, 3, 3], size: 216 };
  const network = {
    name: '<b>net</b>',
    graph: {
      opsets: { '': 17 },
      inputs: [{ name: 'image', dtype: 'float32', dims: ['batch', 3, 8, 8] }],
      outputs: [{ name: 'y', dtype: 'float32', dims: ['batch', 8, 6, 6] }],
      nodes: [
        {
          op: 'Conv',
          domain: '',
          name: 'c',
          inputs: ['image', 'w'],
          outputs: ['h'],
          attributes: { group: 1n },
        },
        { op: 'Gelu', domain: 'com.microsoft', name: 'g', inputs: ['h'], outputs: ['y'], attributes: {} },
      ],
      constants: new Map([['w', weight]]),
    },
    sites: { has: () => false, get: () => ({ name: '', dtype: '' }) },
  };
  const bundle = model(network)[displaySymbol]() as Record<string, string>;
  const { data } = (bundle as unknown as Record<string, ModelPayload>)[NEURONBOOK_MIME];

  test('says of each operator what it takes', () => {
    expect(data.nodes.map(({ name, op, inputs }) => [name, op, inputs])).toEqual([
      ['image', 'input', []],
      ['c', 'Conv', [0]],
      ['g', 'com.microsoft.Gelu', [1]],
      ['y', 'output', [2]],
    ]);
    expect(data.nodes[1]).toMatchObject({
      parameters: 216,
      facts: [
        ['w', 'float32 8×3×3×3'],
        ['group', '1'],
      ],
    });
  });

  test('passes its own validator, and carries words and a picture without markup of others', () => {
    expect(problem(JSON.parse(JSON.stringify(data)))).toBeUndefined();
    expect(bundle['text/plain']).toMatch(
      /^<b>net<\/b>: 2 operators, 216 parameters, opset 17\n {2}image {2}input/,
    );
    expect(bundle['image/svg+xml']).toMatch(/^<svg xmlns/);
    expect(bundle['image/svg+xml']).not.toMatch(/<b>|NaN|undefined/);
  });

  test('stands on a page where it is tall', () => {
    const nodes = Array.from({ length: 16 }, (_, i) => ({
      ...network.graph.nodes[1],
      name: `g${i}`,
      inputs: [i ? `x${i}` : 'image'],
      outputs: [i < 15 ? `x${i + 1}` : 'y'],
    }));
    const tall = model({ ...network, graph: { ...network.graph, nodes } })[displaySymbol]() as typeof bundle;
    const [, across, down, height] = /viewBox="0 0 (\d+) (\d+)" width="[\d.]+" height="([\d.]+)"/.exec(
      tall['image/svg+xml'],
    )!;
    expect(Number(down)).toBeGreaterThan(1100);
    expect(Number(across)).toBeGreaterThan(0);
    expect(Number(height)).toBe(960);
  });

  const node: ModelNode = { name: 'a', op: 'b', inputs: [] };
  test.each([
    [{ nodes: [{ ...node, inputs: [0] }] }, /nodes\[0\]/],
    [{ nodes: [node, { ...node, inputs: [-1] }] }, /nodes\[1\]/],
    [{ nodes: [{ ...node, facts: [['a', 3]] }] }, /nodes\[0\]/],
    [{ nodes: 'x' }, /not a list/],
    [{ nodes: Array(20_001).fill(node) }, /at most 20000/],
    [{ title: 3 }, /title/],
  ])('refuses %#', (wrong, message) => expect(problem({ ...data, ...wrong })).toMatch(message));
});
