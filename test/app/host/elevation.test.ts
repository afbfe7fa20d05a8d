// How a user gets the rights to open disks, and what the end of that question means. The sessions are in
// test/app/host/broker-host.test.ts, the prompts in test/electron/elevation.test.ts.
import { describe, expect, it } from 'vitest';
import { askingFor, sudoCommand } from '../../../app/cli/rights.ts';
import {
  BROKER,
  deviceArguments,
  elevationFailure,
  sessionRoute,
  type HostStart,
  type ElevationTools,
  type SessionRoute,
} from '../../../app/client/elevation.ts';

const tools: ElevationTools = {
  installed: BROKER,
  beside: '/a/platter-broker',
  pkexec: '/usr/bin/pkexec',
  sudo: '/usr/bin/sudo',
  packaged: false,
};

describe('the way to rights', () => {
  const pkexec: SessionRoute = { how: 'pkexec', command: ['/usr/bin/pkexec', '--disable-internal-agent', BROKER] };
  it.each<[string, Partial<HostStart>, Partial<ElevationTools>, SessionRoute]>([
    [
      'is the control socket where root has started Platter',
      { control: 3, sudo: true },
      {},
      { how: 'control', control: 3 },
    ],
    [
      'is sudo where the client has a terminal',
      { sudo: true },
      {},
      { how: 'sudo', command: ['/usr/bin/sudo', '--', BROKER] },
    ],
    [
      'is sudo of the program beside this one in a checkout',
      { sudo: true },
      { installed: null },
      { how: 'sudo', command: ['/usr/bin/sudo', '--', '/a/platter-broker'] },
    ],
    ['is polkit without a terminal', {}, {}, pkexec],
    ['is polkit where there is no sudo', { sudo: true }, { sudo: null }, pkexec],
    [
      'is never polkit of a program that no package has installed',
      {},
      { installed: null },
      { how: 'none', remedy: { kind: 'sudoStart' } },
    ],
    [
      'is a package where Platter was unpacked by hand',
      {},
      { installed: null, packaged: true },
      { how: 'none', remedy: { kind: 'installPackage' } },
    ],
    [
      'is pkexec, to be installed, where it is missing',
      {},
      { pkexec: null },
      { how: 'none', remedy: { kind: 'installPkexec' } },
    ],
  ])('%s', (_what, given, some, expected) => {
    expect(sessionRoute({ control: null, sudo: false, ...given }, { ...tools, ...some })).toEqual(expected);
  });

  it('names the devices as the kernel does, in order', () => {
    expect(
      deviceArguments([
        { name: 'sdb', access: 'read' },
        { name: 'cciss/c0d0', access: 'write' },
      ]),
    ).toEqual(['--read', 'sdb', '--write', 'cciss!c0d0']);
  });

  it('quotes the command for a shell where nobody can be asked', () => {
    expect(sudoCommand(['/usr/bin/node', '/opt/platter.js', 'copy', "it's.img", '/dev/sdb'])).toBe(
      "sudo /usr/bin/node /opt/platter.js copy 'it'\\''s.img' /dev/sdb",
    );
    const checkout = ['/usr/bin/node', '/home/me/platter/out/cli/platter.js', 'list'];
    expect(sudoCommand(checkout)).toBe('sudo /usr/bin/node /home/me/platter/build/platter.mjs list');
  });

  it('F13 names the script of the package that Platter runs from', () => {
    const argvIn = (home: string): string[] => [
      `${home}/platter-node`,
      `${home}/resources/app.asar.unpacked/out/cli/platter.js`,
      'copy',
      'a b',
      '/dev/sdb',
    ];
    expect(sudoCommand(argvIn('/usr/lib/platter'))).toBe("sudo platter copy 'a b' /dev/sdb");
    expect(sudoCommand(argvIn('/opt/platter-1.0.0-x64'))).toBe(
      "sudo /opt/platter-1.0.0-x64/platter copy 'a b' /dev/sdb",
    );
  });

  it('says a sentence before the question', () => {
    expect(askingFor({ how: 'sudo', devices: ['/dev/sdb', '/dev/sdc'] })).toContain('/dev/sdb, /dev/sdc');
  });

  it('F31 names the launcher of a checkout, which reads the source as the user and not as root', () => {
    expect(
      sudoCommand(['/usr/bin/node', '/src/out/cli/platter.js', 'copy', '/home/me/fuse/disk.img', '/dev/sdb']),
    ).toBe('sudo /usr/bin/node /src/build/platter.mjs copy /home/me/fuse/disk.img /dev/sdb');
  });
});

describe('the end of the command that asked', () => {
  it.each<[string, 'pkexec' | 'sudo', number | null, string, string]>([
    [
      'the question was dismissed',
      'pkexec',
      126,
      'Error executing command as another user: Request dismissed\n',
      'ELEVATION_CANCELLED',
    ],
    [
      'the password was wrong',
      'pkexec',
      127,
      'Error executing command as another user: Not authorized\n\nThis incident has been reported.\n',
      'ELEVATION_DENIED',
    ],
    [
      'there is no agent',
      'pkexec',
      127,
      'Error executing command as another user: No authentication agent found.\n',
      'NO_AGENT',
    ],
    [
      'there is no polkit',
      'pkexec',
      127,
      'Error getting authority: Error initializing authority: Could not connect\n',
      'ELEVATION_DENIED',
    ],
    [
      'sudo got wrong passwords',
      'sudo',
      1,
      'Sorry, try again.\nsudo: 3 incorrect password attempts\n',
      'ELEVATION_DENIED',
    ],
    ['the user is no sudoer', 'sudo', 1, 'u is not in the sudoers file.\n', 'ELEVATION_DENIED'],
    ['Ctrl-C was pressed at the prompt of sudo', 'sudo', 1, '\n', 'ELEVATION_CANCELLED'],
    ['the broker refused its arguments', 'sudo', 2, 'platter-broker: sdb is given twice\n', 'ELEVATION_DENIED'],
    ['a signal ended it', 'pkexec', null, '', 'ELEVATION_DENIED'],
  ])('%s', (_what, how, code, said, expected) => {
    expect(elevationFailure(how, { code, said }, ['/dev/sdb', '/dev/sdc'])).toMatchObject({
      code: expected,
      message: /\S/,
    });
  });
});
