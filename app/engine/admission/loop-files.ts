// Loop devices over one file are one piece of storage. The kernel tells which file that is, by the open device, to
// users whom the picture of the machine cannot tell it: of a deleted file, or of one in another mount namespace.
import type { PlatterError } from '../../contract/errors.ts';
import { failure } from '../../base/errors.ts';
import type { OpenEnd } from '../access/locks.ts';
import { openId } from '../devices/file-ids.ts';
import type { NativeAddon } from '../native/addon.ts';

/** Reasons against ends of a job that are open, the source first: what lies behind one lies behind another too. */
export async function againstSharedFiles(addon: NativeAddon, ends: readonly OpenEnd[]): Promise<PlatterError[]> {
  const seen = new Map<string, OpenEnd>();
  const errors: PlatterError[] = [];
  for (const one of ends) {
    if (one.device === null) continue;
    const { path, block } = one.end;
    const id = (block?.type === 'loop' ? await addon.loopFile(one.device) : null) ?? openId(one.device.info());
    const other = seen.get(id);
    if (other !== undefined) {
      const code = other === ends[0] && !other.written ? 'IS_SOURCE' : 'DUPLICATE';
      errors.push(failure({ code, op: 'check', device: path, reason: { kind: 'behindSame', path: other.end.path } }));
    }
    seen.set(id, one);
  }
  return errors;
}
