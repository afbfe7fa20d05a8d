// Images on the file system of their source: which file servers copy by themselves, what a job then requests of the
// engine, and how a manifest is made when files share blocks.
import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { JobResult } from '../../../app/contract/jobs.ts';
import { begin } from '../../../app/engine/job/begin.ts';
import { loadAddon, type NativeAddon, type NativeJobRequest } from '../../../app/engine/native/addon.ts';
import { prepare } from '../../../app/engine/admission/prepare.ts';
import { release } from '../../../app/engine/admission/prepared.ts';
import { requestOf, MiB, oneBench } from '../job/support.ts';
import { canMkfs, reflinkDir, seededBytes } from '../../lab/lab.ts';
import { picture } from '../devices/machines.ts';
import type { Facts } from '../../requests.ts';

const addon = loadAddon(fileURLToPath(new URL('../../../out/native/kcopyd.node', import.meta.url)));

const bench = oneBench();
beforeEach(() => {
  vi.stubEnv('PLATTER_STATE', bench.state);
});
afterEach(() => vi.unstubAllEnvs());

test.each([
  ['nfs4', 'rw,vers=4.2,rsize=1048576,proto=tcp', true],
  ['nfs4', 'rw,vers=4.1,rsize=1048576', false],
  ['nfs', 'rw,vers=3,rsize=1048576', false],
  ['cifs', 'rw,vers=3.1.1,cache=strict', true],
  ['cifs', 'rw,vers=1.0', false],
  ['smb3', 'rw,vers=3.0', true],
  ['ext4', 'rw', false],
  ['fuse.sshfs', 'rw,user_id=0', false],
] as const)('says whether a server behind %s (%s) copies by itself: %s', (type, options, copies) => {
  const blocks = picture({
    devices: [],
    mounts: [
      ['8:1', '/'],
      ['0:77', '/srv', type, 'server:/srv', 'rw,relatime', options],
    ],
  });
  expect(blocks.serverCopies('/srv/disk.img')).toBe(copies);
  expect(blocks.serverCopies('/home/disk.img')).toBe(false);
});

/** The native jobs of `request`, as on a server that copies (or not); null leaves this to the real file system. */
async function run(
  request: Facts,
  serverCopies: boolean | null = null,
): Promise<{ jobs: NativeJobRequest[]; result: JobResult }> {
  const jobs: NativeJobRequest[] = [];
  const listening: NativeAddon = {
    ...addon,
    openDevice: (path, options) => addon.openDevice(path, options),
    createClient(options) {
      const client = addon.createClient(options);
      return {
        io: client.io,
        memory: client.memory,
        chunkSize: client.chunkSize,
        destroy: () => client.destroy(),
        submit(job) {
          jobs.push(job);
          return client.submit(job);
        },
      };
    },
  };
  const prepared = await prepare(requestOf(request), { load: () => listening });
  const result = await new Promise<JobResult>((resolve, reject) => {
    begin({ ...prepared, ...(serverCopies !== null && { serverCopies }) }, (event) => {
      if (event.event === 'result') resolve(event.result);
    }).then((job) => job.ended, reject);
  });
  await release(prepared);
  return { jobs, result };
}

test('lets the server copy what is read back, and writes what is not', async () => {
  const source = await bench.image('disk.img', 3 * MiB + 4096);
  const copy = await bench.path('copy.img');
  for (const [verify, serverCopies, copyRange] of [
    [true, true, true],
    [false, true, false],
    [true, null, false],
  ] as const) {
    const { jobs, result } = await run({ source, destinations: [copy], verify }, serverCopies);
    expect(jobs).toMatchObject([{ op: 'copy', verify, hash: true, copyRange }]);
    expect(result.destinations).toMatchObject([{ state: 'done' }]);
    execFileSync('cmp', [source, copy]);
    await rm(copy);
  }
});

test.skipIf(canMkfs('btrfs') !== null)(
  'reads an image that shares blocks only to verify it, and still makes its manifest',
  async () => {
    await using folder = await reflinkDir('btrfs');
    const source = `${folder.path}/disk.img`;
    await writeFile(source, seededBytes(3 * MiB + 4096, 1));
    for (const [verify, manifest, bytes] of [
      [false, false, 0],
      [false, true, 3 * MiB + 4096],
      [true, true, 3 * MiB + 4096],
    ] as const) {
      const copy = `${folder.path}/copy-${verify}-${manifest}.img`;
      const saveManifest = manifest ? `${copy}.manifest` : null;
      const { result } = await run({ source, destinations: [copy], verify, saveManifest });
      expect(result).toMatchObject({ bytes, destinations: [{ state: 'done' }] });
      expect(result.manifest !== null).toBe(manifest);
      execFileSync('cmp', [source, copy]);
    }
  },
);
