/**
 * When a message of a conversation is over. A slider that is dragged asks dozens of times a second, and at every `busy` and
 * `idle` JupyterLab draws its toolbars anew, which takes a page longer than the answer itself. So a message whose
 * metadata say that it is `conversation` is told to be over once nothing has followed it for a moment: all through a
 * drag the kernel is busy.
 */
import type { Request } from './protocol.ts';

/** How long nothing has to follow, in ms. */
const REST = 150;
/** Ends that are held at most: whoever sent the messages remembers each until its end. */
const MOST = 2000;
/** How many are told at once, and how long after them the next, in ms: a page takes a millisecond for each. */
const SOME = 20;
const PAUSE = 30;

export function createConversation(over: (request: Request) => void) {
  const held: Request[] = [];
  let timer: NodeJS.Timeout | undefined;

  function wait(): void {
    clearTimeout(timer);
    timer = setTimeout(tell, REST);
  }
  function tell(): void {
    held.splice(0, SOME).forEach(over);
    timer = held.length ? setTimeout(tell, PAUSE) : undefined;
  }

  return {
    /** A message has come: what was over before it is held on where it belongs to a conversation. */
    heard({ metadata }: Request): void {
      if (metadata.conversation === true && held.length) wait();
    },
    /** Ends `request`, now or when its conversation rests. */
    end(request: Request): void {
      if (request.metadata.conversation !== true) return over(request);
      held.push(request);
      if (held.length > MOST) held.splice(0, SOME).forEach(over);
      wait();
    },
    /** Ends all at once. */
    release(): void {
      clearTimeout(timer);
      timer = undefined;
      held.splice(0).forEach(over);
    },
  };
}
