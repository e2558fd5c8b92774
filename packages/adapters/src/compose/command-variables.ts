/** Variables that steer the compose command, its libraries or its loader rather than a compose file. */
const steering: readonly string[] = [
  "ALL_PROXY",
  "BASH_ENV",
  "BUILDKIT_",
  "BUILDX_",
  "COMPOSE_",
  "CURL_",
  "DOCKER_",
  "ENV",
  "FTP_PROXY",
  "GCONV_PATH",
  "GETCONF_DIR",
  "GLIBC_",
  "GODEBUG",
  "GOMAXPROCS",
  "GOGC",
  "GOMEMLIMIT",
  "GOTRACEBACK",
  "HOME",
  "HOSTALIASES",
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "IFS",
  "LANG",
  "LANGUAGE",
  "LC_",
  "LD_",
  "LOCALDOMAIN",
  "LOCPATH",
  "MALLOC_",
  "NLSPATH",
  "NO_PROXY",
  "OPENSSL_",
  "OTEL_",
  "PATH",
  "PERSYS_",
  "PWD",
  "PYTHON",
  "REQUESTS_CA_BUNDLE",
  "RESOLV_HOST_CONF",
  "RES_OPTIONS",
  "SHELL",
  "SSH_",
  "SSLKEYLOGFILE",
  "SSL_",
  "TEMP",
  "TMP",
  "TMPDIR",
  "TZDIR",
  "USER",
  "XDG_",
];

const exact: ReadonlySet<string> = new Set(steering.filter((it) => !it.endsWith("_")));
/** `PYTHON` as well: all of its variables begin so, without an underscore. */
const prefixes: readonly string[] = [...steering.filter((it) => it.endsWith("_")), "PYTHON"];

/** Whether a workload may set a variable for its compose file: its command is a program of the agent's. */
export function isFreeVariable(name: string): boolean {
  const upper = name.toUpperCase();
  return !exact.has(upper) && !prefixes.some((it) => upper.startsWith(it));
}
