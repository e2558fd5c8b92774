// Made by scripts/libvirt-protocol from the sources of libvirt 9.0.0. Not edited by hand.

/** `virErrorNumber` of libvirt. */
export const errorNumber = {
  ok: 0,
  internalError: 1,
  noMemory: 2,
  noSupport: 3,
  unknownHost: 4,
  noConnect: 5,
  invalidConn: 6,
  invalidDomain: 7,
  invalidArg: 8,
  operationFailed: 9,
  getFailed: 10,
  postFailed: 11,
  httpError: 12,
  sexprSerial: 13,
  noXen: 14,
  xenCall: 15,
  osType: 16,
  noKernel: 17,
  noRoot: 18,
  noSource: 19,
  noTarget: 20,
  noName: 21,
  noOs: 22,
  noDevice: 23,
  noXenstore: 24,
  driverFull: 25,
  callFailed: 26,
  xmlError: 27,
  domExist: 28,
  operationDenied: 29,
  openFailed: 30,
  readFailed: 31,
  parseFailed: 32,
  confSyntax: 33,
  writeFailed: 34,
  xmlDetail: 35,
  invalidNetwork: 36,
  networkExist: 37,
  systemError: 38,
  rpc: 39,
  gnutlsError: 40,
  virWarNoNetwork: 41,
  noDomain: 42,
  noNetwork: 43,
  invalidMac: 44,
  authFailed: 45,
  invalidStoragePool: 46,
  invalidStorageVol: 47,
  virWarNoStorage: 48,
  noStoragePool: 49,
  noStorageVol: 50,
  virWarNoNode: 51,
  invalidNodeDevice: 52,
  noNodeDevice: 53,
  noSecurityModel: 54,
  operationInvalid: 55,
  virWarNoInterface: 56,
  noInterface: 57,
  invalidInterface: 58,
  multipleInterfaces: 59,
  virWarNoNwfilter: 60,
  invalidNwfilter: 61,
  noNwfilter: 62,
  buildFirewall: 63,
  virWarNoSecret: 64,
  invalidSecret: 65,
  noSecret: 66,
  configUnsupported: 67,
  operationTimeout: 68,
  migratePersistFailed: 69,
  hookScriptFailed: 70,
  invalidDomainSnapshot: 71,
  noDomainSnapshot: 72,
  invalidStream: 73,
  argumentUnsupported: 74,
  storageProbeFailed: 75,
  storagePoolBuilt: 76,
  snapshotRevertRisky: 77,
  operationAborted: 78,
  authCancelled: 79,
  noDomainMetadata: 80,
  migrateUnsafe: 81,
  overflow: 82,
  blockCopyActive: 83,
  operationUnsupported: 84,
  ssh: 85,
  agentUnresponsive: 86,
  resourceBusy: 87,
  accessDenied: 88,
  dbusService: 89,
  storageVolExist: 90,
  cpuIncompatible: 91,
  xmlInvalidSchema: 92,
  migrateFinishOk: 93,
  authUnavailable: 94,
  noServer: 95,
  noClient: 96,
  agentUnsynced: 97,
  libssh: 98,
  deviceMissing: 99,
  invalidNwfilterBinding: 100,
  noNwfilterBinding: 101,
  invalidDomainCheckpoint: 102,
  noDomainCheckpoint: 103,
  noDomainBackup: 104,
  invalidNetworkPort: 105,
  networkPortExist: 106,
  noNetworkPort: 107,
  noHostname: 108,
  checkpointInconsistent: 109,
  multipleDomains: 110,
} as const;

