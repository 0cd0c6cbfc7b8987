import { describe, expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import type { Graph } from './graph.ts';
import { print } from './print.ts';
import {
  compose,
  cut,
  freshName,
  graft,
  inline,
  namer,
  outline,
  prefix,
  rename,
  splice,
  tap,
} from './surgery.ts';
import { convnet, graphOf, info, node } from './testing.ts';
import { validate } from './validate.ts';

const names = (infos: readonly { name: string }[]) => infos.map(({ name }) => name);
const message = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return String(error);
  }
  return 'nothing thrown';
};

test('tap adds outputs, with what is known of them', () => {
  const tapped = tap(convnet(), ['r', 'c', 'conv.b', 'image', 'logits', 'r']);
  expect(tapped.outputs).toMatchInlineSnapshot(`
    [
      {
        "dims": [
          "batch",
          3,
        ],
        "dtype": "float32",
        "name": "logits",
      },
      {
        "dims": [
          "batch",
          2,
          2,
          2,
        ],
        "dtype": "float32",
        "name": "r",
      },
      {
        "dtype": "float32",
        "name": "c",
      },
      {
        "dims": [
          2,
        ],
        "dtype": "float32",
        "name": "conv.b",
      },
      {
        "dims": [
          "batch",
          1,
          4,
          4,
        ],
        "dtype": "float32",
        "name": "image",
      },
    ]
  `);
  expect(tap(tapped, ['c'])).toBe(tapped);
  expect(message(() => tap(convnet(), ['conv']))).toMatchInlineSnapshot(
    `"NameError: unknown value: conv; nearest: conv.w, conv.b, c; print the graph to see all names"`,
  );
});

test('tap knows the dtype of values that the file says nothing about', () => {
  const graph = graphOf(
    [
      node('s = Shape(x)'),
      node('h = Cast(x)', { to: 10n }),
      node('m = Greater(x, x)'),
      node('w = Where(m, s2, s2)'),
      node('top, at = TopK(x, k)'),
      node('y = Relu(x)'),
    ],
    {
      inputs: [info('x', 2)],
      outputs: [info('y', 2)],
      constants: { k: tensor([1n]), s2: tensor([1, 2], [2], 'int32') },
    },
  );
  const tapped = tap(graph, ['s', 'h', 'm', 'w', 'top', 'at']);
  expect(tapped.outputs.map(({ name, dtype }) => `${name} ${dtype}`)).toEqual([
    'y float32',
    's int64',
    'h float16',
    'm bool',
    'w int32',
    'top float32',
    'at int64',
  ]);
});

test('cut keeps what the outputs need', () => {
  expect(print(cut(convnet(), ['r']))).toMatchInlineSnapshot(`
    "test (opset 17)
      input image: float32 batch×1×4×4
      c = Conv(image, conv.w 2×1×3×3, conv.b=[0.5,-0.25]) pads=[1,1,1,1] strides=[2,2]
      r = Relu(c) → float32 batch×2×2×2
      return r"
  `);
  expect(names(cut(convnet(), ['conv.b']).nodes)).toEqual([]);
  expect(message(() => cut(convnet(), ['softmax']))).toMatchInlineSnapshot(
    `"NameError: unknown value: softmax; nearest: f, image, conv.w; print the graph to see all names"`,
  );
});

test('cut keeps what a subgraph takes from around it', () => {
  const branch = (text: string): Graph => graphOf([node(text)], { outputs: [info('b')] });
  const graph = graphOf(
    [
      node('h = Relu(x)'),
      node('dead = Neg(x)'),
      node('y = If(flag)', { then_branch: branch('b = Neg(h)'), else_branch: branch('b = Add(h, w)') }),
    ],
    {
      inputs: [info('x', 2), { name: 'flag', dtype: 'bool', dims: [] }],
      outputs: [info('y', 2)],
      constants: { w: tensor([1, 2]), unused: tensor([0]) },
    },
  );
  const kept = cut(graph);
  expect(kept.nodes.map(({ op }) => op)).toEqual(['Relu', 'If']);
  expect([...kept.constants.keys()]).toEqual(['w']);
  validate(kept);
});

