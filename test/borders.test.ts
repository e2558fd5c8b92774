import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/**
 * The rules of .dependency-cruiser.cjs, each broken once on purpose in a copy of the layout.
 *
 * dependency-cruiser passes a tree it could not read (no TypeScript it knows, a condition it did
 * not follow), so a clean run says nothing unless dirty ones are seen to fail.
 */

const root = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

interface Cruised {
  readonly modules: ReadonlyArray<{ readonly source: string }>;
  readonly summary: {
    readonly violations: ReadonlyArray<{
      readonly from: string;
      readonly rule: { readonly name: string };
    }>;
  };
}

interface Config {
  readonly default: { readonly forbidden: ReadonlyArray<{ readonly name: string }> };
}

const name = "export const name = 1;\n";
const importing = (from: string): string => `import * as x from "${from}";\nexport const y = x;\n`;

/** What the planted files import. */
const innocent: Readonly<Record<string, string>> = {
  "packages/core/src/index.ts": name,
  "packages/core/src/domain/workload.ts": importing("../errors/agent-error.ts"),
  "packages/core/src/engine/agent.ts": importing("../ports/clock.ts"),
  "packages/core/src/engine/schema.ts": importing("zod"),
  "packages/core/src/errors/agent-error.ts": name,
  "packages/core/src/ports/clock.ts": importing("../domain/workload.ts"),
  "packages/core/test/support.ts": name,
  "packages/conformance/src/index.ts": importing("@persys/core"),
  "packages/conformance/src/runner/vitest.ts": importing("vitest"),
  "packages/adapters/src/lmdb/index.ts": importing("lmdb"),
  "packages/adapters/src/memory/index.ts": importing("../shared/codec.ts"),
  "packages/adapters/src/shared/codec.ts": importing("@persys/core"),
  "packages/transports/src/index.ts": importing("@connectrpc/connect"),
  "packages/transports/src/gen/persys/agent/v1/agent_pb.ts": name,
  "packages/client/src/index.ts": importing("@persys/transports/gen"),
  "packages/client/src/node.ts": importing("@connectrpc/connect-node"),
  "packages/server/src/main.ts": importing("inversify"),
  "packages/cli/src/main.ts": importing("@persys/client"),
};

/** Rule, the file that breaks it, and what that file imports. */
const planted: ReadonlyArray<readonly [rule: string, file: string, imported: string]> = [
  ["no-cycles", "packages/core/src/engine/loop.ts", "./loop.ts"],
  ["resolvable", "packages/core/src/engine/lost.ts", "./nowhere.ts"],
  ["sources-know-no-tests", "packages/core/src/engine/tested.ts", "../../test/support.ts"],
  ["no-dev-dependencies", "packages/server/src/dev.ts", "vitest"],
  ["no-deep-imports", "packages/server/src/deep.ts", "../../core/src/domain/workload.ts"],
  ["root-through-exports", "bench/deep.ts", "../packages/core/src/domain/workload.ts"],
  ["errors-stand-alone", "packages/core/src/errors/fat.ts", "../domain/workload.ts"],
  ["domain-is-innermost", "packages/core/src/domain/outward.ts", "../ports/clock.ts"],
  ["ports-know-the-domain", "packages/core/src/ports/outward.ts", "../engine/agent.ts"],
  ["index-is-for-others", "packages/core/src/engine/front.ts", "../index.ts"],
  ["core-is-pure", "packages/core/src/engine/reader.ts", "node:fs"],
  ["core-is-pure", "packages/core/src/engine/wired.ts", "@bufbuild/protobuf"],
  ["core-is-pure", "packages/core/src/engine/outward.ts", "@persys/adapters/memory"],
  [
    "conformance-knows-only-client-core",
    "packages/conformance/src/kit.ts",
    "@persys/adapters/memory",
  ],
  ["adapters-knows-only-core", "packages/adapters/src/memory/wire.ts", "@persys/transports"],
  ["transports-knows-only-core", "packages/transports/src/store.ts", "@persys/adapters/lmdb"],
  ["client-knows-only-transports", "packages/client/src/engine.ts", "@persys/core"],
  ["client-knows-the-contract", "packages/client/src/server.ts", "@persys/transports"],
  ["browser-client", "packages/client/src/dial.ts", "@connectrpc/connect-node"],
  ["browser-client-builtins", "packages/client/src/files.ts", "node:fs"],
  ["cli-knows-only-client-core", "packages/cli/src/store.ts", "@persys/adapters/lmdb"],
  ["server-knows-only-adapters-core-transports", "packages/server/src/dial.ts", "@persys/client"],
  ["adapters-know-not-each-other", "packages/adapters/src/memory/both.ts", "../lmdb/index.ts"],
  ["compose-stands-on-docker", "packages/adapters/src/compose/store.ts", "../lmdb/index.ts"],
  ["inversify-in-server", "packages/transports/src/wiring.ts", "inversify"],
  ["pino-in-server", "packages/adapters/src/memory/log.ts", "pino"],
  ["telemetry-sdk-in-server", "packages/transports/src/trace.ts", "@opentelemetry/sdk-node"],
  ["lmdb-in-its-adapter", "packages/server/src/store.ts", "lmdb"],
  ["redis-in-its-adapter", "packages/adapters/src/memory/redis.ts", "ioredis"],
  ["docker-in-its-adapters", "packages/adapters/src/memory/docker.ts", "dockerode"],
  ["grpc-in-its-transport", "packages/transports/src/grpc-client.ts", "@grpc/grpc-js"],
  ["connect-at-the-edges", "packages/cli/src/dial.ts", "@connectrpc/connect"],
  ["vitest-in-its-adapter", "packages/conformance/src/suite.ts", "vitest"],
  ["commander-in-commands", "packages/server/src/arguments.ts", "commander"],
];

