// Why a disk is never written, whatever the source. What depends on the request is in admission/refusals.ts.
import type { Failure } from '../../base/errors.ts';
import type { Reason, Remedy } from '../../contract/facts.ts';
import { mountsOn, withDescendants, type Block } from './block-devices.ts';
import { holds, releaseOf, swapOff } from './release-commands.ts';

/**
 * Why `block` cannot be written, whatever the source; the most serious reason first. `unmount`: its mounts will be
 * unmounted.
 */
export function refusalsOf(block: Block, unmount: boolean): Failure[] {
  const refusals: Failure[] = [];
  const system = systemReason(block);
  // A disk of the system gets no advice on its mounts and holders, because that would not make it writable.
  const add = (code: Failure['code'], reason: Reason, remedy?: Remedy): void =>
    void refusals.push({
      code,
      op: 'check',
      reason,
      ...(system !== null ? { remedy: { kind: 'IS_SYSTEM' } } : remedy !== undefined ? { remedy } : {}),
    });
  const mounts = mountsOn(block);
  const targets = mounts.filter((mount) => mount !== '[SWAP]');
  const swaps = swapsOn(block);
  const holders = [...withDescendants(block)].filter((other) => other !== block && holds(other));
  if (system !== null) add('IS_SYSTEM', system);
  // The system's own file systems stay mounted, even when unmounting was asked for.
  if (system !== null && mounts.length > 0) add('MOUNTED', mountedWhere(mounts));
  if (system === null && targets.length > 0 && !unmount) add('MOUNTED', mountedWhere(targets));
  if (system === null && swaps.length > 0) add('MOUNTED', { kind: 'usedAsSwap' }, swapOff(swaps));
  if (block.type === 'rom') add('READ_ONLY', { kind: 'optical' });
  else if (block.readOnly) add('READ_ONLY', { kind: 'writeProtected' });
  if (holders.length > 0)
    add('IN_USE', { kind: 'heldBy', holders: holders.map(({ path, type }) => `${path} (${type})`) }, releaseOf(block));
  return refusals;
}

/**
 * Why `block` is never written as part of the running system. null when it is not part of it, or only because of swap,
 * which can be switched off.
 */
function systemReason({ systemBy }: Block): Reason | null {
  switch (systemBy) {
    case 'mounted':
      return { kind: 'isSystem' };
    case 'precaution':
      return { kind: 'maybeSystem' };
    case 'firmware':
      return { kind: 'bootArea' };
    case 'swap':
    case null:
      return null;
  }
}

const swapsOn = (block: Block): string[] =>
  [...withDescendants(block)].filter(({ mountedAt }) => mountedAt.includes('[SWAP]')).map(({ path }) => path);

function mountedWhere(mounts: readonly string[]): Reason {
  const targets = mounts.filter((mount) => mount !== '[SWAP]');
  if (targets.length === 0) return { kind: 'usedAsSwap' };
  return { kind: targets.length < mounts.length ? 'mountedAndSwap' : 'mountedAt', targets };
}
