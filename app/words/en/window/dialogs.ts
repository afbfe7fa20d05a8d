// The desktop’s own dialogs and menus, which main shows.
export const dialogs = {
  running: 'A job is running.',
  runningDetail: 'Platter first ends the writes that have begun. Destinations that are not finished cannot be used.',
  runningDetailContinuable:
    'Platter first ends the writes that have begun. Destinations that are not finished cannot be used until the job is continued.',
  keepRunning: 'Keep running',
  stopAndQuit: 'Stop and quit',
  images: 'Disk images',
  allFiles: 'All files',
  chooseImage: 'Choose an image',
  oldImage: 'Choose an image to check or repair',
  chooseManifest: 'Choose a manifest',
  newImage: 'New image',
  newManifest: 'New manifest',
  manifests: 'Manifests',
  askStart: 'Start the job?',
  askStartDetail:
    'Destinations: {destinations}. Platter saw no click and no key press in its window. This is normal with a screen reader. Otherwise, answer No.',
  askArm: 'Arm the station?',
  askArmBlank:
    'Blank drives in these bays are written automatically: {bays}. Platter saw no click and no key press in its window. This is normal with a screen reader. Otherwise, answer No.',
  askArmUsed:
    'Drives in these bays are erased and written automatically, even those with data: {bays}. Platter saw no click and no key press in its window. This is normal with a screen reader. Otherwise, answer No.',
  askRetry: 'Try this destination again?',
  askForget: 'Discard the interrupted job?',
  askEject: 'Eject the drives?',
  askDownload: 'Download from this link?',
  askDownloadAgain: 'Download again?',
  askDiscard: 'Discard the download?',
  askOpen: 'Open the image?',
  askOpenSaved: 'Open the saved file?',
  staysOpen: '{count, plural, one {# image stays open.} other {# images stay open.}}',
  staysOpenDetail: 'Something still uses {names}. Close it, then run: {commands}',
  askDetail:
    'Platter saw no click and no key press in its window. This is normal with a screen reader. Otherwise, answer No.',
  yes: 'Yes',
  no: 'No',
  develop: 'Develop',
} as const;
