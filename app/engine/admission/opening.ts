// Opens the devices and files of a request, and collects what stands against that.
import type { PlatterError } from '../../contract/errors.ts';
import type { Answers } from '../../base/slow-answers.ts';
import { errnoOf, failure, failureOf, isRefusedAccess, Refusal, throwIfAny } from '../../base/errors.ts';
import { onceFree } from '../access/busy.ts';
import { nameHolder } from '../access/holders.ts';
import type { Rights } from '../access/rights.ts';
import type { RightsSession, Wanted } from '../access/rights-session.ts';
import { openId } from '../devices/file-ids.ts';
import type { End } from '../devices/ends.ts';
import { isSequence } from '../devices/lsblk.ts';
import { Unpacking } from '../unpacking/decoders.ts';
import type { NativeAddon, NativeDevice, NativeOpenOptions } from '../native/addon.ts';

/** The only thing against a request: the host may not open these devices. */
export class LacksRights extends Refusal {
  readonly wanted: readonly Wanted[];

  constructor(errors: readonly PlatterError[], wanted: readonly Wanted[]) {
    super(errors);
    this.wanted = wanted;
  }
}

/** What opens devices. */
export interface Openers {
  addon: NativeAddon;
  rights: Rights | null;
  session: RightsSession | null;
  answers: Answers;
}

/** The open devices of one request. */
export class Opening {
  /** The errors against the request so far. */
  readonly errors: PlatterError[] = [];
  readonly #openers: Openers;
  readonly #lacking: Wanted[] = [];
  readonly #opened: { close: () => void }[] = [];

  constructor(openers: Openers) {
    this.#openers = openers;
  }

  /**
   * Opens something for `end` by `act`. null when `act` opens nothing, or when it fails: `errors` then has the reason.
   */
  async by(end: End, act: () => Promise<NativeDevice | null>): Promise<NativeDevice | null> {
    try {
      const device = await this.#openers.answers.of(end.path, act(), end.kind, (late) => late?.close());
      if (device !== null) this.#opened.push({ close: () => closeUnlessBusy(device) });
      return device;
    } catch (error) {
      const known = error instanceof Refusal ? error.errors[0]! : failureOf(error, 'open', end.path, end.kind);
      this.errors.push(nameHolder(known, end));
      return null;
    }
  }

  /** Opens the device or file of `end`. `most` is the access to ask for when the host's user may not open it. */
  device(end: End, options: NativeOpenOptions, most: Wanted['access']): Promise<NativeDevice | null> {
    const { addon, session } = this.#openers;
    const granted = session?.has(end) === true ? session : null;
    const open = (): Promise<NativeDevice> =>
      granted?.open(end, options.write === true ? 'write' : 'read') ?? addon.openDevice(end.realPath, options);
    return this.by(end, async () => {
      const found = await (end.kind === 'block' ? onceFree(open) : open()).catch((error: unknown) => {
        if (granted === null && isRefusedAccess(error) && end.block !== null)
          this.#lacking.push({ path: end.path, block: end.block, access: most });
        throw error;
      });
      this.errors.push(...changes(end, found));
      return found;
    });
  }

  /** Unpacks the open file of `end`, and closes it. null when that fails, and `errors` has the reason. */
  unpacking(end: End, file: NativeDevice): Unpacking | null {
    try {
      const unpacking = new Unpacking(this.#openers.addon, end, file);
      this.#opened.push({ close: () => closeUnlessBusy(unpacking.device) }, unpacking);
      return unpacking;
    } catch (error) {
      this.errors.push(failureOf(error, 'open', end.path, 'file'));
      return null;
    } finally {
      closeUnlessBusy(file);
    }
  }

  /** Waits for `work`, which reads `device`. Closes the device when the wait is given up. */
  reading<T>(end: End, device: NativeDevice, work: Promise<T>): Promise<T> {
    return this.#openers.answers.of(end.path, work, end.kind, () => closeUnlessBusy(device));
  }

  /**
   * Throws LacksRights when only rights are missing, otherwise a Refusal. Rights are asked for last, so a missing right
   * is no error while anything else is wrong.
   */
  throwIfRefused(): void {
    const isLack = (error: PlatterError): boolean =>
      error.code === 'NOT_PERMITTED' && this.#lacking.some(({ path }) => path === error.device);
    if (this.#lacking.length > 0 && this.errors.every(isLack)) throw new LacksRights(this.errors, this.#lacking);
    if (this.#openers.rights !== null) throwIfAny(this.errors.filter((error) => !isLack(error)));
    throwIfAny(this.errors);
  }

  /** Closes everything. */
  close(): void {
    for (const one of this.#opened) one.close();
  }
}

/** Closes a device. While a read of it is unanswered it cannot be closed; the answer does that. */
function closeUnlessBusy(device: NativeDevice): void {
  try {
    device.close();
  } catch (error) {
    if (errnoOf(error) !== 'EBUSY') throw error;
  }
}

/** Compares the open device with what was inspected: a node can lead to another disk a moment later. */
function changes(end: End, device: NativeDevice): PlatterError[] {
  const info = device.info();
  const size = end.packed?.files[0]?.size ?? end.size;
  if (end.id === openId(info) && end.kind === info.kind && size === info.size && isSequence(end.block, info)) return [];
  return [failure({ code: 'CHANGED', op: 'check', device: end.path, reason: { kind: 'identityChanged' } })];
}
