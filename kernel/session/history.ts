/**
 * Cells that ran, as the protocol's `history_request` asks for them: the tail, a range, or a search. Cells of this
 * session are in memory; those of earlier ones, and of other kernels, in a file that is first opened when the kernel
 * has nothing else to do. Where that file cannot be used, the memory of this session is all there is.
 */
import type { HistoryEntry, HistoryStore } from './history-file.ts';

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

export interface HistoryOptions {
  /** Opens what outlives the kernel; rejects where that cannot be. */
  open(): Promise<HistoryStore>;
  /** Told once, where the history is not kept. */
  warn(problem: string): void;
}

/** `[session, line, source]`, or with outputs `[session, line, [source, output]]`. */
export type HistoryRow = [number, number, string | [string, string | null]];

/** Cells are written when none has run for this long, in ms. */
const PAUSE = 500;
/** A value's text beyond this is not remembered, in characters. */
const LONGEST = 10_000;

export function createHistory({ open, warn }: HistoryOptions) {
  const entries: HistoryEntry[] = [];
  const unsaved = new Set<HistoryEntry>();
  let opening: Promise<HistoryStore | undefined> | undefined;
  let session = 1;
  let timer: NodeJS.Timeout | undefined;

  const store = () =>
    (opening ??= open()
      .then(async opened => {
        session = await opened.begin();
        for (const entry of entries) entry.session = session;
        return opened;
      })
      .catch(giveUp));

  function giveUp(error: Error): undefined {
    opening = Promise.resolve(undefined);
    warn(`history is kept in memory only: ${error.message}`);
  }

  /** What the file says; nothing where there is none or where it fails. */
  const ask = async (question: (store: HistoryStore) => Promise<HistoryEntry[]>) => {
    const opened = await store();
    return opened ? await question(opened).catch(error => giveUp(error as Error) ?? []) : [];
  };

  function remember(entry: HistoryEntry): void {
    unsaved.add(entry);
    clearTimeout(timer);
    timer = setTimeout(() => void flush(), PAUSE);
    timer.unref();
  }

  /** Writes what is not in the file yet. */
  async function flush(): Promise<void> {
    clearTimeout(timer);
    if (!unsaved.size) return;
    const opened = await store();
    const batch = [...unsaved];
    unsaved.clear();
    await opened?.save(batch).catch(giveUp);
  }

  async function tail({ n }: HistoryRequest): Promise<HistoryEntry[]> {
    const count = whole(n) ?? 10;
    const own = last(entries, count);
    return [
      ...(own.length < count ? await ask(file => file.before(session, count - own.length)) : []),
      ...own,
    ];
  }

  /** Session 0 is this one, −1 the one before it; lines below 0 count from the end. */
  async function range({ session: wanted, start, stop }: HistoryRequest): Promise<HistoryEntry[]> {
    await store();
    const number = (whole(wanted) ?? 0) > 0 ? Number(wanted) : session + (whole(wanted) ?? 0);
    const found = number === session ? entries : await ask(file => file.session(number));
    const end = (found.at(-1)?.line ?? 0) + 1;
    const line = (given: number | null | undefined, otherwise: number) => {
      const value = whole(given) ?? otherwise;
      return value < 0 ? value + end : value;
    };
    return found.filter(entry => entry.line >= line(start, 0) && entry.line < (line(stop, end) || end));
  }

  async function search({ pattern = '*', unique, n }: HistoryRequest): Promise<HistoryEntry[]> {
    await store();
    const matcher = glob(String(pattern));
    const others = await ask(file => file.search(String(pattern), session));
    let found = [...others, ...entries.filter(({ source }) => matcher.test(source))];
    found.sort((a, b) => a.session - b.session || a.line - b.line);
    if (unique) {
      // of equal cells the newest stays
      const newest = new Map(found.map(entry => [entry.source, entry]));
      found = found.filter(entry => newest.get(entry.source) === entry);
    }
    return last(found, whole(n) ?? Infinity);
  }

  return {
    add(line: number, source: string): void {
      const entry = { session, line, source, output: null };
      entries.push(entry);
      remember(entry);
    },
    /** What the cell of this line came to, as text. */
    setOutput(line: number, output: string): void {
      const entry = entries.findLast(candidate => candidate.line === line);
      if (!entry) return;
      entry.output = output.length > LONGEST ? `${output.slice(0, LONGEST)}…` : output;
      remember(entry);
    },
    async query(request: HistoryRequest): Promise<HistoryRow[]> {
      const kinds = { tail, range, search };
      const kind = Object.hasOwn(kinds, request.hist_access_type) ? kinds[request.hist_access_type] : search;
      return (await kind(request)).map(({ session: of, line, source, output }) => [
        of,
        line,
        request.output ? [source, output] : source,
      ]);
    },
    flush,
  };
}

export type History = ReturnType<typeof createHistory>;

const whole = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) ? value : undefined;

const last = <T>(items: readonly T[], n: number): T[] => (n > 0 ? items.slice(-n) : []);

/** A shell pattern, `*` and `?`, over the whole of a cell. */
function glob(pattern: string): RegExp {
  const body = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${body}$`, 'u');
}
