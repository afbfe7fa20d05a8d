// What the user should know of a job, before it or after.
import type { Note } from '../../contract/facts.ts';

export const notes = {
  said: '{text}',
  mountedSource:
    '{path} is mounted read-write at {targets}: what is written to it meanwhile can make the copy inconsistent.',
  swapSource: '{path} is used as swap: what is written to it meanwhile can make the copy inconsistent.',
  besideSystem: '{path} is a partition of the disk that holds the running system.',
  bootAreas:
    'The boot areas of {path} ({areas}) are not {end, select, source {copied} other {written}}, only its main area is. {end, select, source {A board that starts from them does not start from the copy alone.} other {They keep what they hold.}}',
  gptNotAtEnd:
    '{path} is larger than the source: the backup of its partition table (GPT) will not be at its end. After the copy, `sgdisk -e {path}` moves it there.',
  leftBehind:
    '{path} keeps old signatures beyond the end of the source: {signatures}. A system may take it for what it was. `wipefs --all {path}` before the copy erases them.',
  mirrorLeft:
    '{path} keeps a copy of an old btrfs superblock beyond the end of the source, at {place}. Only recovery tools look there.',
  takenAsIs: '{path} is {file}, not a disk image: its bytes are taken as they are.',
  looksLike: '{path} looks like {file}. If it is, nothing will start from the copy.',
  unrecognised:
    'Nothing is recognised in {path}, neither a partition table nor a file system: make sure that it is a disk image.',
  trailer:
    '{path} is a {format} file: a disk, byte for byte, and after it 512 bytes that belong to {format}. They are copied too.',
  otherSectors:
    '{path} has sectors of {has, number} bytes, and the partitions of the source count in sectors of {made, number}: no system will find them on the copy.',
  sourceSectors:
    '{path} has sectors of {has, number} bytes, but its partitions count in sectors of {made, number}: no system finds them on it.',
  imageSectors:
    'The partitions of the source count in sectors of {made, number} bytes. To find them in {path}, attach it with `losetup --sector-size {made}`.',
  partitionsBeyond:
    'The last partition of {path} ends at {end}, but {path} only has {size}: its end is missing, and so it is on the copy.',
  sameUuids:
    '{source} and the copy on {paths} have the same UUIDs. Disconnect one of them before the next mount or restart, because the system cannot tell them apart.{by, select, btrfs { A mount of btrfs can write to the wrong one: `btrfstune -u` gives the unmounted copy a UUID of its own.} lvm { `vgimportclone` gives the copy names and UUIDs of its own.} other {}}',
  buffered: '{path} takes no direct I/O: it goes through the cache, which is dropped before anything is read back.',
  partitionsUnchecked:
    'Platter may not ask the system whether another program has a partition of {path} open. Close programs that use it.',
  unlogged: 'It cannot be continued if it is interrupted: no log can be kept in {directory}. {reason}',
  unloggedMemory: 'It cannot be continued if it is interrupted: there is too little memory to keep a log.',
  leftOut: '{path} is not there: it is left out, and can be continued later.',
  partOfJob:
    '{part} is what the job of {began} left when it was interrupted. It is removed, and that job cannot be continued for {path}.',
  logDamaged: 'The log of this job is damaged: everything is copied again.',
  goesOn: 'The job of {began} goes on: {there} are on the destinations already.',
  beginsAgain: 'The job of {began} goes on: nothing is on the destinations yet.',
  manifestReplaced: 'The manifest at {path} is replaced by that of this job.',
  mapGone: 'There is no map {path} any more: what could not be read is tried from the beginning.',
  mapContinued: 'The map is continued: {rescued} count as being on every destination already.',
  notCompared: 'The manifest has no hash of {count, plural, one {# chunk} other {# chunks}}: those are not compared.',
  sourceWritten: '{path} was written to while the job ran: what was read of it may be no state that it was ever in.',
  sourceUnwatched:
    'Whether {path} was written to while the job ran cannot be told, because its file lost its name or is out of reach. It counts as written to.',
  oldPartitions:
    'The system may still show the old partitions of {path} ({errno}): they are right once it is plugged in again.',
  manifestWritten: 'The manifest was written to {path}.',
  manifestNotSaved: 'The manifest was not saved: {reason}',
  manifestNotKept: 'The manifest was not kept: {reason}',
  manifestEmpty: 'No manifest was made: nothing of the source was read.',
  manifestHoles: 'The manifest has no hash for {count, plural, one {# chunk} other {# chunks}} not read in full.',
  comparedWithManifest:
    'Of {all, plural, one {# chunk} other {# chunks}} of the source, {compared, number} could be compared with the manifest.',
  sourceUnchanged: 'Nothing of the source has changed since the manifest was made.',
  sourceChanged:
    '{count, plural, one {# chunk} other {# chunks}} ({size}) of the source changed since the manifest was made.',
  logNotWritten: 'The job log could not be written, so this job cannot be continued if it is interrupted: {reason}',
  mapNotWritten: 'The map could not be written to {path}: {reason}',
  morePlaces: '{count, plural, one {# more unreadable place is} other {# more unreadable places are}} in the map only.',
  nameKept:
    '{path} kept its name while it was repaired, since it could not be called {part} ({errno}): had that been interrupted, only the log would have told.',
  mapOfDone:
    'The map says what was read, for the destinations that are done; the others lack some of that, and get it when the job is continued.',
} as const satisfies Record<Note['kind'], string>;
