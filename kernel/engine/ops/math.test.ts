/** Gradients of the elementary functions against finite differences. */
import { test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import { abs, apply, cos, erf, exp, log, sign, sin, sqrt } from '../functions.ts';
import { checkGradient, normal, second, uniform, type Case } from '../testing.ts';
import type { Var } from '../var.ts';

const x = normal([2, 5]);
const positive = uniform([2, 5], 0.3, 3);
const named = (op: string) => (value: Var) => apply(op, [value]);

test.each<Case>([
  ['Sqrt', sqrt, [positive]],
  ['Sqrt twice', second(sqrt), [positive]],
  ['Exp', exp, [x]],
  ['Exp twice', second(exp), [x]],
  ['Log', log, [positive]],
  ['Log twice', second(log), [positive]],
  ['Abs', abs, [x]],
  // central differences give 0 at the corner
  ['Abs at 0', abs, [tensor([0, 1, -1])]],
  ['Sin', sin, [x]],
  ['Sin twice', second(sin), [x]],
  ['Cos', cos, [x]],
  ['Tan', named('Tan'), [uniform([2, 5], -1, 1)]],
  ['Atan', named('Atan'), [x]],
  ['Asin', named('Asin'), [uniform([2, 5], -0.8, 0.8)]],
  ['Acos', named('Acos'), [uniform([2, 5], -0.8, 0.8)]],
  ['Acos twice', second(named('Acos')), [uniform([2, 5], -0.8, 0.8)]],
  ['Sinh', named('Sinh'), [x]],
  ['Cosh', named('Cosh'), [x]],
  ['Cosh twice', second(named('Cosh')), [x]],
  ['Asinh', named('Asinh'), [x]],
  ['Asinh twice', second(named('Asinh')), [x]],
  ['Acosh', named('Acosh'), [uniform([2, 5], 1.3, 3)]],
  ['Atanh', named('Atanh'), [uniform([2, 5], -0.7, 0.7)]],
  ['Erf', erf, [x]],
  ['Erf twice', second(erf), [x]],
  ['Softsign', named('Softsign'), [x]],
  ['Softplus', named('Softplus'), [x]],
  ['Softplus twice', second(named('Softplus')), [x]],
  ['Sign is flat', sign, [x], { zero: true }],
  ['Floor is flat', named('Floor'), [x], { zero: true }],
  ['Ceil is flat', named('Ceil'), [x], { zero: true }],
  ['Round is flat', named('Round'), [x], { zero: true }],
])('%s', checkGradient);
