// The longer texts of `--help`. No line is wider than 80 columns.

export const EXIT_CODES = `
Exit codes:
  0    every destination is good
  1    some destinations are good, others failed or were missing on resume; or
       not everything is proven: a rescue could not read all of the source, a
       part was not compared, or the source was written to during the job
  2    refused: nothing was written
  3    no destination is good, the engine broke down, or stdout could not be
       written
  130  cancelled by SIGINT, SIGTERM or a closed terminal, after the I/O in
       flight had ended and the devices were flushed`;

/** Where the log is. */
const LOG = `
Log: platter.log in $PLATTER_STATE. Without that variable, root's log is in
/var/lib/platter, and that of other users in $XDG_STATE_HOME/platter or
~/.local/state/platter. PLATTER_LOG is the least severe level to log: error,
warn, info (the default) or debug.`;

export const JSON_LINES = `
With --json, stdout has one object per line and nothing else:
  {"event":"download",...}  for a URL or -, before the plan: state (begins,
                            runs, again, done), origin, path, bytes, length,
                            bytesPerSecond, secondsLeft, error
  {"event":"plan",...}      what was checked and will be done; platter resume
                            takes its job. With --used, parts has for each
                            partition partition, signatures, offset, size, used,
                            whole (why it is copied as a whole) and saves
  {"event":"progress",...}  about ten per second: bytes read, and for each
                            destination path, state, written, verified,
                            uncompared, toWrite, toVerify, bytesPerSecond,
                            secondsLeft, paused
  {"event":"error",...}     side, path, code, errno, offset, length, message,
                            advice
  {"event":"result",...}    the last line of a job that was started: outcome
                            (complete, partial, failed, cancelled), readErr,
                            writeErr, seconds, bytes, manifest, rescue,
                            sourceWritten, notes, job, and for each destination
                            path, state, verdict, verified, uncompared, written,
                            kept, seconds, errors. A destination that is not
                            done has durable, the bytes known to be on its
                            medium. With a bmap or --used it has mapped, the
                            bytes that the map lists. The verdict is verified,
                            mappedVerified (what the map lists; the rest does
                            not count), failed, removed, cancelled, written (not
                            read back), partlyVerified (uncompared bytes were
                            not compared) or sourceWritten (the source was
                            written to during the job)
A refused job prints its errors, with "side":null, and no result.`;

const UNITS = `
In SIZE and RATE, K, M, G and T are powers of 1024, and KB, MB and MiB mean the
same: 4G is 4 GiB. What is printed is in powers of 1000 (MB, GB).
`;

const CONTROL = `
While it runs:
  On a terminal, p pauses and continues the job. Up and down select one
  destination: p then acts on it alone, x cancels it, r retries it, and Esc
  selects all again. Ctrl-C stops the job cleanly.
  With --json, lines on stdin do the same if stdin is a pipe (</dev/null keeps
  it from being read):
    {"call":"pause","destination":null,"paused":true}
    {"call":"throttle","destination":"/dev/sdb","bytesPerSecond":20971520}
    {"call":"cancel","destination":0}
    {"call":"retry","destination":0}
  A destination is a path as it was typed, or its number from 0. null means the
  whole job; for bytesPerSecond it means no limit. Any other line, or one that
  cannot be carried out, gives an error event with "side":null and changes
  nothing.`;

export const COPY_EXAMPLES = `
Examples:
  platter copy disk.img /dev/sdb /dev/sdc       two clones of an image
  platter copy /dev/sdb backup.img              an image of a disk
  platter copy --used /dev/sdb backup.img.zst   only what is in use, packed
  platter copy /dev/sdb /dev/sdc copy.img       a clone and an image at once
  platter copy --yes --json disk.img /dev/sdb   for scripts: asks nothing
`;

