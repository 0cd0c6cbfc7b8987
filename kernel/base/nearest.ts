/** The names closest to a mistyped one, best first. */
import { distance } from 'fastest-levenshtein';

export function nearest(name: string, names: Iterable<string>, count = 3): string[] {
  const wanted = name.toLowerCase();
  const score = (candidate: string) => {
    const other = candidate.toLowerCase();
    // a shared fragment counts for more than a short name that is merely cheap to edit into this one
    const overlap = other.includes(wanted) || wanted.includes(other) ? 0.5 : 1;
    return (distance(wanted, other) / Math.max(wanted.length, other.length, 1)) * overlap;
  };
  return [...names]
    .map(candidate => ({ candidate, score: score(candidate) }))
    .sort((a, b) => a.score - b.score)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}