describe("the borders between the packages", () => {
  let tree: string;
  let broken: ReadonlySet<string>;
  let seen: ReadonlySet<string>;

  beforeAll(async () => {
    tree = await mkdtemp(join(tmpdir(), "persys-borders-"));
    await plantTree(tree);
    const cruised = await cruise(tree);
    seen = new Set(cruised.modules.map((module) => module.source));
    broken = new Set(
      cruised.summary.violations.map((violation) => `${violation.rule.name} ${violation.from}`),
    );
  }, 60_000);

  afterAll(() => rm(tree, { recursive: true, force: true }));

  it.each(planted)("%s: %s must not import %s", (rule, file) => {
    expect(broken).toContain(`${rule} ${file}`);
  });

  it.each(Object.keys(innocent))("%s breaks no rule", (file) => {
    expect(seen).toContain(file);
    expect([...broken].filter((violation) => violation.endsWith(` ${file}`))).toEqual([]);
  });

  it("are each crossed by one of the planted files", async () => {
    const config = (await import(join(root, ".dependency-cruiser.cjs"))) as Config;
    const rules = config.default.forbidden.map((rule) => rule.name);

    expect(rules.toSorted()).toEqual([...new Set(planted.map(([rule]) => rule))].toSorted());
  });
});

/** Lays the planted files out as packages, with the real manifests and the real npm packages. */
async function plantTree(tree: string): Promise<void> {
  const manifests = await readdir(join(root, "packages"));
  await Promise.all(
    manifests.map(async (folder) => {
      const manifest = `packages/${folder}/package.json`;
      await cp(join(root, manifest), join(tree, manifest));
    }),
  );
  await cp(join(root, "package.json"), join(tree, "package.json"));

  await mkdir(join(tree, "node_modules/@persys"), { recursive: true });
  for (const folder of manifests) {
    await symlink(join(tree, "packages", folder), join(tree, "node_modules/@persys", folder));
  }
  for (const entry of await readdir(join(root, "node_modules"))) {
    if (entry.startsWith(".") || entry === "@persys") continue;
    await symlink(join(root, "node_modules", entry), join(tree, "node_modules", entry));
  }

  for (const absent of ["@opentelemetry/sdk-node", "dockerode", "ioredis"]) {
    if (existsSync(join(root, "node_modules", absent))) continue;
    await plant(tree, `node_modules/${absent}/index.js`, name);
  }

  for (const [file, text] of Object.entries(innocent)) await plant(tree, file, text);
  for (const [, file, imported] of planted) await plant(tree, file, importing(imported));
}

async function plant(tree: string, file: string, text: string): Promise<void> {
  const path = join(tree, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function cruise(tree: string): Promise<Cruised> {
  const depcruise = join(root, "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs");
  const config = join(root, ".dependency-cruiser.cjs");
  const { stdout } = await run(
    process.execPath,
    [depcruise, "--config", config, "--output-type", "json", "packages", "bench"],
    { cwd: tree, maxBuffer: 64 * 1024 * 1024 },
  );
  return JSON.parse(stdout) as Cruised;
}
