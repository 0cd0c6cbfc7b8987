/** Trains `zoo:patches` and writes what is committed beside this file. Run by `npm run zoo`. */
import { bundle } from '../bundle.ts';
import { patches } from './recipe.ts';

await bundle(patches, process.argv[2] ?? import.meta.dirname);
