type Environment = Readonly<Record<string, string | undefined>>;

/** What Node and the network need of the environment, in any case of letters: nothing of W&B's, and no NODE_OPTIONS. */
const NEEDED = new Set([
  'PATH',
  'HOME',
  'USERPROFILE',
  'TMPDIR',
  'TEMP',
  'TMP',
  'TZ',
  'SYSTEMROOT',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'NODE_USE_ENV_PROXY',
  'NODE_USE_SYSTEM_CA',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]);

const LOOPBACK = 'localhost,127.0.0.1,::1';

/** The environment of the uploader's process. The key is never in it: other processes of the user could read it there. */
export function uploaderEnvironment(env: Environment): Record<string, string> {
  const needed: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && NEEDED.has(name.toUpperCase())) needed[name] = value;
  }
  if (!Object.keys(needed).some((name) => /^https?_proxy$/i.test(name))) return needed;
  // As the Python client does: Node takes a proxy only when it is told to, and then also for this machine's own servers.
  const { no_proxy: lower, NO_PROXY: upper = lower, ...rest } = needed;
  return { NODE_USE_ENV_PROXY: '1', ...rest, NO_PROXY: upper ? `${upper},${LOOPBACK}` : LOOPBACK };
}

/** Options of Node's that say which servers are trusted, and how they are reached. */
const NETWORK_FLAG =
  /^--(use-(bundled|openssl|system)-ca|use-env-proxy|tls-((min|max)-v1\.[0-3]|cipher-list=.*)|dns-result-order=.*)$/;

/** The options of the uploader's Node: of this process's own, from its command line and NODE_OPTIONS, those for the network. */
export function uploaderFlags(execArgv: readonly string[], nodeOptions = ''): string[] {
  return [...nodeOptions.split(/\s+/), ...execArgv].filter((flag) => NETWORK_FLAG.test(flag));
}
