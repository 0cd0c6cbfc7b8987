/** Pointwise nonlinearities. Where a function has a corner, its slope there is PyTorch's. */
import { greater, indicator, mul, sub } from '../functions.ts';
import { elementwise } from './makers.ts';

// y = max(0, x):  y′ = [y > 0], 0 at the corner
export const Relu = elementwise((x, y) => indicator(greater(y, 0), x));

// y = 1/(1 + e^−x):  y′ = y(1 − y)
export const Sigmoid = elementwise((_x, y) => mul(y, sub(1, y)));

// y = tanh x:  y′ = 1 − y²
export const Tanh = elementwise((_x, y) => sub(1, mul(y, y)));
