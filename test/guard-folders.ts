// Runs before each file of tests (`setupFiles`): see own-folders.ts.
import { guardFolders } from './own-folders.ts';

guardFolders();
