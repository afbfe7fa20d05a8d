// Checking and repairing in the built page: the request, and no word of writing for a job that only reads.
import { expect, test } from 'vitest';
import type { Endpoint, Plan } from '../../app/contract/jobs.ts';
import { sourceOf } from '../../app/contract/request-facts.ts';
import type { JobKind, JobRequest } from '../../app/contract/request.ts';
import { recordOf } from '../../app/records/record.ts';
import * as make from './support/fixtures.ts';
import { oneWindow } from './support/one-window.ts';
import { browseManifest, sourceCard } from './support/source.ts';
import { keep } from '../../app/base/kept-request.ts';
import { asked, type Facts } from '../requests.ts';

const open = oneWindow();
const sticks = make.sticks(3);
const disks = [make.systemDisk, ...sticks, make.mountedDisk, make.readOnlyDisk];
const IMAGE = '/home/me/images/station-42.img';
const MANIFEST = '/home/me/station-42.manifest';

const button = (name: string | RegExp) => open.page.getByRole('button', { name });
const task = (name: string) => open.page.getByRole('radio', { name, exact: true });
const destination = (path: string) =>
  open.page.getByRole('region', { name: 'Destinations' }).getByRole('checkbox', { name: path });
/** The text of a zone. During the review, the third zone is named after the review. */
const words = (zone: string): Promise<string> =>
  open.page.locator(`section[aria-labelledby="${zone}-heading"]`).innerText();
/** Words for a job that destroys data. */
const LOSS = /erase|overwrit|rewrit|will be written/i;

/** A plan as the host makes it from a request. A destination that is only compared is not overwritten. */
const planOf = (request: JobRequest, ends: Endpoint[]): Plan =>
  make.plan(
    ends.map((end) => ({ ...end, overwrites: request.kind !== 'verify' })),
    {
      kind: request.kind,
      request,
      job: request.kind === 'verify' ? null : '20261124-001500-a1b2c3',
      source: sourceOf(request) === null ? null : make.imageEndpoint(IMAGE, 31_914_983_424),
    },
  );
const requestOf = (kind: JobKind, paths: string[], more: Facts = {}): JobRequest =>
  asked({ kind, source: IMAGE, destinations: paths, ...more });

test.each(['light', 'dark'] as const)(
  'chooses, reviews and starts a check without a word of loss, then repairs what differs (%s)',
  async (scheme) => {
    await open.start({ state: { disks }, scheme, ...(scheme === 'dark' && { width: 1024, height: 700 }) });
    const { page, main } = open;
    main.image = IMAGE;
    await button('Choose an image…').click();
    await task('Check only').check({ force: true });
    for (const name of ['Verify', 'Write only changes', 'Skip unreadable sectors'])
      expect(await page.getByRole('switch', { name }).count()).toBe(0);
    // A drive that cannot be written can still be checked.
    for (const path of ['/dev/nvme0n1', '/dev/mmcblk0', '/dev/sdx'])
      expect(await destination(path).isEnabled()).toBe(true);
    expect(await destination('/dev/sdx').innerText()).toContain(
      'anything written to it during the check counts as a difference',
    );
    await button('Select all (5)').click();
    await destination('/dev/mmcblk0').click();
    await destination('/dev/sdd').click();
    main.image = '/home/me/copy.img';
    await button('Image file…').click();
    await page.getByText('Image in /home/me', { exact: true }).waitFor();
    for (const zone of ['source', 'destinations', 'action']) expect(await words(zone)).not.toMatch(LOSS);
    await button('Command line').click();
    await page.getByText(`platter verify ${IMAGE} /dev/sdb /dev/sdc /dev/sdx /home/me/copy.img`).waitFor();
    await open.picture(`check-choose-${scheme}`);

    const request = requestOf('verify', ['/dev/sdb', '/dev/sdc', '/dev/sdx', '/home/me/copy.img']);
    const ends = [
      ...[...sticks.slice(0, 2), make.mountedDisk].map((disk) => make.endpoint(disk)),
      make.imageEndpoint('/home/me/copy.img', 32e9),
    ];
    const plan = planOf(request, ends);
    main.reviewed = { ok: true, value: plan };
    main.jobToRun = make.job(
      plan,
      plan.destinations.map(() => ({ state: 'verifying', toWrite: 0, verified: plan.bytes / 2, bytesPerSecond: 90e6 })),
    );
    await button('Review').click();
    await page.getByRole('heading', { name: 'Check 4 destinations?' }).waitFor();
    expect(main.lastRequest()).toEqual(keep(request));
    expect(await page.getByRole('list', { name: 'Will be compared' }).getByRole('listitem').count()).toBe(4);
    await page.getByText('Compared with station-42.img, 31.9 GB each; nothing is written.').waitFor();
    expect(await words('action')).not.toMatch(LOSS);
    await open.picture(`check-review-${scheme}`);
    await button('Start').click();
    await page.getByText('They are only read.').waitFor();
    await button('Cancel').click();
    await page.getByText('What has not been compared yet stays unchecked.').waitFor();
    await button('Keep going').click();

    const differing = [3, 900].map((chunk) =>
      make.writeError(1, '/dev/sdc', {
        side: 'verify',
        code: 'VERIFY_MISMATCH',
        op: 'verify',
        errno: null,
        offset: chunk * 2 ** 20,
        length: 2 ** 20,
      }),
    );
    const results = ends.map((_, index) =>
      make.end(plan, index, {
        written: 0,
        ...(index === 1 && { state: 'failed', verified: false, errors: differing }),
      }),
    );
    await main.push({ job: { ...main.jobToRun, phase: 'ended', result: make.result(plan, results) } });
    await page.getByRole('heading', { name: '3 of 4 verified, 1 failed' }).waitFor();
    await page.getByText('sdc (hub 1 · 2) differs from the source: repair it, or set it aside.').waitFor();
    await page.getByText('Verification failed at 3.15 MB (sector 6,144): it differs from the source.').waitFor();
    await page.getByText('2 places differ, sector 6,144, VERIFY_MISMATCH').waitFor();
    await page.getByText('sdx is mounted: eject it before taking it out.').waitFor();
    await page.getByText(/^Check of 4 destinations against station-42.img/).waitFor();
    await open.picture(`check-ended-${scheme}`);
    await button('Details of sdc').click();
    await page.getByRole('dialog').getByRole('heading', { name: '2 places differ' }).waitFor();
    await page.keyboard.press('Escape');

    main.log.length = 0;
    const repair = requestOf('repair', ['/dev/sdc']);
    main.reviewed = { ok: true, value: planOf(repair, [ends[1]!]) };
    await button('Repair what differs').click();
    await page.getByRole('heading', { name: 'Repair 1 drive?' }).waitFor();
    expect(main.names()).toEqual(['dismissJob', 'review']);
    expect(main.lastRequest()).toEqual(keep(repair));
    await page.getByText('What differs from station-42.img, 31.9 GB each, is overwritten, then verified.').waitFor();
    expect(
      await page.getByRole('list', { name: 'Will be overwritten where it differs' }).getByRole('listitem').count(),
    ).toBe(1);
    await page.getByRole('button', { name: 'Hold to start' }).waitFor();
    for (const zone of ['destinations', 'action']) expect(await words(zone)).not.toMatch(/erase/i);
    await open.picture(`repair-review-${scheme}`);
    await button('Back').click();
    expect(await task('Repair').isChecked()).toBe(true);
    expect(open.problems).toEqual([]);
  },
);

