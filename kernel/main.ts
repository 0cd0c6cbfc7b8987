/**
 * The kernel's entry: `node main.js CONNECTION_FILE`. Composes the sockets of `wire`, the supervisor of `session`
 * and the worker of `language`, none of which knows the others.
 */
import { readFileSync } from 'node:fs';
import type { LanguageClient } from './language/client.ts';
import { forkEarly } from './session/runner-fork.ts';

/** What a thread gets to end in, in ms. */
const LAST_BREATH = 1000;

const path = process.argv[2];
if (!path) {
  console.error('no connection file; Jupyter passes it: node main.js CONNECTION_FILE');
  process.exit(2);
}

const cwd = process.cwd();
// the process of the cells starts while this one loads the rest
forkEarly(cwd);
const [{ createSupervisor }, { readConnection }, { openWire }] = await Promise.all([
  import('./session/supervisor.ts'),
  import('./wire/connection.ts'),
  import('./wire/index.ts'),
]);

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const connection = await Promise.resolve(path).then(readConnection).catch(fail);

// the sockets bind while the runner starts; what it says first waits for them
const opening = openWire(connection, {
  shell: message => supervisor.receive(message, 'shell'),
  control: message => supervisor.receive(message, 'control'),
  subscribed: () => supervisor.greet(),
  warn: problem => console.error(`dropped a message: ${problem}`),
});
opening.catch(fail);

let language: LanguageClient | undefined;
const supervisor = createSupervisor({
  cwd,
  version,
  ports: connection.ports,
  transport: {
    publish: async (...message) => (await opening).publish(...message),
    reply: async (...message) => (await opening).reply(...message),
    ask: async (...question) => (await opening).ask(...question),
  },
  async startLanguage() {
    const { createLanguageClient } = await import('./language/client.ts');
    return (language = createLanguageClient(cwd));
  },
  log: line => console.error(line),
  exit() {
    // what was sent last is still on its way through libzmq; its linger time bounds the wait
    setTimeout(() => void leave(), 1000).unref();
    void opening.then(wire => wire.close()).then(() => setTimeout(() => void leave(), 50));
  },
});

/** Ends the process. `process.exit` would wait for its threads, and for good where one hangs in the system. */
async function leave(): Promise<void> {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), LAST_BREATH);
  await language?.dispose();
  process.exit(0);
}

// a defect in one handler must not take the sockets, and with them the notebook's state, along
process.on('uncaughtException', error => console.error('kernel:', error));
process.on('unhandledRejection', error => console.error('kernel:', error));
process.on('SIGINT', () => supervisor.interrupt());
process.on('SIGTERM', () => void supervisor.stop());

// whoever started the kernel has died without a shutdown request: nothing may stay behind
const parent = process.ppid;
// on Windows the variable holds no number but a handle, and a process keeps the number of the parent that it lost
const announced = process.platform === 'win32' ? parent : Number(process.env.JPY_PARENT_PID);
setInterval(() => {
  if (process.ppid !== parent || (announced && !isAlive(announced))) void supervisor.stop();
}, 1000).unref();

function fail(error: Error): never {
  console.error(error.message);
  process.exit(1);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
