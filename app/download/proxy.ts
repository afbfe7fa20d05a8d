// Chooses the proxy for a URL by the environment, as curl and wget do. Pure.

/**
 * The proxy for `url`: `http_proxy` or `https_proxy`, else `all_proxy`, unless `no_proxy` names the host; null for
 * none. Lower-case names win over capitals. A value without a scheme is an http proxy. Throws a TypeError when the
 * value is not a URL.
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv): URL | null {
  const scheme = url.protocol.slice(0, -1);
  const value = valueOf(env, `${scheme}_proxy`) ?? valueOf(env, 'all_proxy');
  if (value === null || isExcepted(url, valueOf(env, 'no_proxy') ?? '')) return null;
  return new URL(/^[a-z][a-z0-9+.-]*:\/\//iu.test(value) ? value : `http://${value}`);
}

const valueOf = (env: NodeJS.ProcessEnv, name: string): string | null =>
  [env[name], env[name.toUpperCase()]].find((value) => value !== undefined && value !== '') ?? null;

/** True when the host is in a list such as "localhost, .example.com, 10.0.0.1:8080". A name includes its subdomains. */
function isExcepted({ hostname, port, protocol }: URL, list: string): boolean {
  const host = normalised(hostname);
  const ownPort = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  return list
    .split(/[\s,]+/u)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = '', wanted] = /^(\[[^\]]*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/u.exec(entry) ?? [];
      if (wanted !== undefined && wanted !== ownPort) return false;
      const suffix = normalised(name).replace(/^\*?\./u, '');
      return host === suffix || (suffix !== '' && host.endsWith(`.${suffix}`));
    });
}

const normalised = (host: string): string => host.toLowerCase().replace(/^\[(.*)\]$/u, '$1');
