/**
 * The SQLite file behind `history.ts`, shared by all kernels of a user. It is open only for the milliseconds of a
 * transaction: kernels that run side by side take turns, and one that is killed leaves nothing half done.
 */
import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from 'node-sqlite3-wasm';

export interface HistoryEntry {
  session: number;
  line: number;
  source: string;
  /** The value's text; null where the cell had none. */
  output: string | null;
}

/** What `history.ts` needs of a place that outlives the kernel. Every call rejects where the file cannot be used. */
export interface HistoryStore {
  /** Opens the books for a new session; its number is larger than all before. */
  begin(): Promise<number>;
  /** Adds entries, or replaces those with the same session and line. */
  save(entries: readonly HistoryEntry[]): Promise<void>;
  /** The last `count` entries of sessions before `session`, oldest first. */
  before(session: number, count: number): Promise<HistoryEntry[]>;
  session(session: number): Promise<HistoryEntry[]>;
  /** Entries of all sessions but `session` whose whole source fits a pattern of `*` and `?`, oldest first. */
  search(pattern: string, session: number): Promise<HistoryEntry[]>;
}

/** How long to wait for other kernels, in ms. */
const PATIENCE = 3000;
/** A lock older than this belongs to a kernel that was killed: transactions take milliseconds. */
const STALE = 10_000;

const tables = `
  create table if not exists sessions (session integer primary key autoincrement, start text not null);
  create table if not exists history (session integer not null, line integer not null, source text not null,
    output text, primary key (session, line)) without rowid`;

export async function openHistoryFile(path: string): Promise<HistoryStore> {
  // 1.3 MB of WebAssembly, which no cell should wait for
  const { default: sqlite } = await import('node-sqlite3-wasm');

  function once<T>(work: (db: Database) => T): T {
    const db = new sqlite.Database(path);
    try {
      // a power cut may cost the last cells; waiting for the disk would cost each one
      db.exec('pragma synchronous = normal; begin immediate');
      const result = work(db);
      db.exec('commit');
      return result;
    } finally {
      // closing rolls back what was not committed
      db.close();
    }
  }

  async function transaction<T>(work: (db: Database) => T): Promise<T> {
    for (const deadline = Date.now() + PATIENCE; ;) {
      try {
        return once(work);
      } catch (error) {
        if (!/locked|busy/i.test((error as Error).message) || Date.now() > deadline) throw error;
        breakStaleLock(path);
        await sleep(10 + 40 * Math.random());
      }
    }
  }

  const ask = (sql: string, values: (string | number)[]) =>
    transaction(db => db.all(sql, values) as unknown as HistoryEntry[]);
  const columns = 'select session, line, source, output from history';

  mkdirSync(dirname(path), { recursive: true });
  await transaction(db => db.exec(tables));
  return {
    begin: () =>
      transaction(db =>
        Number(db.run('insert into sessions (start) values (?)', [new Date().toISOString()]).lastInsertRowid),
      ),
    save: entries =>
      transaction(db => {
        for (const { session, line, source, output } of entries)
          db.run('insert or replace into history values (?, ?, ?, ?)', [session, line, source, output]);
      }),
    before: async (session, count) =>
      (
        await ask(`${columns} where session < ? order by session desc, line desc limit ?`, [session, count])
      ).reverse(),
    session: session => ask(`${columns} where session = ? order by line`, [session]),
    search: (pattern, session) =>
      // SQLite's GLOB knows `[…]` too, and code is full of brackets
      ask(`${columns} where session != ? and source glob ? order by session, line`, [
        session,
        pattern.replaceAll('[', '[[]'),
      ]),
  };
}

/** This SQLite locks by making a folder beside the file; a killed process leaves its own behind. */
function breakStaleLock(path: string): void {
  const lock = `${path}.lock`;
  try {
    if (Date.now() - statSync(lock).mtimeMs > STALE) rmdirSync(lock);
  } catch {
    // it has gone by itself
  }
}
