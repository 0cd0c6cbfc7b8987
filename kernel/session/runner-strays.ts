/** Errors that no cell awaits: the process lives on, the front end sees them under the cell they come from. */
import type { Send } from './runner-channel.ts';
import type { CellError } from './runner-protocol.ts';

/** Errors of one run that are shown: an interval that throws would fill the notebook. */
const SHOWN = 20;

export function createStrays(
  send: Send,
  currentRun: () => number,
  formatError: (error: unknown) => CellError,
) {
  let run = 0;
  let count = 0;
  return (error: unknown): void => {
    // code that was stopped on purpose
    if ((error as Error | undefined)?.name === 'InterruptError') return;
    const of = currentRun();
    count = of === run ? count + 1 : 1;
    run = of;
    if (count <= SHOWN) send({ type: 'stray', run, error: formatError(error) });
    else if (count === SHOWN + 1)
      send({ type: 'stream', run, name: 'stderr', text: 'more errors follow; they are not shown\n' });
  };
}