test('offers a manifest as the source of a check, and of nothing else', async () => {
  await open.start({ state: { disks } });
  const { page, main } = open;
  const dropped = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['x'], 'old.manifest'));
    return transfer;
  });
  await page.dispatchEvent('section[aria-labelledby="source-heading"]', 'drop', { dataTransfer: dropped });
  await sourceCard(page, 'Manifest /dropped/old.manifest').waitFor();
  expect(await task('Check only').isChecked()).toBe(true);
  main.manifest = MANIFEST;
  await browseManifest(page);
  await sourceCard(page, `Manifest ${MANIFEST}`).waitFor();
  await destination('/dev/sdb').click();
  await button('More options').click();
  await page.getByRole('switch', { name: 'Skip read errors' }).click();
  await open.picture('check-manifest');
  const request = requestOf('verify', ['/dev/sdb'], { source: null, manifest: MANIFEST, keepGoing: true });
  const plan = planOf(request, [make.endpoint(sticks[0]!)]);
  main.reviewed = { ok: true, value: plan };
  await button('Review').click();
  await page.getByText('Compared with station-42.manifest, 31.9 GB each; nothing is written.').waitFor();
  expect(main.lastRequest()).toEqual(keep(request));

  await page.reload();
  await page.getByRole('heading', { name: 'Check 1 drive?' }).waitFor();
  await button('Back').click();
  await sourceCard(page, `Manifest ${MANIFEST}`).waitFor();
  await task('Write').check({ force: true });
  await page.getByText('Choose a source.').waitFor();
  expect(await page.getByText('station-42.manifest').count()).toBe(0);

  // A manifest cannot repair a difference from it. The history offers the same check again.
  const error = make.writeError(0, '/dev/sdb', { side: 'verify', code: 'VERIFY_MISMATCH' });
  const ended = {
    ...make.job(plan, []),
    phase: 'ended' as const,
    result: make.result(plan, [make.end(plan, 0, { state: 'failed', verified: false, errors: [error] })]),
  };
  main.history = [recordOf(ended, ended.startedAt + 60_000)];
  await main.push({ job: ended });
  await page.getByText('sdb (hub 1 · 1) differs from the manifest: set it aside, or write it again.').waitFor();
  expect(await button('Repair what differs').count()).toBe(0);
  await page.keyboard.press('Control+h');
  await button('Details of Check of SanDisk Ultra Fit against station-42.manifest').click();
  await button(/^Repeat Check of/).click();
  main.log.length = 0;
  await button('Review').click();
  await page.getByRole('heading', { name: 'Check 1 drive?' }).waitFor();
  expect(main.lastRequest()).toEqual(keep(request));
  expect(open.problems).toEqual([]);
});

test('says that an update overwrites what differs, not that it erases everything', async () => {
  const ends = sticks.map((disk) => make.endpoint(disk, { contents: [make.ext4('root')] }));
  await open.start({
    state: {
      disks,
      review: make.review(
        planOf(
          requestOf(
            'copy',
            ends.map(({ path }) => path),
            { update: true },
          ),
          ends,
        ),
      ),
    },
  });
  await open.page.getByText('What differs from station-42.img, 31.9 GB each, is overwritten, then verified.').waitFor();
  await open.page
    .getByText(
      'Whatever differs from the source is overwritten on 3 drives with data, including data of your own. ' +
        'Type OVERWRITE to start.',
      { exact: true },
    )
    .waitFor();
  for (const zone of ['destinations', 'action']) expect(await words(zone)).not.toMatch(/erase/i);
  await open.picture('update-review');
  expect(open.problems).toEqual([]);
});