/** `virErrorDomain` of libvirt. */
export const errorDomain = {
  none: 0,
  xen: 1,
  xend: 2,
  xenstore: 3,
  sexpr: 4,
  xml: 5,
  dom: 6,
  rpc: 7,
  proxy: 8,
  conf: 9,
  qemu: 10,
  net: 11,
  test: 12,
  remote: 13,
  openvz: 14,
  xenxm: 15,
  statsLinux: 16,
  lxc: 17,
  storage: 18,
  network: 19,
  domain: 20,
  uml: 21,
  nodedev: 22,
  xenInotify: 23,
  security: 24,
  vbox: 25,
  interface: 26,
  one: 27,
  esx: 28,
  phyp: 29,
  secret: 30,
  cpu: 31,
  xenapi: 32,
  nwfilter: 33,
  hook: 34,
  domainSnapshot: 35,
  audit: 36,
  sysinfo: 37,
  streams: 38,
  vmware: 39,
  event: 40,
  libxl: 41,
  locking: 42,
  hyperv: 43,
  capabilities: 44,
  uri: 45,
  auth: 46,
  dbus: 47,
  parallels: 48,
  device: 49,
  ssh: 50,
  lockspace: 51,
  initctl: 52,
  identity: 53,
  cgroup: 54,
  access: 55,
  systemd: 56,
  bhyve: 57,
  crypto: 58,
  firewall: 59,
  polkit: 60,
  thread: 61,
  admin: 62,
  logging: 63,
  xenxl: 64,
  perf: 65,
  libssh: 66,
  resctrl: 67,
  firewalld: 68,
  domainCheckpoint: 69,
  tpm: 70,
  bpf: 71,
  ch: 72,
} as const;

/** `virConnectListAllDomainsFlags` of libvirt. */
export const connectListAllDomainsFlags = {
  active: 1,
  inactive: 2,
  persistent: 4,
  transient: 8,
  running: 16,
  paused: 32,
  shutoff: 64,
  other: 128,
  managedsave: 256,
  noManagedsave: 512,
  autostart: 1024,
  noAutostart: 2048,
  hasSnapshot: 4096,
  noSnapshot: 8192,
  hasCheckpoint: 16384,
  noCheckpoint: 32768,
} as const;

/** `virConnectGetAllDomainStatsFlags` of libvirt. */
export const connectGetAllDomainStatsFlags = {
  active: 1,
  inactive: 2,
  persistent: 4,
  transient: 8,
  running: 16,
  paused: 32,
  shutoff: 64,
  other: 128,
  nowait: 536870912,
  backing: 1073741824,
  enforceStats: 2147483648,
} as const;

/** `virDomainCreateFlags` of libvirt. */
export const domainCreateFlags = {
  none: 0,
  startPaused: 1,
  startAutodestroy: 2,
  startBypassCache: 4,
  startForceBoot: 8,
  startValidate: 16,
  startResetNvram: 32,
} as const;

/** `virDomainDefineFlags` of libvirt. */
export const domainDefineFlags = {
  validate: 1,
} as const;

/** `virDomainDestroyFlagsValues` of libvirt. */
export const domainDestroyFlags = {
  default: 0,
  graceful: 1,
  removeLogs: 2,
} as const;

/** `virDomainEventID` of libvirt. */
export const domainEventId = {
  lifecycle: 0,
  reboot: 1,
  rtcChange: 2,
  watchdog: 3,
  ioError: 4,
  graphics: 5,
  ioErrorReason: 6,
  controlError: 7,
  blockJob: 8,
  diskChange: 9,
  trayChange: 10,
  pmwakeup: 11,
  pmsuspend: 12,
  balloonChange: 13,
  pmsuspendDisk: 14,
  deviceRemoved: 15,
  blockJob2: 16,
  tunable: 17,
  agentLifecycle: 18,
  deviceAdded: 19,
  migrationIteration: 20,
  jobCompleted: 21,
  deviceRemovalFailed: 22,
  metadataChange: 23,
  blockThreshold: 24,
  memoryFailure: 25,
  memoryDeviceSizeChange: 26,
} as const;

/** `virDomainEventType` of libvirt. */
export const domainEventType = {
  defined: 0,
  undefined: 1,
  started: 2,
  suspended: 3,
  resumed: 4,
  stopped: 5,
  shutdown: 6,
  pmsuspended: 7,
  crashed: 8,
} as const;

