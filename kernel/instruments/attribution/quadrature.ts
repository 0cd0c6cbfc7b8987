/** ∫₀¹ g(α) dα as Σ wᵢ·g(αᵢ). */
import { NameError, NeuronbookError } from '../../base/errors.ts';

/** Gauss–Legendre needs the fewest points for smooth functions; the others are Riemann sums. */
export type Quadrature = 'gauss-legendre' | 'left' | 'right' | 'middle' | 'trapezoid';

const rules: Record<Quadrature, (n: number) => readonly (readonly [alpha: number, weight: number])[]> = {
  'gauss-legendre': gaussLegendre,
  left: n => upTo(n).map(i => [i / n, 1 / n]),
  right: n => upTo(n).map(i => [(i + 1) / n, 1 / n]),
  middle: n => upTo(n).map(i => [(i + 0.5) / n, 1 / n]),
  // n points bound n − 1 pieces, so that the weights add up to 1 (Captum divides by n)
  trapezoid: n => upTo(n).map(i => [i / (n - 1), (i === 0 || i === n - 1 ? 0.5 : 1) / (n - 1)]),
};

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/**
 * @throws NameError on a rule that does not exist; NeuronbookError where it needs more points
 * @example quadrature('middle', 2).alphas // → 0.25,0.75
 */
export function quadrature(rule: Quadrature, points: number): { alphas: number[]; weights: number[] } {
  if (!Object.hasOwn(rules, rule))
    throw new NameError('rule', rule, Object.keys(rules), 'the ways to integrate');
  if (rule !== 'gauss-legendre' && points < 2)
    throw new NeuronbookError(`${points} step of the ${rule} rule; expected 2 or more`);
  const pairs = rules[rule](points);
  return { alphas: pairs.map(([alpha]) => alpha), weights: pairs.map(([, weight]) => weight) };
}

/**
 * Roots t of the Legendre polynomial Pₙ by Newton's method, and weights 2 / ((1 − t²)·Pₙ′(t)²), moved from [−1, 1]
 * to [0, 1].
 * @see Press et al., Numerical Recipes, section 4.6
 */
function gaussLegendre(n: number): readonly (readonly [number, number])[] {
  return upTo(n).map(i => {
    let t = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let round = 0; round < 100; round++) {
      // (k + 1)·Pₖ₊₁ = (2k + 1)·t·Pₖ − k·Pₖ₋₁
      let [before, now] = [0, 1];
      for (let k = 0; k < n; k++) [before, now] = [now, ((2 * k + 1) * t * now - k * before) / (k + 1)];
      slope = (n * (t * now - before)) / (t * t - 1);
      const step = now / slope;
      t -= step;
      if (Math.abs(step) < 1e-15) break;
    }
    return [(1 + t) / 2, 1 / ((1 - t * t) * slope * slope)];
  });
}
