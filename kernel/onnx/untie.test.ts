/** Weights that an exporter wrote once because they are equal are apart again; those of one module are not. */
import { expect, test } from 'vitest';
import { decode } from './decode.ts';
import { file } from './testing-file.ts';

const values = (...data: number[]) => ({ dims: [data.length], data_type: 1, float_data: data });
const scope = (...path: string[]) => [
  { key: 'pkg.torch.onnx.name_scopes', value: `['', ${path.map(each => `'${each}'`).join(', ')}, 'op']` },
];

/** As dynamo writes: one initializer, several readers, each with its module. */
const dynamo = (weight: number[], modules: string[][]) =>
  decode(
    file({
      initializer: [{ name: `${modules[0].at(-1)}.weight`, ...values(...weight) }],
      node: modules.map((path, i) => ({
        op_type: 'Mul',
        input: [i ? `h${i}` : 'x', `${modules[0].at(-1)}.weight`],
        output: [i === modules.length - 1 ? 'y' : `h${i + 1}`],
        metadata_props: scope(...path),
      })),
    }),
  );
const read = ({ nodes }: ReturnType<typeof decode>) => nodes.map(({ inputs }) => inputs[1]);

test('one number over and over is apart in any two modules, and not in one that is called twice', () => {
  const graph = dynamo([1, 1], [['norm'], ['l.0', 'l.0.norm'], ['norm']]);
  expect(read(graph)).toEqual(['norm.weight', 'l.0.norm.weight', 'norm.weight']);
  expect(graph.constants.get('l.0.norm.weight')).toBe(graph.constants.get('norm.weight'));
});

test('other weights are apart in copies of a module; an embedding that is the way out is not', () => {
  expect(read(dynamo([1, 2], [['l.0.a'], ['l.1.a'], ['l.1.a'], ['out']]))).toEqual([
    'l.0.a.weight',
    'l.1.a.weight',
    'l.1.a.weight',
    'l.0.a.weight',
  ]);
  expect(read(dynamo([1, 2], [['l@0'], ['l@1']]))).toEqual(['l@0.weight', 'l@0.weight']);
});

test('a module keeps the name that it has; one that has its own besides reads a constant', () => {
  const readers = [['n'], ['r']].map((path, i) => ({
    op_type: 'Mul',
    input: [i ? 'h' : 'x', 'r.weight'],
    output: [i ? 'g' : 'h'],
    metadata_props: scope(...path),
  }));
  const own = { op_type: 'Add', input: ['g', 'n.weight'], output: ['y'], metadata_props: scope('n') };
  const ones = { name: 'r.weight', ...values(1, 1) };
  const two = decode(file({ initializer: [ones], node: [readers[0], { ...readers[1], output: ['y'] }] }));
  expect(read(two)).toEqual(['n.weight', 'r.weight']);
  const initializer = [ones, { name: 'n.weight', ...values(2, 2) }];
  const three = decode(file({ initializer, node: [...readers, own] }));
  expect(read(three)).toEqual(['n/Constant_output_0', 'r.weight', 'n.weight']);
});

/** As TorchScript writes: an Identity for each of the others, and the module in the name of a node. */
const script = (weight: number[], names: [string, string], modules: [string, string]) =>
  decode(
    file({
      initializer: [{ name: names[0], ...values(...weight) }],
      node: [
        { op_type: 'Identity', input: [names[0]], output: [names[1]], name: 'Identity_7' },
        { op_type: 'Mul', input: ['x', names[0]], output: ['h'], name: `${modules[0]}/Mul` },
        { op_type: 'Mul', input: ['h', names[1]], output: ['y'], name: `${modules[1]}/Mul` },
      ],
    }),
  ).nodes.map(({ op }) => op);

test.each<[string, number[], [string, string], [string, string], boolean]>([
  ['equal numbers', [1, 1], ['w', 'v'], ['', ''], true],
  ['others', [1, 2], ['w', 'v'], ['', ''], false],
  ['names of copies', [1, 2], ['l.0.w', 'l.1.w'], ['', ''], true],
  ['modules that are copies', [1, 2], ['w_7', 'w_9'], ['/l.0/a', '/l.1/a'], true],
  ['a module that is called twice', [1, 2], ['w_7', 'w_9'], ['/a_1', '/a_2'], false],
  ['an embedding that is the way out', [1, 2], ['in.weight', 'out.weight'], ['/in', '/out'], false],
])('an Identity: %s', (_name, weight, names, modules, apart) => {
  expect(script(weight, names, modules)).toEqual(apart ? ['Mul', 'Mul'] : ['Identity', 'Mul', 'Mul']);
});
