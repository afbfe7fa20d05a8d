// The desktop's own file dialogs. They start in the folder where Platter was started, if it is readable.
import {
  dialog,
  type FileFilter,
  type MessageBoxOptions,
  type OpenDialogOptions,
  type SaveDialogOptions,
} from 'electron';
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PACKED_FORMATS, packedFormats } from '../contract/image-formats.ts';
import { MANIFEST_EXTENSION } from '../contract/limits.ts';
import { say } from '../words/speech.ts';
import { currentWindow } from './window.ts';

const IMAGES = ['img', 'iso', 'raw', 'bin', 'dd', 'wic'];
/** A source can be packed too, and the first piece of a split file. */
const SOURCES = [
  ...[...IMAGES, 'xz', 'gz', 'zst', 'bz2', 'lz4', 'zip', 'simg', 'qcow2', 'vmdk', 'vdi', 'vhd', 'vhdx'],
  ...['000', '001', 'aa'],
];

/** What new images can be. The desktop adds the first one to a name that has none of them. */
const NEW_IMAGES = [
  ...packedFormats.flatMap((format) => PACKED_FORMATS[format].endings.map((ending) => ending.slice(1))),
  ...IMAGES,
];

const images = (extensions: readonly string[] = IMAGES): FileFilter[] => [
  { name: say('dialogs.images'), extensions: [...extensions] },
  anyFile(),
];
const anyFile = (): FileFilter => ({ name: say('dialogs.allFiles'), extensions: ['*'] });
const manifests = (): FileFilter => ({ name: say('dialogs.manifests'), extensions: [MANIFEST_EXTENSION] });

/** Asks for an image to read; null when cancelled. */
export function chooseImage(): Promise<string | null> {
  return chooseFile({ title: say('dialogs.chooseImage'), defaultPath: startFolder(), filters: images(SOURCES) });
}

/** Asks for an image to check or repair; null when cancelled. */
export function chooseOldImage(): Promise<string | null> {
  return chooseFile({ title: say('dialogs.oldImage'), defaultPath: startFolder(), filters: images() });
}

/** Asks for a manifest; null when cancelled. */
export function chooseManifest(): Promise<string | null> {
  return chooseFile({
    title: say('dialogs.chooseManifest'),
    defaultPath: homedir(),
    filters: [manifests(), anyFile()],
  });
}

/** Asks for an existing file; null when cancelled. */
async function chooseFile(asked: OpenDialogOptions): Promise<string | null> {
  const options = { ...asked, properties: ['openFile' as const] };
  const window = currentWindow();
  const { canceled, filePaths } = await (window === null
    ? dialog.showOpenDialog(options)
    : dialog.showOpenDialog(window, options));
  return canceled ? null : (filePaths[0] ?? null);
}

/** Asks where to put a new image; null when cancelled. */
export function chooseNewImage(): Promise<string | null> {
  return choosePlace({
    title: say('dialogs.newImage'),
    defaultPath: join(startFolder(), 'copy.img.zst'),
    filters: images(NEW_IMAGES),
  });
}

/** Asks where to put the manifest with this SHA-256; null when cancelled. */
export function chooseNewManifest(manifest: string): Promise<string | null> {
  return choosePlace({
    title: say('dialogs.newManifest'),
    defaultPath: join(homedir(), `platter-${manifest.slice(0, 12)}.${MANIFEST_EXTENSION}`),
    filters: [manifests()],
  });
}

/** Asks where to save something; null when cancelled. */
export async function choosePlace(options: SaveDialogOptions): Promise<string | null> {
  const window = currentWindow();
  const { canceled, filePath } = await (window === null
    ? dialog.showSaveDialog(options)
    : dialog.showSaveDialog(window, options));
  return canceled || filePath === '' ? null : filePath;
}

/** Asks a question in a dialog of the desktop; "no" is the safe answer. true for yes. */
export async function confirm(message: string, detail: string): Promise<boolean> {
  const options: MessageBoxOptions = {
    type: 'warning',
    message,
    detail,
    buttons: [say('dialogs.no'), say('dialogs.yes')],
    defaultId: 0,
    cancelId: 0,
  };
  const window = currentWindow();
  const { response } = await (window === null
    ? dialog.showMessageBox(options)
    : dialog.showMessageBox(window, options));
  return response === 1;
}

/** Root may start the window from a folder that the window's ordinary user cannot read. */
function startFolder(): string {
  try {
    accessSync(process.cwd(), constants.R_OK | constants.X_OK);
    return process.cwd();
  } catch {
    return '/';
  }
}
