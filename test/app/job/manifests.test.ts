// The effects of a manifest on a job, and the manifests that are refused, through the real host.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../../app/engine/formats/manifest.ts';
import { canLab, seededBytes } from '../../lab/lab.ts';
import { chunksWritten, head, MiB, refused, requestOf, resultOf, spoil, oneBench } from './support.ts';

const noLab = canLab();
const bench = oneBench();

describe.skipIf(noLab !== null)('manifests in a job', () => {
  it('makes a manifest in every job that reads its whole source, names it in the result and saves it', async () => {
    const source = await bench.image('disk.img', 4 * MiB + 512);
    const [disk, failing] = [await bench.disk({ size: 8 * MiB }), await bench.disk({ size: 8 * MiB })];
    const file = await bench.path('later.manifest');
    const session = bench.session();
    const { manifest: made } = await session.run({ source, destinations: [disk.device], verify: false });
    await session.engine.call('saveManifest', { manifest: made!, path: file });
    expect(execFileSync('sh', ['-c', 'head -c -32 "$1" | sha256sum', 'sh', file], { encoding: 'utf8' })).toContain(
      made,
    );
    // A manifest in place of the source is the job's manifest too.
    expect(
      await session.run({ kind: 'verify', source: null, manifest: file, destinations: [disk.device] }),
    ).toMatchObject({ manifest: made, destinations: [{ verified: true }] });
    const { hashes } = await readManifest(file);
    const { manifest: compared } = await session.run({ kind: 'verify', source, destinations: [disk.device] });
    await session.engine.call('saveManifest', { manifest: compared!, path: file });
    expect((await readManifest(file)).hashes).toEqual(hashes);

    await writeFile(await bench.path('letter'), 'kept');
    expect(
      await refused(session.engine.call('saveManifest', { manifest: compared!, path: await bench.path('letter') })),
    ).toMatchObject([{ code: 'BAD_FILE' }]);
    expect(await refused(session.engine.call('saveManifest', { manifest: 'ab'.repeat(32), path: file }))).toMatchObject(
      [{ code: 'NOTHING_TO_DO' }],
    );
    await failing.rule('eio r 7M 4K');
    expect(await session.run({ source: failing.device, destinations: [disk.device] })).toMatchObject({
      readErr: 1,
      manifest: null,
    });
  });

  it('verifies without the source by the manifest of a copy, names what changed, and guides the repair', async () => {
    const source = await bench.image('disk.img', 8 * MiB + 512);
    const manifest = await bench.path('disk.manifest');
    const disk = await bench.disk({ size: 12 * MiB });
    const session = bench.session();
    const { manifest: digest } = await session.run({ source, destinations: [disk.device], saveManifest: manifest });
    expect(execFileSync('sh', ['-c', 'head -c -32 "$1" | sha256sum', 'sh', manifest], { encoding: 'utf8' })).toContain(
      digest,
    );
    expect(await session.run({ kind: 'verify', source: null, manifest, destinations: [disk.device] })).toMatchObject({
      bytes: 0,
      destinations: [{ state: 'done', verified: true }],
    });

    await spoil(disk.backing, 3 * MiB + 7, 8 * MiB + 100);
    const bad = await session.run({ kind: 'verify', source: null, manifest, destinations: [disk.device] });
    expect(bad.destinations[0]).toMatchObject({ state: 'failed', verified: false });
    expect(bad.destinations[0]!.errors.map(({ offset }) => offset ?? -1).sort((a, b) => a - b)).toEqual([
      3 * MiB,
      8 * MiB,
    ]); // in the order of arrival

    await disk.rule('log on w');
    const repaired = await session.run({ kind: 'repair', source, manifest, destinations: [disk.device] });
    expect(repaired.destinations[0]).toMatchObject({
      state: 'done',
      verified: true,
      written: 2 * MiB + 512,
      kept: 6 * MiB,
      errors: [],
    });
    expect(chunksWritten(await disk.writes())).toEqual([0, 3, 8]); // the head too: zeros first, itself last
    expect(head(disk.backing, 8 * MiB + 512).equals(seededBytes(8 * MiB + 512, 1))).toBe(true);
  });

  it('S4 refuses a repair by a manifest of another source, writes nothing, and names the manifest', async () => {
    const [source, other] = [
      await bench.image('disk.img', 8 * MiB + 512),
      await bench.image('other.img', 8 * MiB + 512, 2),
    ];
    const [manifest, copy] = [await bench.path('disk.manifest'), await bench.path('copy.img')];
    const session = bench.session();
    await session.run({ source, destinations: [copy], saveManifest: manifest });
    await spoil(copy, 3 * MiB + 7);
    const before = readFileSync(copy);
    expect(
      await refused(
        session.engine.call('prepare', requestOf({ kind: 'repair', source: other, manifest, destinations: [copy] })),
      ),
    ).toMatchObject([
      {
        code: 'BAD_FILE',
        device: manifest,
        offset: 0,
        reason: { kind: 'manifestOfOtherData' },
        remedy: { kind: 'manifestOfSource' },
      },
    ]);
    expect(readFileSync(copy).equals(before)).toBe(true);
  });

  it('S4 ends a repair when the source differs from its manifest, so that no copy mixes two sources', async () => {
    const source = await bench.image('disk.img', 8 * MiB + 512);
    const manifest = await bench.path('disk.manifest');
    const [bad, good] = [await bench.path('bad.img'), await bench.path('good.img')];
    await bench.session().run({ source, destinations: [bad, good], saveManifest: manifest });
    await spoil(bad, 3 * MiB + 7);
    const before = readFileSync(bad);
    const session = bench.session();
    await session.engine.call('prepare', requestOf({ kind: 'repair', source, manifest, destinations: [bad, good] }));
    // Changed after the samples were compared, so only the repair itself finds it.
    await spoil(source, 3 * MiB + 100);
    await session.engine.call('start', {});
    expect(await resultOf(session)).toMatchObject({
      readErr: 1,
      errors: [
        {
          code: 'SOURCE_CHANGED',
          offset: 3 * MiB,
          reason: { kind: 'failedAt', cause: { kind: 'otherThanItsManifest' } },
          remedy: { kind: 'manifestOfSource' },
        },
      ],
      destinations: [
        { state: 'failed', verified: null, written: 0 },
        { state: 'failed', verified: null, errors: [{ code: 'SOURCE_FAILED' }] },
      ],
    });
    // This was found before anything was written, so the image has kept its name.
    expect(readFileSync(bad).equals(before)).toBe(true);
  });

  it('S4 leaves the head of a disk alone when a repair ends by an outdated manifest', async () => {
    const [source, disk] = [await bench.image('disk.img', 8 * MiB), await bench.disk({ size: 8 * MiB, plain: true })];
    const manifest = await bench.path('disk.manifest');
    await bench.session().run({ source, destinations: [disk.device], saveManifest: manifest });
    const session = bench.session();
    await session.engine.call('prepare', requestOf({ kind: 'repair', source, manifest, destinations: [disk.device] }));
    await spoil(source, 5 * MiB);
    await spoil(disk.backing, 5 * MiB + 9);
    const before = readFileSync(disk.backing);
    await session.engine.call('start', {});
    expect(await resultOf(session)).toMatchObject({ destinations: [{ state: 'failed', verified: null, written: 0 }] });
    expect(readFileSync(disk.backing).equals(before)).toBe(true);
  });

  it('leaves a repaired image its name when it is cancelled while comparing', async () => {
    const source = await bench.disk({ size: 8 * MiB, file: await bench.image('disk.img', 8 * MiB) });
    const copy = await bench.image('copy.img', 8 * MiB);
    await spoil(copy, 5 * MiB);
    await source.rule('rate r 2M');
    const session = bench.session();
    await session.begin({ kind: 'repair', source: source.device, destinations: [copy] });
    await session.until(({ event }) => event === 'progress');
    await session.engine.call('cancel', {});
    expect(await resultOf(session)).toMatchObject({ destinations: [{ state: 'cancelled', written: 0 }] });
    expect([existsSync(copy), existsSync(`${copy}.part`)]).toEqual([true, false]);
  });

  it('refuses a manifest of another size, a file of another kind, and another file in its place', async () => {
    const [source, other, none] = [
      await bench.image('disk.img', MiB),
      await bench.image('other.img', 2 * MiB),
      await bench.image('none', 1000),
    ];
    const manifest = await bench.path('m');
    const session = bench.session();
    await session.run({ source: other, destinations: [await bench.path('copy.img')], saveManifest: manifest });
    const refusing = (request: object): Promise<unknown> =>
      refused(session.engine.call('prepare', requestOf({ source, destinations: [other], kind: 'verify', ...request })));
    expect(await refusing({ kind: 'copy', update: true, manifest })).toMatchObject([
      { code: 'BAD_FILE', device: manifest },
    ]);
    expect(await refusing({ source: null, manifest: none })).toMatchObject([{ code: 'BAD_FILE', device: none }]);
    expect(await refusing({ kind: 'copy', saveManifest: none })).toMatchObject([{ code: 'BAD_FILE', device: none }]);
    expect(readFileSync(none).equals(seededBytes(1000, 1))).toBe(true);
    const before = readFileSync(manifest);
    expect(
      await refusing({ kind: 'copy', destinations: [await bench.path('second.img')], saveManifest: manifest }),
    ).toMatchObject([
      { code: 'BAD_FILE', device: manifest, message: `It exists and is the manifest of another source: ${other}.` },
    ]);
    expect(readFileSync(manifest).equals(before)).toBe(true);
  });
});
