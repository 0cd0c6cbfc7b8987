/** Replaced gradient rules: by op, by site, through expanded ops and integers; what they refuse; that they end. */
import { describe, expect, test } from 'vitest';
import { tensor, type Tensor } from '../base/tensor.ts';
import { apply, cast, greater, mul, relu, sub, tanh } from './functions.ts';
import { gradients } from './grad.ts';
import { override, overriding, overridingEach, type Override } from './override.ts';
import { hvp } from './products.ts';
import { execute } from './testing.ts';
import { Trace } from './trace.ts';
import type { Var } from './var.ts';

const x0 = tensor([-2, -1, 1, 2]);
const seeds = tensor([1, -1, 1, -1]);

/** The slopes of a function of x at x₀, seeded with 1, −1, 1, −1. */
async function slopes(build: (x: Var) => Var, overrides: readonly Override[]): Promise<number[]> {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [4]);
  const y = build(x);
  const [dx] = overriding(trace, overrides, () => gradients(trace, y, [x], trace.constant(seeds)));
  return plain((await execute(trace.graph({ dx }), { x: x0 })).dx);
}

/** The numbers, −0 as 0. */
const plain = (value: Tensor) => value.toNumbers().map(number => number + 0);

const guided = override('Relu', ({ dy, outputs: [y] }) => mul(relu(dy), cast(greater(y, 0), 'float32')));
const through = (target: string) => override(target, ({ dy }) => dy);
const named = (op: string, name: string) => (x: Var) =>
  x.trace.apply(op, [x], {}, { name, outputs: [name] })[0];

describe('an override', () => {
  test('holds for every op of a type, and its rule is back afterwards', async () => {
    const build = (x: Var) => relu(mul(relu(x), 2));
    expect(await slopes(build, [])).toEqual([0, 0, 2, -2]);
    expect(await slopes(build, [guided])).toEqual([0, 0, 2, 0]);

    const trace = new Trace();
    const x = trace.input('x', 'float32', [4]);
    const y = build(x);
    const before = [...trace.steps];
    overriding(trace, [guided], () => {});
    expect(trace.steps).toEqual(before);
    expect(() => overriding(trace, [guided, through('Rely')], () => {})).toThrow();
    trace.steps.forEach((step, i) => expect(step).toBe(before[i]));
    const [dx] = gradients(trace, y, [x], trace.constant(seeds));
    expect(plain((await execute(trace.graph({ dx }), { x: x0 })).dx)).toEqual([0, 0, 2, -2]);
  });

  test('of a site leaves the other ops of its type alone', async () => {
    const build = (x: Var) => named('Relu', 'second')(sub(1.5, named('Relu', 'first')(x)));
    expect(await slopes(build, [])).toEqual([0, 0, -1, 0]);
    expect(await slopes(build, [through('first')])).toEqual([-1, 1, -1, 0]);
    expect(await slopes(build, [through('second')])).toEqual([0, 0, -1, 1]);
    expect(await slopes(build, [through('first'), through('second')])).toEqual([-1, 1, -1, 1]);
  });

  test('gives the gradient of each input', async () => {
    const halves = override('Mul', ({ dy, inputs: [a, b] }) => [
      mul(mul(dy, b!), 0.5),
      mul(mul(dy, a!), 0.25),
    ]);
    expect(await slopes(x => mul(x, x), [halves])).toEqual([-1.5, 0.75, 0.75, -1.5]);
    expect(await slopes(x => mul(x, x), [override('Mul', ({ dy }) => [undefined, dy])])).toEqual([
      1, -1, 1, -1,
    ]);
  });

  test('passes ops that have no slope, and integers: the straight-through rule', async () => {
    const rounded = (x: Var) => mul(cast(cast(apply('Round', [mul(x, 0.3)]), 'int8'), 'float32'), 2);
    expect(await slopes(rounded, [])).toEqual([0, 0, 0, 0]);
    const straight = ['Round', 'Cast'].map(through);
    (await slopes(rounded, straight)).forEach((slope, i) =>
      expect(slope).toBeCloseTo([0.6, -0.6, 0.6, -0.6][i], 6),
    );
  });

  test('takes an op whole that was expanded into others', async () => {
    const own = await slopes(named('HardSwish', 'act'), []);
    const whole = override('HardSwish', ({ op, site, dy, inputs, outputs }) => {
      expect([op, site, inputs.length, outputs[0].name]).toEqual(['HardSwish', 'act', 1, 'act']);
      return mul(dy, 3);
    });
    expect(await slopes(named('HardSwish', 'act'), [whole])).toEqual([3, -3, 3, -3]);
    expect(await slopes(named('HardSwish', 'act'), [override('act', ({ dy }) => mul(dy, 4))])).toEqual([
      4, -4, 4, -4,
    ]);
    expect(await slopes(named('HardSwish', 'act'), [])).toEqual(own);
  });

  const second = async (build: (x: Var) => Var, overrides: readonly Override[]) => {
    const trace = new Trace();
    const x = trace.input('x', 'float32', [4]);
    const y = apply('ReduceSum', [build(x)], { keepdims: 0n });
    const [hv] = overriding(trace, overrides, () => hvp(trace, y, [x], [trace.constant(seeds)]));
    return plain((await execute(trace.graph({ hv }), { x: x0 })).hv);
  };

  test('counts in second derivatives too', async () => {
    // y = Σ x·sign(x):  with sign straight through  y′ = sign(x) + x  and  y″ = 2
    const magnitude = (x: Var) => mul(x, apply('Sign', [x]));
    expect(await second(magnitude, [])).toEqual([0, 0, 0, 0]);
    expect(await second(magnitude, [through('Sign')])).toEqual([2, -2, 2, -2]);
  });

  test('leaves the ops that the gradient is made of alone', async () => {
    // y = Σ 3·tanh(x):  y″ holds the override's 2 once, though the slope of tanh is made of Mul too
    const double = override('Mul', ({ dy, inputs: [, b] }) => [mul(mul(dy, b!), 2)]);
    const build = (x: Var) => mul(tanh(x), 3);
    const own = await second(build, []);
    expect(await second(build, [double])).toEqual(own.map(number => 2 * number));
  });
});

