/** Trains `zoo:stories` and writes what is committed beside this file. Run by `npm run zoo`. */
import { bundle } from '../bundle.ts';
import { stories } from './recipe.ts';

await bundle(stories, process.argv[2] ?? import.meta.dirname);
