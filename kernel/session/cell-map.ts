/** Positions of the JavaScript that runs → positions in the cell that the user wrote, through both rewriting steps. */
import { originalPositionFor, TraceMap, type EncodedSourceMap } from '@jridgewell/trace-mapping';

export interface Position {
  /** From 1. */
  line: number;
  /** From 1, in UTF-16 units. */
  column: number;
}

export class CellMap {
  private traces: TraceMap[] | undefined;

  constructor(
    /** The cell as written. */
    readonly source: string,
    /** Makes the source maps, from the last step to the first. */
    private readonly steps: () => readonly object[],
  ) {}

  /** `line` and `column` from 1, as V8 prints them; undefined for code that the rewriting added. */
  original(line: number, column: number): Position | undefined {
    // made on the first error: most cells never need theirs
    this.traces ??= this.steps().map(step => new TraceMap(step as EncodedSourceMap));
    let at: Position | undefined = { line, column };
    for (const trace of this.traces) {
      const found = originalPositionFor(trace, { line: at.line, column: at.column - 1 });
      if (found.line === null) return undefined;
      at = { line: found.line, column: found.column + 1 };
    }
    return at;
  }
}