test('a rule chosen for each place: the whole of an expanded op comes after its parts', async () => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [4]);
  const y = relu(named('HardSwish', 'act')(x));
  const before = [...trace.steps];
  const asked: string[] = [];
  const choose = ({ op }: { op: string }) => {
    asked.push(op);
    return op === 'Relu' ? undefined : ({ dy }: { dy: Var }) => mul(dy, op === 'HardSwish' ? 3 : 100);
  };
  const [dx] = overridingEach(trace, choose, () => gradients(trace, y, [x], trace.constant(seeds)));
  expect(asked.at(-1)).toBe('HardSwish');
  expect(asked).toContain('Mul');
  // the ReLU keeps its own rule, and the parts of the HardSwish have no say
  expect(plain((await execute(trace.graph({ dx }), { x: x0 })).dx)).toEqual([0, 0, 3, -3]);
  before.forEach((step, i) => expect(trace.steps[i]).toBe(step));
});

test('the later of two overrides counts', async () => {
  const twice = (factor: number) => override('Relu', ({ dy }) => mul(dy, factor));
  expect(await slopes(relu, [twice(2), twice(3)])).toEqual([3, -3, 3, -3]);
});

test('an override refuses a name that the graph does not have, and a gradient that does not fit', async () => {
  await expect(slopes(named('Relu', 'act1'), [through('Rely')])).rejects.toThrowErrorMatchingInlineSnapshot(
    `[NameError: unknown op or site: Rely; nearest: Relu, act1; nothing to override]`,
  );
  await expect(slopes(named('Relu', 'act1'), [through('act2')])).rejects.toThrowErrorMatchingInlineSnapshot(
    `[NameError: unknown op or site: act2; nearest: act1, Relu; nothing to override]`,
  );
  const wrong = override('Relu', ({ dy }) => apply('ReduceSum', [dy], { keepdims: 0n }));
  await expect(slopes(named('Relu', 'act1'), [wrong])).rejects.toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: override of Relu at act1 gives scalar for input 0; expected 4, like that input]`,
  );
  const many = override('Relu', ({ dy }) => [dy, dy]);
  await expect(slopes(named('Relu', 'act1'), [many])).rejects.toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: override of Relu at act1 gives 4 for input 1; expected undefined: it has 1 inputs]`,
  );
});
