import { expect, test } from 'vitest';
import { decode } from './decode.ts';
import { print } from './print.ts';
import { kinds } from './schema.ts';
import { file, refusal, valueInfo } from './testing-file.ts';

test('functions of the model are written out, where they call each other too', () => {
  const scale = {
    name: 'Scale',
    domain: 'local',
    input: ['v', 'unused'],
    output: ['r'],
    attribute: ['by'],
    attribute_proto: [{ name: 'shift', type: kinds.FLOAT, f: 1 }],
    node: [
      {
        op_type: 'Constant',
        output: ['k'],
        attribute: [{ name: 'value_float', type: kinds.FLOAT, ref_attr_name: 'by' }],
      },
      {
        op_type: 'Constant',
        output: ['s'],
        attribute: [{ name: 'value_float', type: kinds.FLOAT, ref_attr_name: 'shift' }],
      },
      { op_type: 'Mul', name: 'times', input: ['v', 'k'], output: ['m'] },
      { op_type: 'Add', input: ['m', 's'], output: ['r'] },
    ],
    opset_import: [{ version: 17 }],
  };
  const twice = {
    name: 'Twice',
    domain: 'local',
    input: ['a'],
    output: ['b', 'a'],
    node: [
      {
        op_type: 'Scale',
        domain: 'local',
        name: 'first',
        input: ['a'],
        output: ['h'],
        attribute: [{ name: 'by', type: kinds.FLOAT, f: 2 }],
      },
      {
        op_type: 'Scale',
        domain: 'local',
        name: 'second',
        input: ['h'],
        output: ['b'],
        attribute: [
          { name: 'by', type: kinds.FLOAT, f: 3 },
          { name: 'shift', type: kinds.FLOAT, f: 0 },
        ],
      },
    ],
    opset_import: [{ version: 17 }, { domain: 'local', version: 1 }],
  };
  const model = {
    functions: [scale, twice],
    opset_import: [{ version: 17 }, { domain: 'local', version: 1 }],
  };
  const node = [{ op_type: 'Twice', domain: 'local', name: 'call', input: ['x'], output: ['y', 'same'] }];
  const graph = decode(file({ node, output: [valueInfo('y'), valueInfo('same')] }, model));
  expect(print(graph)).toMatchInlineSnapshot(`
    "g (opset 17)
      input x: float32 2
      call/first/m = Mul(x, call/first/k=2)
      call/h = Add(call/first/m, call/first/s=1)
      call/second/m = Mul(call/h, call/second/k=3)
      y = Add(call/second/m, call/second/s=0) → float32 2
      same = Identity(x) → float32 2
      return y, same"
  `);
  const endless = {
    ...twice,
    node: [{ op_type: 'Twice', domain: 'local', name: 'again', input: ['a'], output: ['b'] }],
  };
  expect(refusal(file({ node }, { ...model, functions: [endless] }))).toMatchInlineSnapshot(
    `"net.onnx: function local.Twice calls itself; expected functions that end"`,
  );
});