describe('splice', () => {
  test('puts a built piece behind a value; the name goes with the edited one', () => {
    const spliced = splice(convnet(), 'r', (from, to, fresh) => {
      const gain = fresh('gain');
      return { nodes: [node(`${to} = Mul(${from}, ${gain})`)], constants: new Map([[gain, tensor(2)]]) };
    });
    validate(spliced);
    expect(print(spliced)).toMatchInlineSnapshot(`
      "test (opset 17)
        input image: float32 batch×1×4×4
        c = Conv(image, conv.w 2×1×3×3, conv.b=[0.5,-0.25]) pads=[1,1,1,1] strides=[2,2]
        r.before = Relu(c) → float32 batch×2×2×2
        r = Mul(r.before, gain=2) → float32 batch×2×2×2
        p = GlobalAveragePool(r)
        f = Flatten(p) axis=1
        logits = Gemm(f, fc.w 3×2, fc.b=[0,0,1]) alpha=1 transB=1 → float32 batch×3
        return logits"
    `);
  });

  test('puts a graph there, under fresh names', () => {
    const piece = graphOf([node('c = Neg(before)', {}, 'c'), node('after = Relu(c)')], {
      inputs: [info('before', 1, 2, 2, 2)],
      outputs: [info('after', 1, 2, 2, 2)],
    });
    const twice = splice(splice(convnet(), 'r', piece), 'r', piece);
    validate(twice);
    expect(print(twice)).toMatchInlineSnapshot(`
      "test (opset 17)
        input image: float32 batch×1×4×4
        c = Conv(image, conv.w 2×1×3×3, conv.b=[0.5,-0.25]) pads=[1,1,1,1] strides=[2,2]
        r.before = Relu(c) → float32 batch×2×2×2
        c.2 = Neg(r.before)
        r.before.2 = Relu(c.2) → float32 batch×2×2×2
        c.3 = Neg(r.before.2)
        r = Relu(c.3) → float32 batch×2×2×2
        p = GlobalAveragePool(r)
        f = Flatten(p) axis=1
        logits = Gemm(f, fc.w 3×2, fc.b=[0,0,1]) alpha=1 transB=1 → float32 batch×3
        return logits"
    `);
  });

  test('a piece that was made for one batch size does not fix it', () => {
    const piece = graphOf([node('inner = Neg(before)'), node('after = Relu(inner)')], {
      inputs: [info('before', 1, 2, 2, 2)],
      outputs: [info('after', 1, 2, 2, 2)],
      values: new Map([
        ['inner', info('inner', 1, 2, 2, 2)],
        ['after', info('after', 1, 2, 2, 2)],
      ]),
    });
    const { values } = splice(convnet(), 'r', piece);
    expect(values.get('inner')).toEqual({ name: 'inner', dtype: 'float32' });
    expect(values.get('r')).toEqual(info('r', 'batch', 2, 2, 2));
  });

  test('an input keeps its name: its consumers are redirected', () => {
    const spliced = splice(convnet(), 'image', (from, to) => ({ nodes: [node(`${to} = Neg(${from})`)] }));
    validate(spliced);
    expect(names(spliced.inputs)).toEqual(['image']);
    expect(spliced.nodes.slice(0, 2).map(({ op, inputs, outputs }) => [op, inputs[0], outputs[0]])).toEqual([
      ['Neg', 'image', 'image.after'],
      ['Conv', 'image.after', 'c'],
    ]);
  });

  test('a constant can be edited as well', () => {
    const spliced = splice(convnet(), 'fc.b', (from, to) => ({ nodes: [node(`${to} = Neg(${from})`)] }));
    validate(spliced);
    expect([...spliced.constants.keys()]).toEqual(['conv.w', 'conv.b', 'fc.w', 'fc.b.before']);
  });

  test('a piece may read values that are computed later: the nodes are sorted', () => {
    const graph = graphOf(
      [node('a = Relu(x)'), node('b = Neg(x)'), node('y = Add(a, x)'), node('z = Add(b, y)')],
      {
        inputs: [info('x', 2)],
        outputs: [info('z', 2)],
      },
    );
    const spliced = splice(graph, 'a', (from, to) => ({ nodes: [node(`${to} = Add(${from}, b)`)] }));
    validate(spliced);
    expect(spliced.nodes.map(({ outputs }) => outputs[0])).toEqual(['a.before', 'b', 'a', 'y', 'z']);
  });

  test('a piece that reads what it feeds is a cycle, and is named', () => {
    const spliced = () =>
      splice(convnet(), 'c', (from, to) => ({ nodes: [node(`${to} = Add(${from}, r)`, {}, 'loop')] }));
    expect(message(spliced)).toMatchInlineSnapshot(
      `"FormatError: the model: the graph has a cycle: relu → loop → relu; expected nodes that can be ordered"`,
    );
  });

  test('further inputs of a piece become inputs, or connect by name', () => {
    const piece = graphOf([node('scaled = Mul(v, strength)'), node('after = Add(scaled, image)')], {
      inputs: [info('v', 2), info('strength'), info('image', 2)],
      outputs: [info('after', 2)],
    });
    const spliced = splice(convnet(), 'r', piece);
    expect(names(spliced.inputs)).toEqual(['image', 'strength']);
    validate(spliced);
  });

  test('opsets meet where every operator means the same', () => {
    const piece = (op: string, opset: number) =>
      graphOf([node(`after = ${op}(before)`)], {
        inputs: [info('before', 2)],
        outputs: [info('after', 2)],
        opsets: { '': opset },
      });
    expect(splice(convnet(), 'r', piece('Relu', 21)).opsets).toEqual({ '': 17 });
    expect(splice(convnet(), 'r', piece('ReduceMean', 21)).opsets).toEqual({ '': 18 });
    const old = {
      ...convnet(),
      opsets: { '': 12 },
      nodes: [...convnet().nodes, node('q = Softmax(logits)', {}, 'prob')],
    };
    expect(message(() => splice(old, 'r', piece('ReduceMean', 21)))).toMatchInlineSnapshot(
      `"NeuronbookError: opsets 12 and 21 do not go together: Softmax prob keeps the graph below 13, and ReduceMean r is newer; upgrade the graph to opset 21 first"`,
    );
  });
});

