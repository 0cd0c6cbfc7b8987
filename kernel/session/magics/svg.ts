/** `%%svg`: the cell as an SVG drawing. */
import { display, svg } from '../../display/display.ts';
import type { Magic } from '../magic.ts';

export default {
  usage: '%%svg',
  about: 'shows the cell as an SVG drawing',
  cell(_, body) {
    display(svg(body));
  },
} satisfies Magic;
