// The longer texts of `--help`. No line is wider than 80 columns.

export const EXIT_CODES = `
Exit codes:
  0    every destination is good
  1    some are good, some failed or were not there to be continued; or not all
       is proven: a rescue could not read all of the source, a part was not
       compared, or the source was written to during the job
  2    refused: nothing was written
  3    none is good, or the engine broke down, or stdout could not be written
  130  cancelled by SIGINT, SIGTERM or a terminal that closed, after what was in
       flight had ended and the devices were flushed`;

/** Where the log is. */
const LOG = `
Log: platter.log in $PLATTER_STATE. Without that variable root has it in
/var/lib/platter, other users in $XDG_STATE_HOME/platter or
~/.local/state/platter. PLATTER_LOG=debug keeps more, error, warn or info as
much or less.`;

export const JSON_LINES = `
With --json, stdout has one object a line and nothing else:
  {"event":"download",...}  of a URL or -, before the plan: state (begins, runs,
                            again, done), origin, path, bytes, length,
                            bytesPerSecond, secondsLeft, error
  {"event":"plan",...}      what was checked and will be done; its job is what
                            platter resume goes on with
  {"event":"progress",...}  about ten a second: bytes read, and per destination
                            path, state, written, verified, uncompared, toWrite,
                            toVerify, bytesPerSecond, secondsLeft, paused
  {"event":"error",...}     side, path, code, errno, offset, length, message,
                            advice
  {"event":"result",...}    the last line of a job that was started: outcome
                            (complete, partial, failed, cancelled), readErr,
                            writeErr, seconds, bytes, manifest, rescue,
                            sourceWritten, notes, job, and per destination path,
                            state, verdict, verified, uncompared, written, kept,
                            seconds, errors; of one that is not done also
                            durable, the bytes that are known to be on its
                            medium; mapped, with a bmap: the bytes that it
                            maps. The verdict is verified, mappedVerified (what
                            the bmap maps; the rest is undefined), failed,
                            removed, cancelled, written (not read back),
                            partlyVerified (uncompared bytes were not compared)
                            or sourceWritten (it was, during the job)
A refused job prints its errors, with "side":null, and has no result.`;

const CONTROL = `
While it runs:
  On a terminal, p pauses the job and goes on with it. Up and down choose one
  destination: p is then for it alone, x cancels it, r tries it again, and Esc
  goes back to all. Ctrl-C stops the job in order.
  With --json, where stdin is a pipe, lines on it do the same (</dev/null keeps
  it from being read):
    {"call":"pause","destination":null,"paused":true}
    {"call":"throttle","destination":"/dev/sdb","bytesPerSecond":20971520}
    {"call":"cancel","destination":0}
    {"call":"retry","destination":0}
  A destination is a path as it was typed, or its number from 0; null is the
  whole job, and for bytesPerSecond no limit. A line that is none of these, or
  cannot be obeyed, gives an error event with "side":null and changes nothing.`;

export const COPY_EXAMPLES = `
Examples:
  platter copy disk.img /dev/sdb /dev/sdc       two clones of an image
  platter copy /dev/sdb backup.img              an image of a disk
  platter copy /dev/sdb /dev/sdc copy.img       a clone and an image at once
  platter copy --yes --json disk.img /dev/sdb   for scripts: asks nothing
`;

const MORE_COPY_EXAMPLES = `
  platter copy --update disk.img /dev/sdb       writes only what differs
  platter copy --manifest m disk.img /dev/sdb   keeps hashes, for verify later
  platter copy --map map /dev/sdb rescued.img   reads what can still be read
  platter copy disk.img.xz /dev/sdb             unpacks it as it is read
  platter copy --sha256 0f34... a.zip /dev/sdb  and checks what was downloaded
  platter copy https://... /dev/sdb             downloads it first
  xzcat a.xz | platter copy --yes - /dev/sdb    takes standard input
  platter copy --throttle 20M --throttle-dest /dev/sdb=5M a.img /dev/sd[bc]
`;

