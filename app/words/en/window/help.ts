// The help: shortcuts, manual, problems, versions.
export const help = {
  title: 'Help',
  shortcuts: 'Keyboard shortcuts',
  openImage: 'Choose an image',
  review: 'Review the job',
  find: 'Search the list of drives',
  refresh: 'Refresh the list of drives',
  back: 'Close a drawer, or go back from the review',
  history: 'History',
  settings: 'Settings',
  help: 'Help',
  zoomIn: 'Larger',
  zoomOut: 'Smaller',
  zoomReset: 'Normal size',
  keyControl: 'Ctrl',
  keyEnter: 'Enter',
  keyEscape: 'Esc',
  manual: 'Manual',
  manualHint:
    'The manual describes every option. It opens in a terminal, and so does the list of commands: platter --help.',
  problem: 'Report a problem',
  problemHint:
    'Say what you did, what you expected and what happened. Attach the diagnostics and, for a drive that failed, the report of the job. Platter sends nothing by itself.',
  runsOn: 'Electron {electron}, Chromium {chrome}, Node {node}',
} as const;