/** `virDomainInterfaceAddressesSource` of libvirt. */
export const domainInterfaceAddressesSource = {
  lease: 0,
  agent: 1,
  arp: 2,
} as const;

/** `virDomainMetadataType` of libvirt. */
export const domainMetadataType = {
  description: 0,
  title: 1,
  element: 2,
} as const;

/** `virDomainModificationImpact` of libvirt. */
export const domainModificationImpact = {
  current: 0,
  live: 1,
  config: 2,
} as const;

/** `virDomainPausedReason` of libvirt. */
export const domainPausedReason = {
  unknown: 0,
  user: 1,
  migration: 2,
  save: 3,
  dump: 4,
  ioerror: 5,
  watchdog: 6,
  fromSnapshot: 7,
  shuttingDown: 8,
  snapshot: 9,
  crashed: 10,
  startingUp: 11,
  postcopy: 12,
  postcopyFailed: 13,
} as const;

/** `virDomainShutdownFlagValues` of libvirt. */
export const domainShutdownFlag = {
  default: 0,
  acpiPowerBtn: 1,
  guestAgent: 2,
  initctl: 4,
  signal: 8,
  paravirt: 16,
} as const;

/** `virDomainShutoffReason` of libvirt. */
export const domainShutoffReason = {
  unknown: 0,
  shutdown: 1,
  destroyed: 2,
  crashed: 3,
  migrated: 4,
  saved: 5,
  failed: 6,
  fromSnapshot: 7,
  daemon: 8,
} as const;

/** `virDomainState` of libvirt. */
export const domainState = {
  nostate: 0,
  running: 1,
  blocked: 2,
  paused: 3,
  shutdown: 4,
  shutoff: 5,
  crashed: 6,
  pmsuspended: 7,
} as const;

/** `virDomainStatsTypes` of libvirt. */
export const domainStatsTypes = {
  state: 1,
  cpuTotal: 2,
  balloon: 4,
  vcpu: 8,
  interface: 16,
  block: 32,
  perf: 64,
  iothread: 128,
  memory: 256,
  dirtyrate: 512,
  vm: 1024,
} as const;

/** `virDomainUndefineFlagsValues` of libvirt. */
export const domainUndefineFlags = {
  managedSave: 1,
  snapshotsMetadata: 2,
  nvram: 4,
  keepNvram: 8,
  checkpointsMetadata: 16,
  tpm: 32,
  keepTpm: 64,
} as const;

/** `virDomainXMLFlags` of libvirt. */
export const domainXmlFlags = {
  secure: 1,
  inactive: 2,
  updateCpu: 4,
  migratable: 8,
} as const;

/** `virIPAddrType` of libvirt. */
export const ipAddrType = {
  ipv4: 0,
  ipv6: 1,
} as const;

/** `virNetworkUpdateCommand` of libvirt. */
export const networkUpdateCommand = {
  none: 0,
  modify: 1,
  delete: 2,
  addFirst: 4,
} as const;

/** `virNetworkUpdateFlags` of libvirt. */
export const networkUpdateFlags = {
  affectCurrent: 0,
  affectLive: 1,
  affectConfig: 2,
} as const;

/** `virNetworkUpdateSection` of libvirt. */
export const networkUpdateSection = {
  none: 0,
  bridge: 1,
  domain: 2,
  ip: 3,
  ipDhcpHost: 4,
  ipDhcpRange: 5,
  forward: 6,
  forwardInterface: 7,
  forwardPf: 8,
  portgroup: 9,
  dnsHost: 10,
  dnsTxt: 11,
  dnsSrv: 12,
} as const;

/** `virTypedParameterType` of libvirt. */
export const typedParameterType = {
  int: 1,
  uint: 2,
  llong: 3,
  ullong: 4,
  double: 5,
  boolean: 6,
  string: 7,
} as const;
