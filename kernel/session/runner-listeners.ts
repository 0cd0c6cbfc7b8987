/**
 * What the runner hears of its own process. A cell may call `process.removeAllListeners()`, or throw in a handler of
 * its own while the process exits: neither may leave a process behind that lives and answers nothing.
 */
export function listen(listeners: Readonly<Record<string, (...values: never[]) => void>>): void {
  const add = () => {
    for (const [event, listener] of Object.entries(listeners) as ['exit', () => void][])
      if (!process.listeners(event).includes(listener)) process.on(event, listener);
  };
  add();

  const { removeAllListeners, exit } = process;
  process.removeAllListeners = function (...event) {
    removeAllListeners.apply(this, event);
    add();
    return this;
  };
  process.exit = code => {
    try {
      return exit(code);
    } finally {
      // only reached where a handler of `exit` threw; from here on Node takes no more work
      process.kill(process.pid, 'SIGKILL');
    }
  };
}
