/** `%%latex`: the cell as LaTeX. */
import { display, latex } from '../../display/display.ts';
import type { Magic } from '../magic.ts';

export default {
  usage: '%%latex',
  about: 'shows the cell as LaTeX',
  cell(_, body) {
    display(latex(body));
  },
} satisfies Magic;
