/**
 * Work of some tens of milliseconds, such as drawing a chart, one piece in each idle moment: a notebook of a hundred charts
 * still scrolls and types. What is in sight comes first.
 */

/** Milliseconds after which a busy page no longer counts as an excuse. */
const PATIENCE = 300;

const waiting: { node: Element; begin: () => void }[] = [];

/** Resolves when it is the turn of what stands in `node`. */
export function turn(node: Element): Promise<void> {
  return new Promise(begin => {
    waiting.push({ node, begin });
    if (waiting.length === 1) ask();
  });
}

function ask(): void {
  // Safari has no such call
  if (typeof requestIdleCallback === 'function') requestIdleCallback(next, { timeout: PATIENCE });
  else setTimeout(next, 30);
}

function next(): void {
  const seen = waiting.findIndex(({ node }) => isInSight(node));
  const [one] = waiting.splice(Math.max(0, seen), 1);
  if (waiting.length > 0) ask();
  one.begin();
}

function isInSight(node: Element): boolean {
  const { width, top, bottom } = node.getBoundingClientRect();
  return width > 0 && bottom > 0 && top < innerHeight;
}
