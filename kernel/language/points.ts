/** Jupyter counts code points, JavaScript counts UTF-16 units: 𝑎 is one of the former and two of the latter. */

export function unitsOf(code: string, points: number): number {
  let units = 0;
  for (const char of code) {
    if (points-- <= 0) break;
    units += char.length;
  }
  return units;
}

export function pointsOf(code: string, units: number): number {
  let points = 0;
  let at = 0;
  for (const char of code) {
    if (at >= units) break;
    at += char.length;
    points++;
  }
  return points;
}
