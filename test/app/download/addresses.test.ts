// Recognising, showing and naming URLs, and choosing their proxy.
import { describe, expect, test } from 'vitest';
import { fileName, isUrl, keyOf, readUrl, shownUrl } from '../../../app/download/addresses.ts';
import { proxyFor } from '../../../app/download/proxy.ts';

const nameOf = (url: string): string => fileName(new URL(url));

describe('URLs', () => {
  test('are distinguished from paths', () => {
    expect(['https://example.org/a.img', 'HTTP://example.org'].map(isUrl)).toEqual([true, true]);
    expect(['/dev/sdb', 'https', './http:/a', '-'].map(isUrl)).toEqual(Array(4).fill(false));
  });

  test('are not looked for in the file system when their scheme is another, and are refused as such', () => {
    for (const text of ['ftp://example.org/disk.img', 'sftp://host/a.img', 'file:///srv/a.img']) {
      expect(isUrl(text), text).toBe(true);
      expect(() => readUrl(text), text).toThrow('only valid URLs of http and https are supported');
    }
    for (const path of ['./ftp://disk.img', 'disk:a//b', 'a b://c']) expect(isUrl(path), path).toBe(false);
  });

  test('are refused when they lead nowhere', () => {
    for (const text of ['http:', 'https://', 'https://a b/'])
      expect(() => readUrl(text), text).toThrow('It is not a URL that Platter can download');
  });

  test('are shown without the name, the password and the query in them', () => {
    expect(shownUrl(new URL('https://me:secret@example.org:8443/a/disk.img.xz?key=secret#part'))).toBe(
      'https://example.org:8443/a/disk.img.xz?...',
    );
    expect(() => readUrl('http://me:secret@')).toThrow(
      expect.objectContaining({ errors: [expect.objectContaining({ device: 'http://' })] }),
    );
  });

  test('each have one folder whose name reveals nothing of the URL', () => {
    const [one, other] = ['https://example.org/a?1', 'https://example.org/a?2'].map((url) => keyOf(new URL(url)));
    expect(one).toMatch(/^[0-9a-f]{32}$/u);
    expect(one).not.toBe(other);
  });
});

describe('the name of a download', () => {
  test('is the end of the path', () => {
    expect(nameOf('https://example.org/images/raspios%20lite.img.xz?x=/y.zip')).toBe('raspios lite.img.xz');
    expect(nameOf('https://example.org/images/')).toBe('images');
    expect(nameOf('https://example.org/')).toBe('download');
  });

  test('never leads out of its folder', () => {
    expect(nameOf('https://example.org/..%2f..%2fetc%2fpasswd')).toBe('_.._etc_passwd');
    expect(nameOf('https://example.org/%2e%2e%00%0a')).toBe('__');
    expect(nameOf('https://example.org/.hidden')).toBe('hidden');
    expect(nameOf('https://example.org/%ff.img')).toBe('_ff.img');
  });

  test('keeps its ending when it is too long', () => {
    const name = nameOf(`https://example.org/${'ä'.repeat(300)}.img.xz`);
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
    expect(name).toMatch(/^ä+\.img\.xz$/u);
  });
});

describe('the proxy', () => {
  const through = (url: string, env: NodeJS.ProcessEnv): string | null => proxyFor(new URL(url), env)?.href ?? null;

  test('is the one for the scheme, else the one for all schemes', () => {
    const env = { http_proxy: 'http://one:3128', https_proxy: 'two:3129', all_proxy: 'http://three' };
    expect(through('http://example.org/', env)).toBe('http://one:3128/');
    expect(through('https://example.org/', env)).toBe('http://two:3129/');
    expect(through('https://example.org/', { ALL_PROXY: 'http://three' })).toBe('http://three/');
    expect(through('https://example.org/', { http_proxy: 'http://one:3128', HTTPS_PROXY: '' })).toBeNull();
  });

  test('is not used for hosts in no_proxy', () => {
    const env = (no_proxy: string): NodeJS.ProcessEnv => ({ all_proxy: 'http://one', no_proxy });
    for (const [list, url] of [
      ['localhost, example.org', 'https://example.org/'],
      ['.example.org', 'https://images.example.org/'],
      ['*.example.org', 'https://images.example.org/'],
      ['example.org', 'https://images.EXAMPLE.org/'],
      ['example.org:8443', 'https://example.org:8443/'],
      ['127.0.0.1', 'http://127.0.0.1:80/'],
      ['::1', 'http://[::1]/'],
      ['[::1]:8080', 'http://[::1]:8080/'],
      ['*', 'http://example.org/'],
    ] as const)
      expect(through(url, env(list)), list).toBeNull();
    for (const [list, url] of [
      ['example.org', 'https://notexample.org/'],
      ['example.org:8443', 'https://example.org/'],
      ['', 'https://example.org/'],
    ] as const)
      expect(through(url, env(list)), list).not.toBeNull();
  });
});
