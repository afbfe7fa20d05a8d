// Opens an image for the window: in a folder of its own, with the file systems that the system shows.
import type { OpenedFolder } from '../../contract/opened-images.ts';
import { canShow, showFileSystems } from './file-systems.ts';
import { openImage } from './image-folder.ts';

/** Opens the image at `path`. It outlives this process. `entry`: the file of an archive; null for its only one. */
export async function showImage(path: string, entry: string | null): Promise<OpenedFolder> {
  const opened = await openImage(path, null, entry);
  const files = await showFileSystems(opened);
  return { folder: opened.folder, files, canShow: canShow(), problem: opened.problem };
}
