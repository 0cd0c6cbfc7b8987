/**
 * The little that the library asks of whatever runs it: show, clear, ask, and tell when to stop.
 * A Jupyter session installs its own host under a global symbol; plain Node gets one that prints.
 */

/** MIME type → content, as in a Jupyter `display_data` message. */
export type MimeBundle = Record<string, unknown>;

export interface DisplayOptions {
  /** Displays with an id can be replaced in place later. */
  id?: string;
  /** Replace the display with this id instead of adding one. */
  update?: boolean;
  metadata?: Record<string, unknown>;
  /** Binary buffers that travel beside the bundle. */
  buffers?: readonly Uint8Array[];
}

/** One open comm: a two-way channel to a view in the front end, with binary buffers. */
export interface Comm {
  readonly id: string;
  readonly target: string;
  send(data: unknown, options?: CommOptions): void;
  close(data?: unknown, options?: CommOptions): void;
  /** The front end is told that a message was handled when the promise settles that this gives, if it gives one. */
  onMessage?: (message: CommMessage) => unknown;
  onClose?: (message: CommMessage) => unknown;
}

export interface CommOptions {
  metadata?: Record<string, unknown>;
  buffers?: readonly Uint8Array[];
}

export interface CommMessage {
  data: unknown;
  metadata: Record<string, unknown>;
  buffers: readonly Uint8Array[];
}

export interface Comms {
  /** Says who answers comms that the front end opens on `target`. */
  register(target: string, opened: (comm: Comm, message: CommMessage) => unknown): void;
  open(target: string, data?: unknown, options?: CommOptions): Comm;
}

export interface Host {
  display(bundle: MimeBundle, options?: DisplayOptions): void;
  clear(options?: { wait?: boolean }): void;
  /** The number of the cell that is running, so that what it showed live is not shown again as its result. */
  readonly cell?: number;
  /** True from the moment the user pressed Interrupt until the cell has ended: long loops stop at their next step. */
  readonly interrupted: boolean;
  /**
   * Raised around every native session create and run. While raised, the kernel never terminates the
   * isolate: V8 termination inside ONNX Runtime aborts the process.
   */
  enterNative(): void;
  leaveNative(): void;
  /** Asks the user; absent where there is nobody to ask. */
  input?(prompt: string, options?: { password?: boolean }): Promise<string>;
  /** What the cells have named, by name; absent where there are no cells. */
  variables?(): ReadonlyMap<string, unknown>;
  /** Absent where there is no front end. */
  readonly comms?: Comms;
}

const key = Symbol.for('neuronbook.host');

const terminal: Host = {
  display(bundle) {
    console.log(String(bundle['text/plain'] ?? Object.keys(bundle).join(', ')));
  },
  clear() {},
  interrupted: false,
  enterNative() {},
  leaveNative() {},
};

/** The host in force. */
export const host = (): Host =>
  ((globalThis as Record<symbol, unknown>)[key] as Host | undefined) ?? terminal;

/** Installs a host; the session does this once, before user code. */
export function setHost(next: Host | undefined): void {
  (globalThis as Record<symbol, unknown>)[key] = next;
}

/** One line that a user should see although nothing failed; a notebook shows it under the cell. */
export const warn = (line: string): void => console.warn(line);

/** Runs native work with the flag raised. */
export async function native<T>(work: () => Promise<T>): Promise<T> {
  const current = host();
  current.enterNative();
  try {
    return await work();
  } finally {
    current.leaveNative();
  }
}
