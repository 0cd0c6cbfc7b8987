/** `npm run build`: the npm packages, the kernel and the extension; nothing of Python. */
import { extension, kernel } from './setup/build.mjs';
import { checkNode, packages } from './setup/packages.mjs';
import { main } from './setup/step.mjs';

await main(async () => {
  checkNode();
  await packages();
  await kernel();
  await extension();
});
