/** Every command of this extension, `neuronbook:verb-noun`. */
export const CommandIDs = {
  showInspector: 'neuronbook:show-inspector',
  newNotebook: 'neuronbook:new-notebook',
  savePng: 'neuronbook:save-png',
  saveSvg: 'neuronbook:save-svg',
  saveCsv: 'neuronbook:save-csv',
  saveJson: 'neuronbook:save-json',
  copyOutput: 'neuronbook:copy-output',
  openOutput: 'neuronbook:open-output',
  compareOutput: 'neuronbook:compare-output',
} as const;
