// Names of lists of checksums.

/** Extensions of packed files. */
const PACKED = /\.(?:xz|gz|bz2|zst|lz4|zip)$/iu;
/** Extensions of a list that is named after its image. */
const OWN = /[.-](?:sha(?:1|256|512)?(?:sums?)?|md5(?:sums?)?|digests?|checksums?)(?:\.txt)?(?:\.asc)?$/iu;
/** Names of lists that cover several files. With `.asc` or `.sig` the list may be signed. */
const COMMON: readonly RegExp[] = [
  /^(?:sha(?:1|256|512)|md5)(?:[-_]?sums?)?(?:\.txt)?(?:\.asc|\.sig)?$/iu,
  /^(?:.+-)?checksums?(?:\.sha\d+.*)?(?:\.txt)?(?:\.asc)?$/iu,
];
/** Hashes in the names of lists, the strongest first. null stands for any other list. */
const STRENGTH: readonly (RegExp | null)[] = [/sha512/iu, /sha256/iu, null, /sha1(?!\d)/iu, /md5/iu];

/** The name of the image in a packed file, from the file's name; null when that has no extension of a packed file. */
export const imageNameIn = (name: string): string | null => (PACKED.test(name) ? name.replace(PACKED, '') : null);

/** True when bare digits in `list` belong to the file `name` or to the image in it. The list's name decides. */
export function ownerOf(list: string, name: string): 'file' | 'image' | null {
  const owner = OWN.test(list) ? list.replace(OWN, '') : null;
  if (owner === name) return 'file';
  return owner !== null && owner === imageNameIn(name) ? 'image' : null;
}

/** Those of `names` that can be lists for the file `name`, in order of preference. */
export function listsAmong(names: readonly string[], name: string): string[] {
  const rank = (list: string): number => {
    const strength = STRENGTH.findIndex((hash) => hash?.test(list) === true);
    const of = ownerOf(list, name);
    return (of === 'file' ? 0 : of === 'image' ? 10 : 20) + (strength < 0 ? STRENGTH.indexOf(null) : strength);
  };
  return names
    .filter((list) => list !== name && (ownerOf(list, name) !== null || COMMON.some((common) => common.test(list))))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}
