/** Trials on disk: what was run stays run. One JSON file a report, written whole after each trial. */
import { FormatError } from '../../base/errors.ts';
import { exists, readFile, writeFile } from '#platform/files';
import type { Trial } from './experiment.ts';
import type { Report } from './report.ts';

/** Version of the file's form. */
const VERSION = 1;

interface Kept {
  version: number;
  /** What decides the figures; trials of another key are not these. */
  key: string;
  trials: Trial[];
}

/** What is kept of a run under `path`, and adding to it. */
export class TrialFile {
  constructor(
    private readonly path: string,
    private readonly key: string,
    private readonly about: Readonly<Record<string, unknown>>,
  ) {}

  /**
   * The trials that were run with the same key; none where the file is not there.
   * @throws FormatError where the file is something else
   */
  async load(): Promise<Trial[]> {
    if (!(await exists(this.path))) return [];
    const text = new TextDecoder().decode(await readFile(this.path));
    const kept = parsed(text);
    if (!kept)
      throw new FormatError(
        `${this.path} is no report of an experiment; give \`to\` another name or delete it`,
        this.path,
      );
    if (kept.version !== VERSION || kept.key !== this.key) return [];
    return kept.trials.map(trial => ({
      ...trial,
      figures: Object.fromEntries(
        Object.entries(trial.figures).map(([name, value]) => [name, value ?? Number.NaN]),
      ),
    }));
  }

  async save(report: Report): Promise<void> {
    const kept = { version: VERSION, key: this.key, ...this.about, ...report.toJSON() };
    await writeFile(this.path, `${JSON.stringify(kept, null, 2)}\n`);
  }
}

function parsed(text: string): Kept | undefined {
  try {
    const value = JSON.parse(text) as Partial<Kept> | null;
    return value && typeof value.version === 'number' && Array.isArray(value.trials)
      ? (value as Kept)
      : undefined;
  } catch {
    return undefined;
  }
}
