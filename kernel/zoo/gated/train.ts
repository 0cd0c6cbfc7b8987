/** Trains `zoo:gated` and writes what is committed beside this file. Run by `npm run zoo`. */
import { bundle } from '../bundle.ts';
import { gated } from './recipe.ts';

await bundle(gated, process.argv[2] ?? import.meta.dirname);
