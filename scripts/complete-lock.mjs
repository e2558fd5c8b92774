// Adds lock entries for optional platform packages that the registry could not serve.
//
// `npm install` leaves such packages out of package-lock.json and `npm ci` then refuses the lock it
// has just written (npm/cli #9846). Run this after every change of dependencies. An entry needs only
// a name, a version and a platform: npm never fetches one that belongs to another platform.
import { readFileSync, writeFileSync } from "node:fs";

const OS = {
  aix: "aix",
  android: "android",
  darwin: "darwin",
  freebsd: "freebsd",
  linux: "linux",
  macos: "darwin",
  netbsd: "netbsd",
  openbsd: "openbsd",
  openharmony: "openharmony",
  sunos: "sunos",
  win32: "win32",
  windows: "win32",
};

const CPU = {
  aarch64: "arm64",
  arm: "arm",
  arm64: "arm64",
  armv6: "arm",
  armv7: "arm",
  ia32: "ia32",
  loong64: "loong64",
  mips64el: "mips64el",
  ppc64: "ppc64",
  ppc64le: "ppc64",
  riscv64: "riscv64",
  s390x: "s390x",
  wasm32: "wasm32",
  x64: "x64",
};

const lockFile = process.argv[2] ?? "package-lock.json";
const lock = JSON.parse(readFileSync(lockFile, "utf8"));
const packages = lock.packages;

/** Whether `name`, asked for by the package at `from`, is found on the way up to the root. */
function resolves(from, name) {
  for (let base = from; ; base = parentOf(base)) {
    if (packages[`${base === "" ? "" : `${base}/`}node_modules/${name}`]) return true;
    if (base === "") return false;
  }
}

function parentOf(base) {
  const nested = base.lastIndexOf("node_modules/");
  return nested < 0 ? "" : base.slice(0, nested).replace(/\/$/, "");
}

function platformEntry(owner, name, range) {
  const words = name.split(/[/\-_.]/);
  const known = (table) => [...new Set(words.map((word) => table[word]).filter(Boolean))];
  const os = known(OS);
  const cpu = known(CPU);
  if (os.length === 0 && cpu.length === 0) {
    console.error(`complete-lock: cannot tell the platform of ${name}@${range}`);
    os.push("none");
  }
  return {
    version: range.replace(/^npm:.*@/, "").replace(/^[~^=v]*/, ""),
    ...(owner.dev ? { dev: true } : {}),
    optional: true,
    ...(os.length > 0 ? { os } : {}),
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(words.some((word) => word.startsWith("musl")) ? { libc: ["musl"] } : {}),
  };
}

let added = 0;
for (const [at, owner] of Object.entries(packages)) {
  for (const [name, range] of Object.entries(owner.optionalDependencies ?? {})) {
    if (resolves(at, name)) continue;
    packages[`node_modules/${name}`] = platformEntry(owner, name, range);
    added += 1;
  }
}

lock.packages = Object.fromEntries(
  Object.entries(packages).toSorted(([a], [b]) => a.localeCompare(b, "en")),
);
writeFileSync(lockFile, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`complete-lock: ${added} added`);