const MORE_COPY_EXAMPLES = `
  platter copy --update disk.img /dev/sdb       writes only what differs
  platter copy --manifest m disk.img /dev/sdb   saves hashes, to verify by later
  platter copy --map map /dev/sdb rescued.img   reads what can still be read
  platter copy disk.img.xz /dev/sdb             unpacks it as it is read
  platter copy backup.img.000 /dev/sdb          joins the pieces of an image
  platter copy --sha256 0f34... a.zip /dev/sdb  also checks the download
  platter copy https://... /dev/sdb             downloads it first
  xzcat a.xz | platter copy --yes - /dev/sdb    takes standard input
  platter copy --throttle 20M --throttle-dest /dev/sdb=5M a.img /dev/sd[bc]
`;

const INFO = `
If an image cannot be read from the middle, only its first 64 MiB are examined.
The checksum in a list beside FILE is shown but not compared: platter check does
that. From a URL, at most 16 MiB are fetched: the parts of the file that
describe it, or only its start if the server has no ranges. Lists and a bmap
beside a URL are not searched for.

--used runs the programs of the file systems (see copy --used), which can take
minutes on a large disk, so nothing is said of this without it. The size of an
image is estimated from 64 chunks of 1 MiB, as zstd of level 3.

Examples:
  platter info raspios.img.xz       what is in it, and how large is it unpacked?
  platter info https://.../a.zip    the same, before it is downloaded
  platter info /dev/sdb             its partition table, and is that sound?
  platter info --used /dev/sdb      how much would copy --used copy?

With --json, stdout has one object. Sizes and places are in bytes; null means
unknown or absent:
  path, kind          as typed (a URL without its secrets); "file" or "disk"
  remote              for a URL: its file's name, ranges ("yes"; "no";
                      "unpinned": without a mark of their version), fetched
                      (bytes), complete (everything wanted was fetched)
  disk                for a disk: the object of platter list --json
  bytes               of the file or the disk
  packed              format, blocks, entries (name, size, packed, method,
                      encrypted), entry, sparse, seekable, threads, memory
  content             kind (image, packed, other, unknown), and its format
  size, sizeIs        of the image; "exact", "atLeast" (the partition table, or
                      for a URL the first frame, reaches this far) or "unknown"
  table               kind (gpt, mbr), sector, id and partitions: number, start,
                      size, place (primary, extended, logical), type, typeName,
                      name, uuid (PARTUUID), active, faults (beyondEnd,
                      backwards, overlaps), signatures
                      gpt: from (primary, backup), header, entries and backup
                      (right, wrong, missing, unread), backupAt, backupAtEnd,
                      mbr (protective, hybrid, missing), hybrid
                      mbr: sectorKnown, chain (none, whole, broken, unread),
                      gptToo
  signatures          at its first byte: type, version, label, uuid, with the
                      names of blkid; several if it is ambiguous
  checksum, unclear   list, checksum, of (file, image); lists that cannot be
                      used
  bmap                beside FILE: name, version, mapped, imageSize, hash; or
                      name and message if it cannot be used
  used                with --used: size, used, copied (the same in chunks of 1
                      MiB), image (about; null if that is not known) and parts
                      as in the plan of copy --json; or only problem, an error.
                      Absent for an image of copy --used, where copied has it
  problem             an error as in copy --json, if not everything could be
                      examined

Exit codes: 0 everything was examined; 1 only a part; 2 nothing.
`;

const MOUNT = `
DIR/images/disk.img is the image, and DIR/images/p1.img, p2.img and so on are
its partitions. They can only be read, by this user alone. As root, DIR/1, DIR/2
and so on show the files in them; for other users udisks mounts them, where it
is installed. Nothing is unpacked beforehand, so the size of an image makes no
difference. It must have an index: raw, a virtual disk, xz in blocks, zstd in
frames, a zip that stores it. A damaged block is an I/O error for what reads it,
and the rest stays readable.

Examples:
  platter mount backup.img.zst      prints where its files are
  platter mount disk.qcow2 view     in the folder view
  platter unmount view              closes it

With --json, stdout has one object:
  path, folder        as typed; where it is open
  format              how it is packed, or "none"
  files               partition (a number; null for the whole image), path,
                      bytes, type and label of the content, mounted (where its
                      files are), refused (why they are not)
  problem             an error as in copy --json, if the partition table could
                      not be read

Exit codes: 0 it is open; 1 it is open, but a file system in it could not be
mounted; 2 it is not open, and nothing is left behind.
platter unmount: 0 it is closed; 1 a part of it is still in use; 2 it is as it
was.
`;

