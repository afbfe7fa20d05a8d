// A session with platter-broker. It opens the devices of one job that the host may not open, and reports refusals as
// typed failures.
import type { Operation } from '../../contract/errors.ts';
import type { Block } from '../devices/block-devices.ts';
import { codeOf, errnoOf, failure, Refusal, type Failure } from '../../base/errors.ts';
import type { NativeBroker, NativeBrokerReply, NativeDevice } from '../native/addon.ts';
import { swapOff } from '../devices/release-commands.ts';

/** A device that the session covers. */
export interface Wanted {
  /** As the user gave it. */
  path: string;
  block: Block;
  /** The most that the job may do with it. */
  access: 'read' | 'write';
}

/** A block device of a job, as it was inspected. */
export interface InspectedDevice {
  path: string;
  realPath: string;
  block: Block | null;
}

/** Open until `close`. Every method rejects with a Refusal. */
export class RightsSession {
  readonly #broker: NativeBroker;
  readonly #wanted: readonly Wanted[];

  /** `broker` has accepted the devices in `wanted`, in this order. */
  constructor(broker: NativeBroker, wanted: readonly Wanted[]) {
    this.#broker = broker;
    this.#wanted = wanted;
  }

  /** True when the session covers this device: same number, size and disk sequence. */
  has(seen: InspectedDevice): boolean {
    const index = this.#numbered(seen);
    return index !== null && isSame(this.#wanted[index]!.block, seen.block!);
  }

  /** Opens a device, exclusively for writing. Refuses with CHANGED when it is not the device that was approved. */
  async open(seen: InspectedDevice, access: 'read' | 'write'): Promise<NativeDevice> {
    const index = this.#index(seen);
    const [major = 0, minor = 0] = seen.block!.majorMinor.split(':').map(Number);
    const reply = await asking(seen.path, 'open', () =>
      this.#broker.open(index, access, seen.realPath, { major, minor }),
    );
    if (reply.status === 'ok' && reply.device !== null) return reply.device;
    throw new Refusal([failure(brokerFailure(reply, seen.path, 'open'))]);
  }

  /** Has the kernel read the partition table again. `device` comes from `open`. */
  async reread(seen: InspectedDevice, device: NativeDevice): Promise<void> {
    await this.#ask(seen, 'check', (index) => this.#broker.reread(index, device));
  }

  /**
   * Unmounts the mount with this id (mountinfo) from the device or one of its partitions. A mount that is gone is no
   * failure.
   */
  async unmount(seen: InspectedDevice, mount: number): Promise<void> {
    await this.#ask(seen, 'unmount', (index) => this.#broker.unmount(index, mount), 'notMounted');
  }

  /** Flushes the disk and has the kernel release it. */
  async powerOff(seen: InspectedDevice): Promise<void> {
    await this.#ask(seen, 'eject', (index) => this.#broker.powerOff(index));
  }

  /** Ends the session. The devices that it opened stay open. */
  close(): void {
    this.#broker.close();
  }

  async #ask(
    seen: InspectedDevice,
    op: Operation,
    ask: (index: number) => Promise<NativeBrokerReply>,
    alsoGood: NativeBrokerReply['status'] = 'ok',
  ): Promise<void> {
    const index = this.#index(seen);
    const reply = await asking(seen.path, op, () => ask(index));
    if (reply.status !== 'ok' && reply.status !== alsoGood)
      throw new Refusal([failure(brokerFailure(reply, seen.path, op))]);
  }

  #numbered({ block }: InspectedDevice): number | null {
    const index = this.#wanted.findIndex((wanted) => wanted.block.majorMinor === block?.majorMinor);
    return index < 0 ? null : index;
  }

  #index(seen: InspectedDevice): number {
    if (this.has(seen)) return this.#numbered(seen)!;
    throw new Refusal([
      failure({ code: 'CHANGED', op: 'check', device: seen.path, reason: { kind: 'anotherThanAsked' } }),
    ]);
  }
}

const isSame = (one: Block, other: Block): boolean =>
  one.majorMinor === other.majorMinor && one.size === other.size && one.diskSequence === other.diskSequence;

/** Runs one request of a session. A broken conversation is a refusal. */
export async function asking<T>(path: string, op: Operation, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === null) throw error;
    // The descriptor that came does not belong to the named device.
    if (errno === 'ESTALE')
      throw new Refusal([failure({ code: 'CHANGED', op: 'check', device: path, reason: { kind: 'identityChanged' } })]);
    throw new Refusal([
      failure({
        code: 'ELEVATION_DENIED',
        op,
        device: path,
        errno,
        reason: { kind: errno === 'ECONNRESET' ? 'brokerEnded' : 'brokerUnknown' },
      }),
    ]);
  }
}

/** The error for a status of the broker other than "ok". */
export function brokerFailure({ status, errno, detail }: NativeBrokerReply, path: string, op: Operation): Failure {
  const known = { op, device: path, errno };
  switch (status) {
    case 'changed':
      return { ...known, code: 'CHANGED', reason: { kind: 'anotherThanAsked' } };
    case 'notBlock':
      return { ...known, code: 'NOT_BLOCK_OR_FILE', reason: { kind: 'neither' } };
    case 'readOnly':
      return { ...known, code: 'READ_ONLY', reason: { kind: 'writeProtected' } };
    case 'system':
      return { ...known, code: 'IS_SYSTEM', reason: { kind: 'isSystem' } };
    case 'mounted':
      return { ...known, code: 'MOUNTED', reason: { kind: 'mountedAt', targets: [detail] } };
    case 'swap':
      return { ...known, code: 'MOUNTED', reason: { kind: 'usedAsSwap' }, remedy: swapOff([`/dev/${detail}`]) };
    case 'held':
      return { ...known, code: 'IN_USE', reason: { kind: 'heldBy', holders: [detail] } };
    case 'busy':
      return {
        ...known,
        code: 'IN_USE',
        errno: errno ?? 'EBUSY',
        reason: { kind: op === 'open' ? 'inUse' : 'partitionOpen' },
      };
    case 'unsupported':
      return { ...known, code: 'NOT_EJECTABLE', reason: { kind: 'noSwitch' } };
    case 'failed':
      if (errno !== null) return { ...known, code: codeOf(errno, op, 'block'), reason: { kind: 'errno', errno } };
      break;
    case 'ok':
    case 'badMessage':
    case 'notNamed':
    case 'notApproved':
    case 'notMounted':
  }
  return { ...known, code: 'ELEVATION_DENIED', reason: { kind: 'brokerRefused', status, said: detail } };
}
