/** Trains `zoo:arithmetic` and writes what is committed beside this file. Run by `npm run zoo`. */
import { bundle } from '../bundle.ts';
import { arithmetic } from './recipe.ts';

await bundle(arithmetic, process.argv[2] ?? import.meta.dirname);