const CHECK_EXAMPLES = `
Without a checksum option, a list such as SHA256SUMS beside FILE is used. With
--key, that list or FILE itself must be signed. If a bmap is beside FILE or
named with --bmap, its ranges are compared with its checksums.

Examples:
  platter check disk.img.xz                   is the download complete?
  platter check --sha256 0f34... disk.zip     and is it what was published?
  platter check --checksum dir/SHA256SUMS disk.img.xz
  platter check --key publisher.asc disk.img.xz

Exit codes:
  0    it is right: its own checksums cover every byte, or it has the checksum
       that was given, that of a list, or that of a good signature; or
       everything that its bmap maps was checked
  1    no fault was found, but nothing proves that it is right
  2    it could not be checked: it cannot be read or unpacked, or a list, a key
       or a signature is missing or ambiguous
  3    it is not right: it is damaged, has another checksum, or was changed
       after it or its list was signed

With --json, stdout has one object: path, format, entry, bytes and size (of the
file and of the image in it), checked, sha256, and
  "matches"    the checksum that was compared, its list, and what it covers
  "signed"     what is signed, by whom, and the key's fingerprint
  "unchecked"  signatures that were not checked
  "missing"    bytes by which its partitions reach beyond its end
  "unclear"    lists that could not be used, and why
  "bmap"       path, version, mapped (bytes), checksums (it has all of them)
`;

const VERIFY_EXAMPLES = `
Examples:
  platter verify disk.img /dev/sdb /dev/sdc   do both still equal the image?
  platter verify --manifest m /dev/sdb        the same, without the image
`;

const REPAIR_EXAMPLES = `
Examples:
  platter repair disk.img /dev/sdb /dev/sdc   rewrites what differs from the
                                              image, and verifies that again
`;

const RESUME_EXAMPLES = `
Source and destinations are those of the interrupted job. Before anything is
written, Platter checks that the devices are the same, and compares a sample of
what was copied.

Examples:
  platter jobs                                what can be continued
  platter resume                              the only one
  platter resume 20261123-235959-a1b2c3       that one
`;

const HISTORY_EXAMPLES = `
Examples:
  platter history                             all of them
  platter history failed 2026-11-26           what failed that day
  platter history 4C530001                    what was done to that drive
  platter history --csv > jobs.csv            for a spreadsheet
`;

const REPORT_EXAMPLES = `
Examples:
  platter report last --pdf report.pdf        of the job that ended last
  platter report 20261123-235959-a1b2c3 --pdf report.pdf --json report.json
  platter report last --manifest disk.manifest      to verify by later
`;

/** After the help of the program, and of each command that runs a job. */
export const TEXTS = {
  program: `\nplatter COMMAND --help describes a command.\n${COPY_EXAMPLES}${EXIT_CODES}
${LOG}`,
  info: INFO,
  mount: MOUNT,
  check: CHECK_EXAMPLES,
  copy: `${COPY_EXAMPLES.trimEnd()}${MORE_COPY_EXAMPLES}${UNITS}${CONTROL}\n${JSON_LINES}\n${EXIT_CODES}`,
  verify: `${VERIFY_EXAMPLES}${CONTROL}\n${JSON_LINES}\n${EXIT_CODES}`,
  repair: `${REPAIR_EXAMPLES}${CONTROL}\n${JSON_LINES}\n${EXIT_CODES}`,
  history: HISTORY_EXAMPLES,
  report: REPORT_EXAMPLES,
  resume: `${RESUME_EXAMPLES}${CONTROL}\n${JSON_LINES}\n${EXIT_CODES}`,
} as const;
