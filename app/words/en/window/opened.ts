// Images that are open as files.
export const opened = {
  open: 'Open',
  openNamed: 'Open {name}',
  hint: 'Shows the files in it. Nothing is unpacked or changed.',
  opening: 'Opening…',
  title: 'Open images',
  written: 'Images that were written',
  isOpen: '{name} is open, read-only.',
  file: '{what}, {size}',
  whole: 'whole image',
  showNamed: 'Show the files of {what} in {name}',
  closeNamed: 'Close {name}',
  noneShown: 'The system shows no file system of it. Its contents are files in {folder}/images.',
  noUdisks:
    'The system cannot show its file systems: install the package udisks2, then open it again. Its contents are files in {folder}/images.',
  refused: '{what} is not shown: {said}.',
} as const;
