/** Log lines that somebody else can provoke: whoever sends rubbish must not fill the log with it. */

/** Between two lines, in ms. */
const SELDOM = 1000;

/** Passes on a line now and then, with the number of those that it kept back. */
export function seldom(warn: (line: string) => void): (line: string) => void {
  let kept = 0;
  let next = 0;
  return line => {
    if (Date.now() < next) return void kept++;
    next = Date.now() + SELDOM;
    warn(kept ? `${line}; ${kept} more before it` : line);
    kept = 0;
  };
}
