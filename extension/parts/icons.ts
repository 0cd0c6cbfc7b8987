/** Icons of files and of the inspector, in the colours that JupyterLab gives to icons in each theme. */
import { LabIcon } from '@jupyterlab/ui-components';

const svgOf = (inner: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="16">${inner}</svg>`;

/** Three neurons and the weights between them. */
const network =
  '<path class="jp-icon3 jp-icon-selectable" fill="none" stroke="#616161" stroke-width="2.4" d="M9 8 23 16 9 24"/>' +
  '<g class="jp-icon3 jp-icon-selectable" fill="#616161"><circle cx="8" cy="8" r="4"/><circle cx="8" cy="24" r="4"/>' +
  '<circle cx="23" cy="16" r="5.5"/></g>';

const tensors =
  '<g class="jp-icon3 jp-icon-selectable" fill="#616161"><path d="M4 4h7v7H4zM12.5 4h7v7h-7zM21 4h7v7h-7zM4 12.5h7v7H4z' +
  'M21 12.5h7v7h-7zM4 21h7v7H4zM12.5 21h7v7h-7z"/></g>';

export const networkIcon = new LabIcon({ name: 'neuronbook:network', svgstr: svgOf(network) });
export const tensorsIcon = new LabIcon({ name: 'neuronbook:tensors', svgstr: svgOf(tensors) });
