/** `%%html`: the cell as HTML. */
import { display, html } from '../../display/display.ts';
import type { Magic } from '../magic.ts';

export default {
  usage: '%%html',
  about: 'shows the cell as HTML',
  cell(_, body) {
    display(html(body));
  },
} satisfies Magic;
