/** A Gaussian blur as two matrix products, exact up to the border, where the weights within the picture sum to 1. */
import { tensor, type Tensor } from '../../../base/tensor.ts';
import { constant, matmul } from '../../../engine/functions.ts';
import type { Var } from '../../../engine/var.ts';

/** y = B_H · x · B_Wᵀ for each plane of N×C×H×W. */
export function blurred(x: Var, sigma: number): Var {
  const [height, width] = x.dims.slice(-2);
  const down = constant(x.trace, spread(height, sigma, false));
  const across = constant(x.trace, spread(width, sigma, true));
  return matmul(down, matmul(x, across));
}

/** B[p, q] = e^{−(p−q)²/2σ²} / Σ_q e^{−(p−q)²/2σ²} */
function spread(size: number, sigma: number, transposed: boolean): Tensor {
  const data = new Float32Array(size * size);
  for (let p = 0; p < size; p++) {
    const row = Array.from({ length: size }, (_, q) => Math.exp(-((p - q) ** 2) / (2 * sigma * sigma)));
    const sum = row.reduce((a, b) => a + b);
    row.forEach((weight, q) => (data[transposed ? q * size + p : p * size + q] = weight / sum));
  }
  return tensor(data, [size, size]);
}
