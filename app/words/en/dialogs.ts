// The desktop’s own dialogs and menus, which main shows.
export const dialogs = {
  running: 'A job is running.',
  runningDetail: 'Stopping ends the writes in flight and flushes every drive. Destinations that are not finished cannot be used.',
  runningDetailContinuable: 'Stopping ends the writes in flight and flushes every drive. Destinations that are not finished cannot be used until the job is continued.',
  keepRunning: 'Keep running',
  stopAndQuit: 'Stop and quit',
  images: 'Disk images',
  allFiles: 'All files',
  chooseImage: 'Choose an image',
  chooseManifest: 'Choose a manifest',
  newImage: 'New image',
  newManifest: 'New manifest',
  manifests: 'Manifests',
  develop: 'Develop',
} as const;
