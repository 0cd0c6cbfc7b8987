/** `%help`: what magics there are, and what one of them does. */
import { loadMagic, magicNames, print, type Magic } from '../magic.ts';

export default {
  usage: '%help [MAGIC]',
  about: 'all magics, or one of them',
  async line(text) {
    const asked = text.replace(/^%+/, '');
    if (asked) {
      const { usage, about } = await loadMagic(asked);
      print(`${usage}\n${about}`);
      return undefined;
    }
    const magics = await Promise.all(magicNames().map(name => loadMagic(name)));
    return magics.map(({ usage, about }) => ({ usage, about }));
  },
} satisfies Magic;
