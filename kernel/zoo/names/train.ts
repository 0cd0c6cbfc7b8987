/** Trains `zoo:names` and writes what is committed beside this file. Run by `npm run zoo`. */
import { bundle } from '../bundle.ts';
import { names } from './recipe.ts';

await bundle(names, process.argv[2] ?? import.meta.dirname);
