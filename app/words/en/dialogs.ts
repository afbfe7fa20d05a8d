// The desktop’s own dialogs and menus, which main shows.
export const dialogs = {
  running: 'A job is running.',
  runningDetail:
    'Stopping ends the writes in flight and flushes every drive. Destinations that are not finished cannot be used.',
  runningDetailContinuable:
    'Stopping ends the writes in flight and flushes every drive. Destinations that are not finished cannot be used until the job is continued.',
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
    'Destinations: {destinations}. Platter saw neither a click nor a key in its window. This is usual with a screen reader. Otherwise answer no.',
  askRetry: 'Start the destination again?',
  askForget: 'Forget the interrupted job?',
  askEject: 'Eject the drives?',
  askDetail:
    'Platter saw neither a click nor a key in its window. This is usual with a screen reader. Otherwise answer no.',
  yes: 'Yes',
  no: 'No',
  develop: 'Develop',
} as const;
