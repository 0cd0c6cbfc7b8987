/** Breakpoints by source, whichever scripts that source has been compiled to: set before a cell runs, kept for each run. */
import { DebugError, type Breakpoint, type SourceBreakpoint } from './dap.ts';
import type { Place, Target } from './target.ts';

/** The first place on the line, or on the next line below that has code; on the line itself, behind `column`. */
export function placeFor(
  places: readonly Place[],
  { line, column = 0 }: SourceBreakpoint,
): Place | undefined {
  const target = Math.min(...places.map(({ at }) => at.line).filter(candidate => candidate >= line));
  const there = places.filter(({ at }) => at.line === target);
  const behind = target === line ? there.filter(({ at }) => at.column >= column) : [];
  const candidates = behind.length ? behind : there;
  return candidates.reduce<Place | undefined>(
    (best, place) => (best && best.at.column <= place.at.column ? best : place),
    undefined,
  );
}

export type Breakpoints = ReturnType<typeof createBreakpoints>;

export function createBreakpoints() {
  const wanted = new Map<string, Breakpoint[]>();
  /** V8's breakpoints: id → ours and its script. */
  const set = new Map<string, { id: number; script: string; path: string }>();
  let last = 0;

  async function bindOne(target: Target, script: string, path: string, point: Breakpoint): Promise<void> {
    const place = placeFor(await target.places(script), point);
    if (!place) return;
    const condition = await conditionOf(target, script, place, point);
    const { lineNumber, columnNumber } = place;
    const { breakpointId } = await target.post<{ breakpointId: string }>('Debugger.setBreakpoint', {
      location: { scriptId: script, lineNumber, columnNumber },
      condition,
    });
    set.set(breakpointId, { id: point.id, script, path });
  }

  async function bind(target: Target, script: string, path: string): Promise<void> {
    for (const point of wanted.get(path) ?? [])
      // refused for the second wish for one place, and for a script that is gone
      await bindOne(target, script, path, point).catch(() => undefined);
  }

  /** What a script of this source would make of a wish. */
  async function check(
    target: Target,
    script: string,
    path: string,
    wish: SourceBreakpoint,
  ): Promise<Breakpoint> {
    const point = { id: ++last, verified: false, source: { path }, ...wish };
    const place = placeFor(await target.places(script), wish);
    if (!place) return { ...point, message: `there is no code in line ${wish.line} or below` };
    try {
      await conditionOf(target, script, place, point);
    } catch (error) {
      return { ...point, message: (error as Error).message };
    }
    const { line, column } = place.at;
    return { ...point, verified: true, line, ...(wish.column !== undefined && { column }) };
  }

  return {
    bind,
    /**
     * Replaces the breakpoints of a source.
     * @param model a script of that source, where to see which lines have code; undefined where there is none yet
     * @param scripts all scripts of that source
     */
    async replace(
      target: Target,
      path: string,
      wishes: readonly SourceBreakpoint[],
      model: string | { problem: string },
      scripts: readonly string[],
    ): Promise<Breakpoint[]> {
      for (const [id, known] of set)
        if (known.path === path) {
          set.delete(id);
          await target.post('Debugger.removeBreakpoint', { breakpointId: id }).catch(() => undefined);
        }
      const points: Breakpoint[] = [];
      for (const wish of wishes)
        points.push(
          typeof model === 'string'
            ? await check(target, model, path, wish)
            : { id: ++last, verified: false, source: { path }, ...wish, message: model.problem },
        );
      if (points.length) wanted.set(path, points);
      else wanted.delete(path);
      for (const script of scripts) await bind(target, script, path);
      return points;
    },
    /** Which of ours V8 stopped at. */
    hit: (ids: readonly string[] = []) => ids.flatMap(id => set.get(id)?.id ?? []),
    has: (path: string) => wanted.has(path),
    /** As `debugInfo` lists them. */
    list: () =>
      [...wanted].map(([source, points]) => ({
        source,
        breakpoints: points.map(({ line, column, condition, hitCondition, logMessage }) => ({
          line,
          ...(column !== undefined && { column }),
          ...(condition && { condition }),
          ...(hitCondition && { hitCondition }),
          ...(logMessage && { logMessage }),
        })),
      })),
    clear() {
      wanted.clear();
      set.clear();
    },
    /** The scripts are gone with their process; the wishes stay. */
    unbind: () => set.clear(),
  };
}

/** JavaScript that V8 asks when it gets there; undefined where it always stops. */
async function conditionOf(
  target: Target,
  script: string,
  { lineNumber, columnNumber }: Place,
  point: Breakpoint,
): Promise<string | undefined> {
  const { id, line, condition, hitCondition, logMessage } = point;
  if (!condition && !hitCondition && !logMessage) return undefined;
  const code = await target.codeOf(script);
  const before = code.split('\n').slice(0, lineNumber).join('\n').length;
  const offset = before + (lineNumber ? 1 : 0) + columnNumber;
  const compiled = await target.ask('condition', code, offset, id, {
    line,
    condition,
    hitCondition,
    logMessage,
  });
  if ('problem' in compiled) throw new DebugError(compiled.problem);
  return compiled.code;
}
