/** `%who`: the names that cells have declared. */
import { print, type Magic } from '../magic.ts';

export default {
  usage: '%who',
  about: 'the names of all variables',
  line(_, cell) {
    print(
      cell
        .variables()
        .map(({ name }) => name)
        .join('  ') || 'no variables yet',
    );
  },
} satisfies Magic;
