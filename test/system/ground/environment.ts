// What a child process needs of this machine to reach the package index; nothing else of the environment passes.
const NAMES = [
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'PIP_CERT',
  'PIP_INDEX_URL',
  'PIP_CONFIG_FILE',
  'UV_DEFAULT_INDEX',
  'UV_INDEX_URL',
];

export function certificates(): Record<string, string> {
  return Object.fromEntries(NAMES.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