test('graft renames a whole piece into another graph', () => {
  const piece = graft(convnet(), { image: 'photo' }, namer(convnet()));
  expect(piece.nodes[0]).toMatchObject({ inputs: ['photo', 'conv.w.2', 'conv.b.2'], outputs: ['c.2'] });
  expect(piece.inputs).toEqual([]);
});

test('inline turns inputs into constants, outline constants into inputs', () => {
  const image = tensor(new Float32Array(16), [1, 1, 4, 4]);
  const fixed = inline(convnet(), { image });
  expect(fixed.inputs).toEqual([]);
  expect(fixed.constants.get('image')).toBe(image);
  const { graph, values } = outline(convnet(), ['fc.w', 'fc.b']);
  expect(graph.inputs.map(({ name, dims }) => [name, dims])).toEqual([
    ['image', ['batch', 1, 4, 4]],
    ['fc.w', [3, 2]],
    ['fc.b', [3]],
  ]);
  expect(inline(graph, values).constants).toEqual(new Map([...convnet().constants]));
  expect(message(() => inline(convnet(), { imge: image }))).toMatchInlineSnapshot(
    `"NameError: unknown input: imge; nearest: image"`,
  );
  expect(message(() => inline(convnet(), { image: tensor([1, 2]) }))).toMatchInlineSnapshot(
    `"ShapeError: constant for image is float32 2; expected float32 batch×1×4×4"`,
  );
  expect(message(() => outline(convnet(), ['fc']))).toMatchInlineSnapshot(
    `"NameError: unknown constant: fc; nearest: fc.w, fc.b, conv.w"`,
  );
});

test('compose lets one graph feed another', () => {
  const loss = graphOf([node('c = Mul(scores, scores)'), node('loss = ReduceSum(c)')], {
    inputs: [info('scores', 'batch', 3)],
    outputs: [info('loss')],
  });
  const both = compose(convnet(), loss, { scores: 'logits' });
  validate(both);
  expect(print(both)).toMatchInlineSnapshot(`
    "test, test (opset 17)
      input image: float32 batch×1×4×4
      c = Conv(image, conv.w 2×1×3×3, conv.b=[0.5,-0.25]) pads=[1,1,1,1] strides=[2,2]
      r = Relu(c) → float32 batch×2×2×2
      p = GlobalAveragePool(r)
      f = Flatten(p) axis=1
      logits = Gemm(f, fc.w 3×2, fc.b=[0,0,1]) alpha=1 transB=1 → float32 batch×3
      c.2 = Mul(logits, logits)
      loss = ReduceSum(c.2) → float32 scalar
      return loss"
  `);
  expect(message(() => compose(convnet(), loss, { score: 'logits' }))).toMatchInlineSnapshot(
    `"NameError: unknown input: score; nearest: scores; of test"`,
  );
  expect(message(() => compose(convnet(), loss, { scores: 'logit' }))).toMatchInlineSnapshot(
    `"NameError: unknown value: logit; nearest: logits, conv.w, conv.b; print the graph to see all names"`,
  );
  expect(
    message(() => compose(convnet(), rename(loss, { loss: 'logits' }), { scores: 'r' })),
  ).toMatchInlineSnapshot(
    `"NeuronbookError: both graphs have logits; expected other names; call prefix on one of them"`,
  );
});

test('rename reaches into subgraphs, and stops where they hide the name', () => {
  const branch = (text: string): Graph => graphOf([node(text)], { outputs: [info('b')] });
  const graph = graphOf(
    [node('y = If(flag)', { then_branch: branch('b = Neg(x)'), else_branch: branch('b = Relu(x)') })],
    {
      inputs: [info('x', 2), { name: 'flag', dtype: 'bool', dims: [] }],
      outputs: [info('y', 2)],
    },
  );
  const renamed = rename(graph, { x: 'image', b: 'wrong' });
  expect((renamed.nodes[0].attributes.then_branch as Graph).nodes[0]).toMatchObject({
    inputs: ['image'],
    outputs: ['b'],
  });
  expect(names(prefix(graph, 'net.', ['flag']).inputs)).toEqual(['net.x', 'flag']);
});

test('fresh names', () => {
  expect(freshName(convnet(), 'c')).toBe('c.2');
  const fresh = namer(convnet());
  expect([fresh('c'), fresh('c'), fresh('new'), fresh('new')]).toEqual(['c.2', 'c.3', 'new', 'new.2']);
});
