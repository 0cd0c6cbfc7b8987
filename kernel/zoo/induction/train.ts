/** Trains `zoo:induction` and writes what is committed beside this file. Run by `npm run zoo`. */
import { bundle } from '../bundle.ts';
import { induction } from './recipe.ts';

await bundle(induction, process.argv[2] ?? import.meta.dirname);