const INFO = `
Of an image that cannot be read from the middle, only its first 64 MiB are
looked at. A checksum that a list beside FILE names is told, and not compared:
platter check does that. Of a URL only the parts that tell this are fetched, 16
MiB at most, and only its start where the server does not give parts. Lists and
a bmap beside it are not looked for.

Examples:
  platter info raspios.img.xz       what is in it, and how large is it unpacked?
  platter info /dev/sdb             its partition table, and is that sound?
  platter info https://.../a.zip    the same, before it is downloaded

With --json, stdout has one object. Sizes and places are in bytes; null is what
is not known or not there:
  path, kind          as typed (a URL without its secrets); "file" or "disk"
  disk                of a disk: the object of platter list --json
  remote              of a URL: its file's name, ranges ("yes"; "no"; "unpinned":
                      without a mark of their version), fetched (bytes),
                      complete (all that is wanted could be fetched)
  bytes               of the file or the disk
  packed              format, blocks, entries (name, size, packed, method,
                      encrypted), entry, sparse, seekable, threads, memory
  content             kind (image, packed, other, unknown), and its format
  size, sizeIs        of the image; "exact", "atLeast" (the partition table, or
                      of a URL the first frame, reaches so far) or "unknown"
  table               kind (gpt, mbr), sector, id and partitions: number, start,
                      size, place (primary, extended, logical), type, typeName,
                      name, uuid (PARTUUID), active, faults (beyondEnd,
                      backwards, overlaps), signatures
                      gpt: from (primary, backup), header, entries and backup
                      (right, wrong, missing, unread), backupAt, backupAtEnd,
                      mbr (protective, hybrid, missing), hybrid
                      mbr: sectorKnown, chain (none, whole, broken, unread),
                      gptToo
  signatures          what begins at its first byte: type, version, label, uuid,
                      with the names of blkid; several where it is ambiguous
  checksum, unclear   list, checksum, of (file, image); lists that cannot be
                      used
  bmap                beside FILE: name, version, mapped, imageSize, hash; or name
                      and message when it cannot be used
  problem             an error as in copy --json, when not all could be looked at

Exit codes: 0 all could be looked at; 1 not all; 2 nothing could.
`;

const CHECK_EXAMPLES = `
A list such as SHA256SUMS that lies beside FILE is used when no checksum is given.
With --key that list, or FILE itself, has to be signed. The ranges of a bmap that
lies beside FILE, or is named with --bmap, are compared with its checksums.

Examples:
  platter check disk.img.xz                   is the download whole and right?
  platter check --sha256 0f34... disk.zip     and is it what was published?
  platter check --checksum dir/SHA256SUMS disk.img.xz
  platter check --key publisher.asc disk.img.xz

Exit codes:
  0    it is right: every byte was checked by what is in it, or it has the
       checksum that was given, that of a list, or that of a good signature;
       or all that its bmap maps was checked
  1    no fault was found, but nothing proves that it is right
  2    it could not be checked: it cannot be read or unpacked, or a list, a key
       or a signature is missing or not clear
  3    it is not right: it is damaged, has another checksum, or was changed
       after it or its list was signed

With --json, stdout has one object: path, format, entry, bytes and size (of the
file and of the image in it), checked, sha256, and
  "matches"    the checksum that was compared, its list, and of what it is
  "signed"     what is signed, by whom, and the key's fingerprint
  "unchecked"  signatures that were not checked
  "unclear"    lists that could not be used, and why
  "bmap"       path, version, mapped (bytes), checksums (it has all of them)
`;

const VERIFY_EXAMPLES = `
Examples:
  platter verify disk.img /dev/sdb /dev/sdc   are both still what the image is?
  platter verify --manifest m /dev/sdb        the same, without the image
`;

const REPAIR_EXAMPLES = `
Examples:
  platter repair disk.img /dev/sdb /dev/sdc   rewrites what is not as in the
                                              image, and verifies that again
`;

const RESUME_EXAMPLES = `
Source and destinations are those of the interrupted job. Before anything is
written they are checked: the same devices, and a sample of what was copied.

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
  program: `\nplatter COMMAND --help says more about a command.\n${COPY_EXAMPLES}${EXIT_CODES}
${LOG}`,
  info: INFO,
  check: CHECK_EXAMPLES,
  copy: `${COPY_EXAMPLES.trimEnd()}${MORE_COPY_EXAMPLES}${CONTROL}\n${JSON_LINES}\n${EXIT_CODES}`,
  verify: `${VERIFY_EXAMPLES}${CONTROL}\n${JSON_LINES}\n${EXIT_CODES}`,
  repair: `${REPAIR_EXAMPLES}${CONTROL}\n${JSON_LINES}\n${EXIT_CODES}`,
  history: HISTORY_EXAMPLES,
  report: REPORT_EXAMPLES,
  resume: `${RESUME_EXAMPLES}${CONTROL}\n${JSON_LINES}\n${EXIT_CODES}`,
} as const;
