/** `%lsmagic`: IPython's name for `%help`. */
import type { Magic } from '../magic.ts';
import help from './help.ts';

export default { ...help, usage: '%lsmagic', about: 'all magics' } satisfies Magic;
