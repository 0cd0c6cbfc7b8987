/**
 * The kernel's entry: `node main.js CONNECTION_FILE`. Composes the sockets of `wire`, the supervisor of `session`
 * and the worker of `language`, none of which knows the others.
 */
import { readFileSync } from 'node:fs';
import { createSupervisor } from './session/supervisor.ts';
import { readConnection } from './wire/connection.ts';
import { openWire, type Wire } from './wire/index.ts';

const path = process.argv[2];
if (!path) {
  console.error('no connection file; Jupyter passes it: node main.js CONNECTION_FILE');
  process.exit(2);
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const connection = await Promise.resolve(path).then(readConnection).catch(fail);
const cwd = process.cwd();
let wire: Wire | undefined;
type Published = Parameters<Wire['publish']>;
// the runner starts while the sockets are still binding, so what it first says may have to wait
const early: Published[] = [];

const supervisor = createSupervisor({
  cwd,
  version,
  transport: {
    publish: async (...message) => (wire ? wire.publish(...message) : void early.push(message)),
    reply: async (...message) => wire?.reply(...message),
    ask: (...question) =>
      wire ? wire.ask(...question) : Promise.reject(new Error('asked before the sockets were open')),
  },
  async startLanguage() {
    const { createLanguageClient } = await import('./language/client.ts');
    return createLanguageClient(cwd);
  },
  exit() {
    // what was sent last is still on its way through libzmq; its linger time bounds the wait
    setTimeout(() => process.exit(0), 1000).unref();
    void (wire?.close() ?? Promise.resolve()).then(() => setTimeout(() => process.exit(0), 50));
  },
});

wire = await openWire(connection, {
  shell: message => supervisor.receive(message, 'shell'),
  control: message => supervisor.receive(message, 'control'),
  warn: problem => console.error(`dropped a message: ${problem}`),
}).catch(fail);
for (const message of early) void wire.publish(...message);

process.on('SIGINT', () => supervisor.interrupt());
process.on('SIGTERM', () => void supervisor.stop());

// whoever started the kernel has died without a shutdown request: nothing may stay behind
const parent = process.ppid;
const announced = Number(process.env.JPY_PARENT_PID);
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
