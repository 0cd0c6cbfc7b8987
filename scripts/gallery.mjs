/**
 * `npm run gallery`: writes `docs/gallery.md` and its pictures from the saved outputs of the guide of views: for each view
 * the sentence before its cell, its picture and the code that makes it.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/place.mjs';
import { main } from './setup/step.mjs';

const MIME = 'application/vnd.neuronbook.v1+json';
const guide = 'notebooks/guide/05-views.ipynb';
const folder = join(root, 'docs', 'images', 'gallery');

const joined = text => (Array.isArray(text) ? text.join('') : (text ?? ''));

/** What each view is called, by the name of its payload. */
const named = view => `${view[0].toUpperCase()}${view.slice(1).replaceAll('-', ' ')}`;

/** The first picture that a bundle carries, as a file of its own. */
function picture(data, name) {
  const [type, ending] = data['image/svg+xml'] ? ['image/svg+xml', 'svg'] : ['image/png', 'png'];
  const content = joined(data[type]);
  const file = `${name}.${ending}`;
  writeFileSync(join(folder, file), ending === 'svg' ? `${content}\n` : Buffer.from(content, 'base64'));
  return file;
}

await main(async () => {
  const { cells } = JSON.parse(readFileSync(join(root, guide), 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const parts = [];
  const seen = new Set();
  let before = '';
  for (const { cell_type, source, outputs = [] } of cells) {
    if (cell_type === 'markdown')
      before = joined(source)
        .replace(/^#.*\n+/gm, '')
        // the page lies elsewhere than the guide
        .replace(/\]\((?=[\w-]+\.ipynb)/g, '](../notebooks/guide/')
        .trim();
    for (const { data } of outputs) {
      const view = data?.[MIME]?.view;
      // the picture of controls is that of the view beneath them
      if (!view || view === 'interactive' || seen.has(view)) continue;
      seen.add(view);
      const file = picture(data, view);
      const [alt] = joined(data['text/plain']).split('\n');
      const words = alt.replace(/[[\]]/g, '');
      parts.push(
        `## ${named(view)}\n\n${before}\n\n![${words}](images/gallery/${file})\n\n\`\`\`ts\n${joined(source).trim()}\n\`\`\``,
      );
      before = '';
    }
  }
  const head = `# Gallery\n\nEvery view, as the [guide of views](../${guide}) makes it of the bundled networks; in the notebook each answers to\npointer and keyboard. [Views](views.md) says how. This page is written by \`npm run gallery\`.`;
  const text = `${[head, ...parts].join('\n\n')}\n`.replace(/\n{3,}/g, '\n\n');
  writeFileSync(join(root, 'docs', 'gallery.md'), text);
  console.log(`docs/gallery.md: ${parts.length} views`);
});
