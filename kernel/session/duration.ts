/** Times as IPython writes them: three digits and the unit that fits. */

const units: readonly [string, number][] = [
  ['s', 1e3],
  ['ms', 1],
  ['µs', 1e-3],
  ['ns', 1e-6],
];

/** @param ms milliseconds @example durationOf(0.0123) // → '12.3 µs' */
export function durationOf(ms: number): string {
  if (ms >= 60_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
  const [unit, size] = units.find(([, least]) => ms >= least) ?? units[units.length - 1];
  return `${Number((ms / size).toPrecision(3))} ${unit}`;
}
