// Files that a session has saved: only those are opened and shown.
import { expect, test } from 'vitest';
import { SavedFiles } from '../../../app/main/saved-files.ts';

function session(said = ''): { files: SavedFiles; done: string[] } {
  const done: string[] = [];
  const files = new SavedFiles({
    open: (path) => Promise.resolve(void done.push(`open ${path}`)).then(() => said),
    show: (path) => void done.push(`show ${path}`),
  });
  return { files, done };
}

test('opens and shows a file that this session has saved', async () => {
  const { files, done } = session();
  expect(files.remember({ ok: true, value: '/home/me/report.pdf' })).toEqual({
    ok: true,
    value: '/home/me/report.pdf',
  });
  expect(await files.open('/home/me/report.pdf')).toEqual({ ok: true, value: null });
  expect(files.show('/home/me/report.pdf')).toEqual({ ok: true, value: null });
  expect(done).toEqual(['open /home/me/report.pdf', 'show /home/me/report.pdf']);
});

test('refuses every other path, also in another spelling', async () => {
  const { files, done } = session();
  files.remember({ ok: true, value: '/home/me/report.pdf' });
  files.remember({ ok: true, value: null });
  files.remember({ ok: false, errors: [] });
  for (const path of ['/home/me/malware.desktop', '/home/me/./report.pdf', '/home/me/report.pdf/']) {
    const refused = { ok: false, errors: [{ code: 'NOT_PERMITTED', device: path, reason: { kind: 'notGiven' } }] };
    expect(await files.open(path)).toMatchObject(refused);
    expect(files.show(path)).toMatchObject(refused);
  }
  expect(done).toEqual([]);
});

test('says why the desktop did not open a file', async () => {
  const { files } = session('No application found');
  files.remember({ ok: true, value: '/home/me/report.pdf' });
  expect(await files.open('/home/me/report.pdf')).toMatchObject({
    ok: false,
    errors: [{ code: 'NOT_FOUND', reason: { kind: 'noProgram', said: 'No application found' } }],
  });
});
