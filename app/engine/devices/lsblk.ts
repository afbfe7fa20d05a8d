// Reads the facts about block devices: the output of util-linux's lsblk, and files in /proc and /sys.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reason } from '../../contract/facts.ts';
import { Blocks, type Block, type Facts } from './block-devices.ts';
import { LSBLK_COLUMNS, unknownIn } from './lsblk-output.ts';
import { failure, Refusal } from '../../base/errors.ts';
import { stateDir } from '../../base/state-folder.ts';
import { fileIds, idOf, isNode } from './file-ids.ts';
import { parseMounts, parseSwaps } from './mounts.ts';
import { loadedAddon, type NativeAddon, type NativeDeviceInfo } from '../native/addon.ts';
import { portsOf } from './usb-port.ts';
import { bayNumbers, baysIfReadable, portIn } from './bays.ts';
import { runProgram, SYSTEM_PATH } from './run-program.ts';
import { probe } from './probe.ts';
import { btrfsMembers, content, ejectable, loopBackings, places, sequences, serials } from './sysfs.ts';

const LSBLK_TIMEOUT_MS = 20_000;
/** Only supplements sysfs, so a file system that hangs behind a loop device must not delay the list for long. */
const LOOP_TIMEOUT_MS = 3_000;
/** Unanswered questions to the kernel, by kernel name, so that none is asked twice. */
const asked = new Map<string, Promise<string | null>>();

/** Looking at this many loop devices takes almost no time. */
const FEW_LOOPS = 8;

/**
 * Reads the current block devices of this machine. Rejects with a Refusal (ENGINE_UNAVAILABLE) when lsblk is missing,
 * fails, or does not answer. `path` is the PATH to find programs in. `untouched`: numbers of devices that a job uses,
 * which are not read now. When there are many loop devices, as with snaps, only those at the paths `loops` are read;
 * null: all.
 */
export async function readBlocks(
  path: string = SYSTEM_PATH,
  untouched: ReadonlySet<string> = new Set(),
  loops: readonly string[] | null = null,
): Promise<Blocks> {
  try {
    return await readBlocksOnce(path, untouched, loops);
  } catch (error) {
    // A disk that goes away meanwhile can make the programs fail. The second try counts.
    if (error instanceof Refusal && error.errors[0]!.reason.kind !== 'lsblkSilent')
      return readBlocksOnce(path, untouched, loops);
    throw error;
  }
}

async function readBlocksOnce(
  path: string,
  untouched: ReadonlySet<string>,
  loops: readonly string[] | null,
): Promise<Blocks> {
  const backings = loopBackings();
  const [lsblk, bays, mountinfo, backingIds] = await Promise.all([
    runLsblk(path),
    baysIfReadable(stateDir()),
    readFile('/proc/self/mountinfo', 'utf8'),
    loopFiles([...backings.keys()]),
  ]);
  const placed = places();
  const numbers = bayNumbers(bays);
  try {
    const read =
      loops === null || backings.size <= FEW_LOOPS
        ? null
        : new Set([...(await fileIds(loops, path)).values()].map((id) => id.replace(/^block:/u, '')));
    const probed = await probe(
      unknownIn(lsblk, read).filter(({ majorMinor }) => !untouched.has(majorMinor)),
      path,
    );
    const swaps = content('/proc/swaps');
    const untold = [...backings].filter(([name]) => !backingIds.has(name)).map(([, file]) => file);
    const sources = parseMounts(mountinfo)
      .flatMap(({ source }) => source.split(':'))
      .filter((source) => source.startsWith('/'));
    const ids = await fileIds(
      [...new Set([...untold, ...parseSwaps(swaps), ...sources])].filter((file) => !isNode(file)),
      path,
    );
    const facts: Facts = {
      lsblk,
      mountinfo,
      swaps,
      backings,
      backingIds,
      ports: new Map([...portsOf(placed)].map(([name, port]) => [name, portIn(numbers, port)])),
      sequences: sequences(placed),
      serials: serials(placed),
      ejectable: ejectable(placed),
      probed,
      btrfs: btrfsMembers(),
      idOf: (file) => (isNode(file) ? idOf(file) : (ids.get(file) ?? null)),
    };
    return new Blocks(facts);
  } catch (error) {
    throw unavailable({ kind: 'lsblkOdd', said: String(error) });
  }
}

/** True when an open device is the disk or medium that was inspected, as far as the kernel numbers them. */
export const isSequence = (
  block: Pick<Block, 'diskSequence'> | null,
  { diskSequence }: Pick<NativeDeviceInfo, 'diskSequence'>,
): boolean => diskSequence === 0 || [null, diskSequence].includes(block?.diskSequence ?? null);

async function runLsblk(path: string): Promise<string> {
  const { stdout, failed, stderr } = await runProgram(
    'lsblk',
    ['--all', '--json', '--bytes', '--output', LSBLK_COLUMNS],
    path,
    LSBLK_TIMEOUT_MS,
  );
  if (failed === null) return stdout;
  const isOld = /ENOENT|unknown column/u.test(`${failed} ${stderr}`);
  throw unavailable(
    failed === 'timeout'
      ? { kind: 'lsblkSilent', seconds: String(LSBLK_TIMEOUT_MS / 1000) }
      : { kind: 'lsblkFailed', said: stderr.trim() || failed },
    isOld ? 'installLsblk' : 'tryAgain',
  );
}

/**
 * Identities of the files and devices behind loop devices, by kernel name, from the kernel: a deleted file has no path,
 * a block device can have a node anywhere, and a path can belong to another mount namespace. A loop device is missing
 * here when this user may not open it, when the file system behind it does not answer, or without the addon.
 */
async function loopFiles(names: readonly string[]): Promise<Map<string, string>> {
  const addon = loadedAddon();
  if (addon === null || names.length === 0) return new Map();
  const told = new Map<string, string>();
  const all = Promise.all(
    names.map(async (name) => {
      const id = await loopFile(name, addon);
      if (id !== null) told.set(name, id);
    }),
  );
  await Promise.race([all, sleep(LOOP_TIMEOUT_MS, undefined, { ref: false })]);
  return new Map(told);
}

function loopFile(name: string, addon: NativeAddon): Promise<string | null> {
  const question = asked.get(name) ?? addon.loopFileAt(`/dev/${name}`).finally(() => asked.delete(name));
  asked.set(name, question);
  return question;
}

const unavailable = (reason: Reason, remedy: 'installLsblk' | 'tryAgain' = 'installLsblk'): Refusal =>
  new Refusal([failure({ code: 'ENGINE_UNAVAILABLE', op: 'check', reason, remedy: { kind: remedy } })]);
