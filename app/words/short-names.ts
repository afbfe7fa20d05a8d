// How paths and serials are shortened to what a person compares with a label. Pure.

/** The last six characters of a serial, enough to compare with a label. */
export const lastSix = (serial: string): string => serial.slice(-6);

/** "sdb" of "/dev/sdb", "copy.img" of "/home/me/copy.img". */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** "/home/me" of "/home/me/copy.img". */
export const folder = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));
