// Loop devices over one file share storage. The picture of the machine cannot show that to every user when the file is
// deleted or in another mount namespace. The kernel tells it to anyone who has the device open.
import type { PlatterError } from '../../contract/errors.ts';
import { failure } from '../../base/errors.ts';
import type { OpenEnd } from '../access/locks.ts';
import { openId } from '../devices/file-ids.ts';
import type { NativeAddon } from '../native/addon.ts';

/** Refuses each open end that lies behind the same file as an earlier one. `ends` begins with the source. */
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
