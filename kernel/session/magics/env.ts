/** `%env`: environment variables of the kernel, which commands and child processes inherit. */
import { print, type Magic } from '../magic.ts';

export default {
  usage: '%env [NAME[=VALUE]]',
  about: 'all environment variables, one of them, or a new value for one',
  line(text) {
    if (!text) return { ...process.env };
    const [, name, value] = /^([^\s=]+)(?:\s*=\s*|\s+)?([^]*)$/.exec(text) ?? ['', text, ''];
    if (name === text) {
      if (name in process.env) return process.env[name];
      throw new Error(`no such environment variable: ${name}; %env ${name}=value makes it`);
    }
    process.env[name] = value;
    print(`env: ${name}=${value}`);
    return undefined;
  },
} satisfies Magic;
