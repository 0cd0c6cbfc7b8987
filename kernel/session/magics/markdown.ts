/** `%%markdown`: the cell as Markdown. */
import { display, markdown } from '../../display/display.ts';
import type { Magic } from '../magic.ts';

export default {
  usage: '%%markdown',
  about: 'shows the cell as Markdown',
  cell(_, body) {
    display(markdown(body));
  },
} satisfies Magic;
