/**
 * Sessions by what they compute, bounded in number and bytes: ONNX Runtime frees a session only when told to, so
 * whoever compiles owns the release. The least recently used go first, and none while it runs.
 */
import type { Session } from './runtime/types.ts';

interface Entry {
  readonly session: Promise<Session>;
  readonly bytes: number;
  running: number;
  /** Set once the entry is dropped while it runs; called when the last run has ended. */
  idle?: () => void;
}

export interface CacheLimits {
  sessions: number;
  bytes: number;
}

export class SessionCache {
  /** In order of use: the first is the next to go. */
  private readonly entries = new Map<string, Entry>();

  constructor(readonly limits: CacheLimits) {}

  get size(): number {
    return this.entries.size;
  }

  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.entries.values()) sum += bytes;
    return sum;
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }

  /** Runs `work` with the session of `key`, created where there is none. It stays while `work` is under way. */
  async use<T>(
    key: string,
    bytes: number,
    create: () => Promise<Session>,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const entry = this.entries.get(key) ?? { session: create(), bytes, running: 0 };
    this.entries.delete(key);
    this.entries.set(key, entry);
    entry.running++;
    try {
      const session = await entry.session.catch(error => {
        if (this.entries.get(key) === entry) this.entries.delete(key);
        throw error;
      });
      return await work(session);
    } finally {
      entry.running--;
      if (entry.running === 0) entry.idle?.();
      this.shrink();
    }
  }

  /** Frees one session now, or as soon as its runs have ended. */
  async drop(key: string): Promise<void> {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    if (entry.running > 0) await new Promise<void>(resolve => (entry.idle = resolve));
    await (await entry.session).release();
  }

  async clear(): Promise<void> {
    await Promise.all([...this.entries.keys()].map(key => this.drop(key)));
  }

  private shrink(): void {
    let bytes = this.bytes;
    for (const [key, entry] of this.entries) {
      // the newest stays even where it alone is over the limit: it is about to run
      if (
        (this.entries.size <= this.limits.sessions && bytes <= this.limits.bytes) ||
        this.entries.size === 1
      )
        return;
      if (entry.running > 0) continue;
      bytes -= entry.bytes;
      this.drop(key).catch(() => {});
    }
  }
}
