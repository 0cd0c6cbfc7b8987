/** `%pwd`: the working folder. */
import type { Magic } from '../magic.ts';

export default {
  usage: '%pwd',
  about: 'the working folder',
  line: () => process.cwd(),
} satisfies Magic;
