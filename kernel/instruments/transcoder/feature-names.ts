/** The names that people give to features: found by their words, written as JSON or CSV. */
import { FormatError, NeuronbookError } from '../../base/errors.ts';
import { Table } from '../../display/table.ts';

/** Letters of a name. */
const MOST = 500;

export class FeatureNames {
  private readonly names = new Map<number, string>();

  get size(): number {
    return this.names.size;
  }

  get(feature: number): string | undefined {
    return this.names.get(feature);
  }

  /** Gives a feature a name, or takes it away with an empty one. */
  set(feature: number, name: string): void {
    const trimmed = name.trim();
    if (trimmed.length > MOST)
      throw new NeuronbookError(`a name of ${trimmed.length} letters; expected at most ${MOST}`);
    if (trimmed) this.names.set(feature, trimmed);
    else this.names.delete(feature);
  }

  /** Features whose name holds these words, in any case. */
  matching(words: string): number[] {
    const wanted = words.trim().toLowerCase();
    return this.sorted.filter(([, name]) => name.toLowerCase().includes(wanted)).map(([feature]) => feature);
  }

  table(): Table<{ feature: number; label: string }> {
    return new Table(
      this.sorted.map(([feature, label]) => ({ feature, label })),
      `${this.size} ${this.size === 1 ? 'feature' : 'features'} with a name`,
    );
  }

  /** `{"7": "ends of sentences"}` */
  toJson(): string {
    return `${JSON.stringify(Object.fromEntries(this.sorted), undefined, 1)}\n`;
  }

  /** `feature,label`, a line each. */
  toCsv(): string {
    const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    return ['feature,label', ...this.sorted.map(([feature, name]) => `${feature},${quoted(name)}`), ''].join(
      '\r\n',
    );
  }

  /**
   * What `toJson` has written.
   * @throws FormatError where it is something else
   */
  static parse(text: string, path: string): FeatureNames {
    const wrong = new FormatError(`${path} is not a file of labels; expected {"feature": "name", …}`, path);
    let found: unknown;
    try {
      found = JSON.parse(text);
    } catch {
      throw wrong;
    }
    if (typeof found !== 'object' || found === null || Array.isArray(found)) throw wrong;
    const names = new FeatureNames();
    for (const [feature, name] of Object.entries(found)) {
      if (!/^\d+$/.test(feature) || typeof name !== 'string') throw wrong;
      names.set(Number(feature), name);
    }
    return names;
  }

  private get sorted(): [number, string][] {
    return [...this.names].sort(([a], [b]) => a - b);
  }
}
