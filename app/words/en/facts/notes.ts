// What the user should know about a job, before or after it.
import type { Note } from '../../../contract/facts.ts';

export const notes = {
  said: '{text}',
  mountedSource:
    '{path} is mounted read-write at {targets}: writes to it during the job can make the copy inconsistent.',
  swapSource: '{path} is used as swap: writes to it during the job can make the copy inconsistent.',
  besideSystem: '{path} is a partition of the disk that holds the running system.',
  bootAreas:
    'The boot areas of {path} ({areas}) are not {end, select, source {copied} other {written}}, only its main area is. {end, select, source {A board that boots from them does not boot from the copy alone.} other {They keep what they hold.}}',
  onePartition:
    '{path} has no partition table, only a file system ({fileSystem}): it looks like the image of one partition. {paths} will have no partition table, so what needs one does not start from {count, plural, one {it} other {them}}. To restore one partition, choose that partition of a drive as the destination.',
  gptNotAtEnd:
    '{count, plural, one {{paths} is} other {{paths} are}} larger than the source, so the backup of the partition table (GPT) will not be at the end of the drive. After the copy, {count, plural, one {`sgdisk -e {paths}`} other {`sgdisk -e DRIVE`, for each of them,}} moves it there. That changes the table, so a later comparison with the source reports its sectors as different: verify before it.',
  leftBehind:
    '{path} keeps old signatures beyond the end of the source: {signatures}. A system may mistake it for what it was. `wipefs --all {path}` before the copy erases them.',
  mirrorLeft:
    '{path} keeps a copy of an old btrfs superblock beyond the end of the source, at {place}. Only recovery tools look there.',
  packedLeftOut:
    '{path} is an image that cannot be continued, only written as a whole: it is left out. Start a new copy for it.',
  splits: '{path} is written in pieces of {size}: {first} and so on.',
  piecesExceedFat:
    '{path}: pieces of 4 GiB are one byte too long for FAT, whose files have at most {longest, number} bytes. For pieces that FAT takes, use --split fat.',
  mayExceedFat:
    '{path}: its file system (FAT) allows no files larger than {longest}. The copy fails when the image gets larger. --split fat writes it in pieces.',
  packs: '{path} is packed as it is written ({format}, level {level}). Its size is known when it is complete.',
  unpacks: '{path} is unpacked as it is read ({format}, {bytes}). The image in it has {size}.',
  unpacksEntry: '{entry} in {path} is unpacked as it is read ({format}, {bytes}). It has {size}.',
  putTogether:
    '{path} is a folder of {format}: the disk is put together from {count, number} files as they are read ({bytes}). It has {size}.',
  partsLeftOut: '{path} has nothing of these partitions, which become zeros: {names}.',
  swapLeftOut: 'Format these partitions as swap again after the copy: {names}.',
  tableDamaged:
    'The partition table in {path} ({file}) has a wrong checksum: a system may not find the partitions of the copy.',
  fileSystemsSmaller:
    'In {path}, these file systems were shrunk and are smaller than their partitions: {names}. The command in brackets makes one grow.',
  partsUnsized:
    'In {path}, the size of these images shows only as they are read: {names}. When one is shorter than its partition, zeros follow it.',
  joinsPieces: '{path} is the first of {count, number} pieces, which are read as one (up to {last}, together {bytes}).',
  checksum: 'The checksum of {path} is computed during the copy. No disk gets its first MiB unless it is right.',
  checksumFrom: 'The {hash} of {of, select, file {{path}} other {the image in {path}}} is {hex}, says {list}.',
  signedBy: '{path} is signed by {by} (key {key}).',
  signatureUnchecked:
    '{path} is signed ({signature}), and the signature is not checked. To check it: --key KEY, with the key of the publisher.',
  checksumBeside:
    '{list} has a checksum ({hash}) of {of, select, file {{path}} other {the image in {path}}}, which is not checked. To check it: --checksum {list}',
  listUnclear: 'The checksum list {list} beside {path} cannot be used. {reason}',
  mappedOnly:
    'Of {path}, only what {bmap} maps is used: {mapped}. The other {left} are undefined: they are not compared, and on a drive most of them keep what it has there. To make them zeros: --zero-unmapped',
  mappedZeros:
    'Of {path}, what {bmap} maps is used: {mapped}. The other {left} are undefined, and are taken for zeros.',
  mappedUnchecked: '{bmap} has no checksum for some of the image: a wrong byte there would not be noticed.',
  usedOnly:
    'Of {path}, {used} are in use or not known to be free: {on, select, nothing {they are compared. The other {left} are free, and are not compared.} drives {they are copied and compared. The other {left} are free: on a drive most of them keep what it has there. To make them zeros: --zero-unmapped} images {they are copied and compared. The other {left} are free: in a new image most of them are zeros.} other {they are copied and compared. The other {left} are free: on a drive most of them keep what it has there, in a new image most of them are zeros. To make all of them zeros: --zero-unmapped}}',
  usedZeros:
    'Of {path}, {used} are in use or not known to be free: they are copied and compared. The other {left} are free, and become zeros.',
  usedPart:
    '{of, select, whole {{path}} other {Partition {partition} of {path}}} ({fileSystem}, {size}): {used} are in use.',
  wholePart:
    '{of, select, whole {{path}} other {Partition {partition} of {path}}} ({fileSystem}, {size}) is copied as a whole. {reason}',
  wholePartSaves:
    '{of, select, whole {{path}} other {Partition {partition} of {path}}} ({fileSystem}, {size}) is copied as a whole, although {saves} of it look free. {reason}',
  usedNoTable:
    '{path} is copied as a whole: it has neither a partition table that is whole and without faults nor a file system that Platter recognises.',
  bmapUnused: '{bmap} lies beside the source and is not used by this job: all of the source counts.',
  packedUnchecked: '{path} has no checksum of what is in it: a wrong byte in the file would not have been noticed.',
  zerosFollow: 'In {path}, {bytes} of zeros follow the packed image. They are not part of it.',
  takenAsIs: '{path} is {file}, not a disk image: its bytes are taken as they are.',
  looksLike: '{path} looks like {file}. If it is, the copy will not boot.',
  unrecognised:
    'Nothing in {path} is recognised, neither a partition table nor a file system: make sure that it is a disk image.',
  imageDespiteName: 'The name of {path} says {format}, but it is a disk image: its bytes are taken as they are.',
  takenDespiteName:
    'The name of {path} says {format}, but it does not begin as such a file: its bytes are taken as they are.',
  trailer:
    '{path} is a {format} file: a disk, byte for byte, and after it 512 bytes that belong to {format}. They are copied too.',
  openWrtMetadata:
    'What is packed in {path} is followed by {bytes} of OpenWrt metadata, which are not part of the image.',
  otherSectors:
    '{path} has sectors of {has, number} bytes, but the partition table of the source counts in sectors of {made, number}: no system will find the partitions on the copy.',
  sourceSectors:
    '{path} has sectors of {has, number} bytes, but its partition table counts in sectors of {made, number}: no system finds its partitions.',
  imageSectors:
    'The partition table of the source counts in sectors of {made, number} bytes. To use the partitions in {path}, attach it with `losetup --sector-size {made}`.',
  partitionsBeyond:
    '{path} lacks {missing} at its end, and the copy will lack them too: its last partition ends at {end}, but {path} only has {size}. An image file like that is probably cut short: compare its size or checksum with the publisher’s.',
  gptCut:
    '{path} lacks {missing} at its end: by its GPT, the disk has {whole}. The backup of the table was there, so the copy lacks it too. Of an image in pieces, the last one is probably missing.',
  sameUuids:
    '{source} and the copy on {paths} have the same UUIDs. Disconnect one of them before the next mount or restart, because the system cannot tell them apart.{by, select, btrfs { A mounted btrfs can write to the wrong one: `btrfstune -u` gives the unmounted copy a UUID of its own.} lvm { `vgimportclone` gives the copy names and UUIDs of its own.} other {}}',
  buffered:
    '{path} does not support direct I/O: it is used through the page cache, which is dropped before anything is read back.',
  partitionsUnchecked:
    'Platter is not allowed to check whether another program has a partition of {path} open. Close programs that use it.',
  unlogged: 'This job cannot be continued if it is interrupted, because no log can be kept in {directory}. {reason}',
  unloggedMemory:
    'This job cannot be continued if it is interrupted, because there is not enough memory to keep a log.',
  leftOut: '{path} is not there: it is left out, and can be continued later.',
  writtenByOther: '{path} is left out: another job has written it since.',
  partOfWholeJob:
    '{part} is left over from the interrupted job of {began}, which cannot be continued for {path}. It is removed.',
  partOfJob:
    '{part} is left over from the interrupted job of {began}. It is removed, and that job can then not be continued for {path}.',
  logDamaged: 'The log of this job is damaged: everything is copied again.',
  goesOn: 'The job of {began} is continued: {there} are already on the destinations.',
  beginsAgain: 'The job of {began} has nothing on the destinations: everything is written again.',
  manifestReplaced: 'The manifest at {path} is replaced by that of this job.',
  mapGone: 'The mapfile {path} no longer exists: what could not be read is tried from the beginning.',
  mapContinued: 'The mapfile is continued: {rescued} count as being on every destination already.',
  notCompared: 'The manifest has no hash for {count, plural, one {# chunk} other {# chunks}}: those are not compared.',
  sourceWritten: '{path} was written to while the job ran, so what was read may be a mixture of old and new data.',
  sourceUnwatched:
    'Platter cannot tell whether {path} was written to while the job ran, because its file lost its name or is out of reach. It counts as written to.',
  sourceUnknown:
    'The engine broke down before Platter could tell whether {path} was written to while the job ran. It counts as written to.',
  oldPartitions:
    'The system may still show the old partitions of {path} ({errno}). Plug it in again to see the new ones.',
  manifestWritten: 'The manifest was written to {path}.',
  manifestNotSaved: 'The manifest was not saved: {reason}',
  manifestNotKept: 'The manifest was not kept: {reason}',
  manifestEmpty: 'No manifest was made, because nothing of the source was read.',
  manifestHoles:
    'The manifest has no hash for {count, plural, one {# chunk that was} other {# chunks that were}} not read in full.',
  comparedWithManifest:
    'Of {all, plural, one {# chunk} other {# chunks}} of the source, {compared, number} could be compared with the manifest.',
  sourceUnchanged: 'The source has not changed since the manifest was made.',
  sourceChanged:
    '{count, plural, one {# chunk} other {# chunks}} ({size}) of the source changed since the manifest was made.',
  logNotWritten: 'The job log could not be written, so this job cannot be continued if it is interrupted: {reason}',
  mapNotWritten: 'The mapfile could not be written to {path}: {reason}',
  morePlaces:
    '{count, plural, one {# more unreadable place is} other {# more unreadable places are}} listed in the mapfile only.',
  nameKept:
    '{path} kept its name while it was repaired, because it could not be renamed to {part} ({errno}). If the repair had been interrupted, only the log would have shown that.',
  mapOfDone:
    'The mapfile describes the destinations that are done. The others still lack some of that data and get it when the job is continued.',
} as const satisfies Record<Note['kind'], string>;
