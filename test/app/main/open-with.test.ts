// "Open with Platter": which argument is the image.
import { describe, expect, it } from 'vitest';
import { openedImage } from '../../../app/main/open-with.ts';

describe('the image that the desktop opens', () => {
  it('takes the first path in a package, whatever switches Chromium has put before it', () => {
    expect(openedImage(['/opt/Platter/platter-window', '/home/me/disk.img'], '/', null)).toBe('/home/me/disk.img');
    expect(openedImage(['platter-window', '--ozone-platform=x11', 'disk.img', 'other.img'], '/home/me', null)).toBe(
      '/home/me/disk.img',
    );
    expect(openedImage(['platter-window', '--no-sandbox'], '/', null)).toBeNull();
  });

  it('takes the path after the app in a checkout', () => {
    expect(
      openedImage(['electron', '-r', '/some/loader.js', '/src/platter', 'disk.img'], '/home/me', '/src/platter'),
    ).toBe('/home/me/disk.img');
    expect(openedImage(['electron', '/src/platter'], '/', '/src/platter')).toBeNull();
  });
});
