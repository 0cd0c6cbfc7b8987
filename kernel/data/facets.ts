/**
 * How many kinds there are in a set of rows, and which row is of which: principal axes, then k-means with the number of
 * clusters that the silhouettes speak for. One kind is an answer too.
 */
import type { Matrix } from 'ml-matrix';
import { NeuronbookError } from '../base/errors.ts';
import { rng as seeded } from '../base/rng.ts';

export interface FacetOptions {
  /** The most clusters that are tried. */
  most?: number;
  /** Principal axes that are looked at. */
  axes?: number;
  /**
   * The mean silhouette from which several clusters are believed: about 0.5 between clear clusters, less than 0.3 in a
   * single normal cloud cut in two along its longest axis.
   */
  least?: number;
  /** The smallest share of all rows that is a cluster, and no outlier. */
  share?: number;
  /** The least distance between the middles of two clusters: nearer ones are one kind, however clear the gap. */
  apart?: number;
  seed?: string | number;
}

export interface Facets {
  /** How many clusters: 1 where no division is clear. */
  readonly count: number;
  /** The cluster of each row. */
  readonly labels: readonly number[];
  /** Rows of each cluster, from its middle outwards. */
  readonly members: readonly (readonly number[])[];
  /** Mean silhouette by number of clusters, from 2. */
  readonly silhouettes: Readonly<Record<number, number>>;
}

/**
 * Divides rows into kinds.
 * @param rows as many numbers in each; at least three rows
 * @throws NeuronbookError on fewer rows, or rows of different lengths
 * @see https://doi.org/10.1016/0377-0427(87)90125-7 (Rousseeuw 1987, silhouettes)
 * @example (await facets([[0, 0], [0, 1], [0, 2], [9, 0], [9, 1], [9, 2]])).count // → 2
 */
export async function facets(
  rows: readonly (readonly number[])[],
  { most = 5, axes = 10, least = 0.35, share = 0.1, apart = 0, seed = 0 }: FacetOptions = {},
): Promise<Facets> {
  if (rows.length < 3 || rows.some(row => row.length !== rows[0].length || row.length === 0))
    throw new NeuronbookError(`facets of ${rows.length} rows; expected at least three, of the same length`);
  const points = await principal(rows, axes);
  const distances = points.map(a => points.map(b => distance(a, b)));
  const silhouettes: Record<number, number> = {};
  let best = points.map(() => 0);
  let reached = least;
  for (let count = 2; count <= Math.min(most, rows.length - 1); count++) {
    const labels = await divided(points, count, seed);
    const sizes = Array.from({ length: count }, (_, k) => labels.filter(label => label === k).length);
    silhouettes[count] = silhouette(distances, labels, count);
    const small = Math.min(...sizes) < share * rows.length;
    if (small || silhouettes[count] <= reached || gap(points, labels, count) < apart) continue;
    [best, reached] = [labels, silhouettes[count]];
  }
  const count = Math.max(...best) + 1;
  const members = Array.from({ length: count }, (_, k) => {
    const own = best.flatMap((label, i) => (label === k ? [i] : []));
    // the middle is the row with the shortest way to all others
    const from = (i: number) => own.reduce((sum, j) => sum + distances[i][j], 0);
    return own.sort((a, b) => from(a) - from(b));
  });
  return { count, labels: best, members, silhouettes };
}

/** The coordinates of each row on the axes of largest variance: X·V, from the eigenvectors of X·Xᵀ or Xᵀ·X. */
async function principal(rows: readonly (readonly number[])[], axes: number): Promise<number[][]> {
  const { Matrix } = await import('ml-matrix');
  const x = new Matrix(rows.map(row => [...row])).center('column');
  const kept = Math.min(axes, x.rows, x.columns);
  // the smaller of the two products
  if (x.rows <= x.columns) {
    const { values, vectors } = await eigen(x.mmul(x.transpose()), kept);
    return Array.from({ length: x.rows }, (_, i) =>
      vectors.map((v, k) => v[i] * Math.sqrt(Math.max(0, values[k]))),
    );
  }
  const { vectors } = await eigen(x.transpose().mmul(x), kept);
  return x.mmul(new Matrix(vectors).transpose()).to2DArray();
}

/** The `kept` largest eigenvalues and their vectors, largest first. */
async function eigen(symmetric: Matrix, kept: number): Promise<{ values: number[]; vectors: number[][] }> {
  const { EigenvalueDecomposition } = await import('ml-matrix');
  const made = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  const order = made.realEigenvalues
    .map((_, i) => i)
    .sort((a, b) => made.realEigenvalues[b] - made.realEigenvalues[a]);
  const kinds = order.slice(0, kept);
  return {
    values: kinds.map(i => made.realEigenvalues[i]),
    vectors: kinds.map(i => made.eigenvectorMatrix.getColumn(i)),
  };
}

/** The best of five starts. */
async function divided(points: number[][], count: number, seed: string | number): Promise<number[]> {
  const { kmeans } = await import('ml-kmeans');
  const random = seeded(seed).split(`facets ${count}`);
  const spread = (clusters: number[]): number => {
    const means = Array.from({ length: count }, (_, k) => meanOf(points.filter((_, i) => clusters[i] === k)));
    return points.reduce(
      (sum, point, i) => sum + point.reduce((squares, x, j) => squares + (x - means[clusters[i]][j]) ** 2, 0),
      0,
    );
  };
  const tries = Array.from({ length: 5 }, () => {
    const { clusters } = kmeans(points, count, { seed: random.integer(2 ** 31), initialization: 'kmeans++' });
    return { clusters, cost: spread(clusters) };
  });
  return tries.reduce((a, b) => (b.cost < a.cost ? b : a)).clusters;
}

/** The least distance between two middles. */
function gap(points: readonly (readonly number[])[], labels: readonly number[], count: number): number {
  const middles = Array.from({ length: count }, (_, k) => meanOf(points.filter((_, i) => labels[i] === k)));
  const ways = middles.flatMap((a, k) => middles.slice(0, k).map(b => distance(a, b)));
  return Math.min(...ways);
}

const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.hypot(...a.map((x, i) => x - b[i]));

const meanOf = (points: readonly (readonly number[])[]): number[] =>
  (points[0] ?? []).map((_, j) => points.reduce((sum, point) => sum + point[j], 0) / points.length);

/** Mean of (b − a) / max(a, b): a the mean distance within the own cluster, b to the nearest other one. */
function silhouette(
  distances: readonly (readonly number[])[],
  labels: readonly number[],
  count: number,
): number {
  const sizes = Array.from({ length: count }, (_, k) => labels.filter(label => label === k).length);
  const each = distances.map((row, i) => {
    const sums = new Float64Array(count);
    row.forEach((distance, j) => (sums[labels[j]] += distance));
    const own = labels[i];
    if (sizes[own] < 2) return 0;
    const a = sums[own] / (sizes[own] - 1);
    const b = Math.min(...[...sums].map((sum, k) => (k === own || !sizes[k] ? Infinity : sum / sizes[k])));
    return (b - a) / Math.max(a, b, 1e-12);
  });
  return each.reduce((x, y) => x + y, 0) / each.length;
}
