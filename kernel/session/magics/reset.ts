/** `%reset`: a session without variables, without a restart. */
import { print, type Magic } from '../magic.ts';

export default {
  usage: '%reset',
  about: 'forgets all variables',
  line(_, cell) {
    const { length } = cell.variables();
    cell.reset();
    print(`${length} ${length === 1 ? 'variable' : 'variables'} forgotten`);
  },
} satisfies Magic;
