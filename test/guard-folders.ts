// vitest runs this before each test file (`setupFiles`). own-folders.ts has the check.
import { guardFolders } from './own-folders.ts';

guardFolders();
