/** Cells that ran, as the protocol's `history_request` asks for them: the tail, a range, or a search. */

export interface HistoryRequest {
  output?: boolean;
  hist_access_type: 'tail' | 'range' | 'search';
  session?: number;
  start?: number;
  stop?: number | null;
  n?: number;
  pattern?: string;
  unique?: boolean;
}

interface Entry {
  session: number;
  line: number;
  source: string;
  output: string | null;
}

/** `[session, line, source]`, or with outputs `[session, line, [source, output]]`. */
export type HistoryRow = [number, number, string | [string, string | null]];

export function createHistory(session = 1) {
  const entries: Entry[] = [];

  function search({ pattern = '*', unique, n }: HistoryRequest): Entry[] {
    const matcher = glob(pattern);
    let found = entries.filter(entry => matcher.test(entry.source));
    // of equal cells the newest stays
    if (unique)
      found = found.filter((entry, i) => !found.some((other, j) => j > i && other.source === entry.source));
    return n === undefined || n === null ? found : last(found, n);
  }

  function range({ session: wanted = 0, start = 0, stop }: HistoryRequest): Entry[] {
    // 0 is the current session, −1 the one before it
    const number = wanted > 0 ? wanted : session + wanted;
    return entries.filter(
      entry => entry.session === number && entry.line >= start && (stop == null || entry.line < stop),
    );
  }

  return {
    add(line: number, source: string): void {
      entries.push({ session, line, source, output: null });
    },
    /** What the newest cell came to, as text. */
    setOutput(line: number, output: string): void {
      const entry = entries.findLast(candidate => candidate.line === line);
      if (entry) entry.output = output;
    },
    query(request: HistoryRequest): HistoryRow[] {
      const found =
        request.hist_access_type === 'tail'
          ? last(entries, request.n ?? 10)
          : request.hist_access_type === 'range'
            ? range(request)
            : search(request);
      return found.map(({ session: of, line, source, output }) => [
        of,
        line,
        request.output ? [source, output] : source,
      ]);
    },
  };
}

export type History = ReturnType<typeof createHistory>;

const last = <T>(items: readonly T[], n: number): T[] => (n > 0 ? items.slice(-n) : []);

/** A shell pattern, `*` and `?`, over the whole of a cell. */
function glob(pattern: string): RegExp {
  const body = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${body}$`);
}
