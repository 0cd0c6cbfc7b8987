/** Contents of the replies that the language service gives, as the Jupyter protocol names them. */

export interface CompleteReply {
  status: 'ok';
  matches: string[];
  cursor_start: number;
  cursor_end: number;
  metadata: {
    _jupyter_types_experimental: {
      start: number;
      end: number;
      text: string;
      type: string;
      signature?: string;
    }[];
  };
}

export interface InspectReply {
  status: 'ok';
  found: boolean;
  data: Record<string, string>;
  metadata: Record<string, unknown>;
}

export interface IsCompleteReply {
  status: 'complete' | 'incomplete' | 'invalid' | 'unknown';
  /** Only for `incomplete`: what the next line begins with. */
  indent?: string;
}

/** A type error or a hint; never blocks a cell. */
export interface Diagnostic {
  message: string;
  /** TypeScript's number for it. */
  code: number;
  severity: 'error' | 'warning' | 'suggestion';
  /** From 1. */
  line: number;
  column: number;
  /** UTF-16 offsets in the cell. */
  start: number;
  end: number;
  /** Set where the problem lies outside the cell: in the project's tsconfig. */
  file?: string;
}

/** What the worker is asked; each answer is the content of a reply. */
export interface Questions {
  complete(code: string, cursor: number): CompleteReply;
  inspect(code: string, cursor: number, detail: number): InspectReply;
  /** Of a cell that ran, or runs, behind the first `asOf`; behind all where left out. */
  diagnose(code: string, asOf?: number): Diagnostic[];
  addCell(code: string, count: number, failed?: boolean, opaque?: boolean): void;
  forget(): void;
}
