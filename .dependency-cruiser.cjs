// Who may import whom. Dependencies point inward:
//
//   domain <- ports <- engine         packages/core
//   core <- adapters, transports      adapters never each other, transports never adapters
//   all of them <- server             the only place of inversify and the OpenTelemetry SDK
//
// test/borders.test.ts plants a violation of every rule and expects it to be caught.
const { readdirSync, readFileSync } = require("node:fs");

const packages = readdirSync("packages");

/** The source files a package offers to others, read from its `exports`. */
const entries = packages.flatMap((name) => {
  const { exports: offered } = JSON.parse(readFileSync(`packages/${name}/package.json`, "utf8"));
  return Object.values(offered)
    .map((target) => target["@persys/source"])
    .filter((source) => source !== undefined)
    .map((source) => `^packages/${name}/${source.replace(/^\.\//, "").replaceAll(".", "\\.")}$`);
});

const forbid = (name, comment, border) => ({ name, comment, severity: "error", ...border });

/** Only `from` may import the npm packages `modules` (a pattern of names). */
const only = (name, from, modules) =>
  forbid(name, `${modules} is imported by ${from} alone.`, {
    from: { path: "^packages/[^/]+/src/", pathNot: from },
    to: { path: `node_modules/(?:${modules})(?:/|$)` },
  });

/** Sources of `from` import no other package of this repository than `allowed` (a pattern of names). */
const knows = (from, allowed) =>
  forbid(
    `${from}-knows-only-${allowed.replaceAll("|", "-")}`,
    `packages/${from} imports ${allowed} and itself; nothing else of this repository.`,
    {
      from: { path: `^packages/${from}/src/` },
      to: { path: "^packages/", pathNot: `^packages/(?:${from}|${allowed})/` },
    },
  );

module.exports = {
  forbidden: [
    forbid("no-cycles", "A cycle has no inside.", { from: {}, to: { circular: true } }),
    forbid("resolvable", "Every import has to be found.", {
      from: {},
      to: { couldNotResolve: true },
    }),
    forbid("sources-know-no-tests", "What is published imports no test.", {
      from: { path: "^packages/[^/]+/src/" },
      to: { path: "^(?:packages/[^/]+/(?:test|mutants)|test|bench|examples|scripts)/" },
    }),
    forbid("no-dev-dependencies", "What is published imports only what it declares.", {
      from: { path: "^packages/[^/]+/src/" },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["npm-peer"],
        pathNot: "^packages/",
      },
    }),
    forbid("no-deep-imports", "Another package is imported through what it exports.", {
      from: { path: "^packages/([^/]+)/" },
      to: { path: "^packages/", pathNot: ["^packages/$1/", ...entries] },
    }),
    forbid(
      "root-through-exports",
      "Benchmarks, examples and tests import packages through what they export.",
      { from: { path: "^(?:bench|examples|test)/" }, to: { path: "^packages/", pathNot: entries } },
    ),

    forbid("errors-stand-alone", "core/errors imports nothing of core.", {
      from: { path: "^packages/core/src/errors/" },
      to: { path: "^packages/core/src/", pathNot: "^packages/core/src/errors/" },
    }),
    forbid("domain-is-innermost", "core/domain imports itself and core/errors.", {
      from: { path: "^packages/core/src/domain/" },
      to: { path: "^packages/core/src/", pathNot: "^packages/core/src/(?:domain|errors)/" },
    }),
    forbid("ports-know-the-domain", "core/ports imports itself, core/domain and core/errors.", {
      from: { path: "^packages/core/src/ports/" },
      to: { path: "^packages/core/src/", pathNot: "^packages/core/src/(?:ports|domain|errors)/" },
    }),
    forbid(
      "index-is-for-others",
      "Nothing within a package imports the package's own front door.",
      { from: { path: "^packages/([^/]+)/src/" }, to: { path: "^packages/$1/src/index\\.ts$" } },
    ),
    forbid("core-is-pure", "core imports zod and @noble/hashes; no I/O, nothing of Node.", {
      from: { path: "^packages/core/src/" },
      to: { pathNot: ["^packages/core/src/", "node_modules/(?:zod|@noble/hashes)/"] },
    }),
    knows("conformance", "client|core"),
    knows("adapters", "core"),
    knows("transports", "core"),
    knows("client", "transports"),
    knows("cli", "client|core"),
    knows("server", "adapters|core|transports"),
    forbid(
      "client-knows-the-contract",
      "Of the transports the client imports the generated contract and its schema alone: it runs in browsers.",
      {
        from: { path: "^packages/client/src/" },
        to: { path: "^packages/transports/", pathNot: "^packages/transports/src/(?:gen|schema)/" },
      },
    ),
    forbid("browser-client", "Only client/node.ts needs Node.", {
      from: { path: "^packages/client/src/", pathNot: "^packages/client/src/node(?:\\.ts$|/)" },
      to: { path: "node_modules/@connectrpc/connect-node/" },
    }),
    forbid("browser-client-builtins", "Only client/node.ts needs Node.", {
      from: { path: "^packages/client/src/", pathNot: "^packages/client/src/node(?:\\.ts$|/)" },
      to: { dependencyTypes: ["core"] },
    }),
    forbid("adapters-know-not-each-other", "Adapters share adapters/src/shared and nothing else.", {
      from: { path: "^packages/adapters/src/([^/]+)/", pathNot: "^packages/adapters/src/compose/" },
      to: {
        path: "^packages/adapters/src/",
        pathNot: "^packages/adapters/src/(?:$1|shared)/",
      },
    }),
    forbid(
      "compose-stands-on-docker",
      "A compose project is containers of an engine of Docker: of the adapters, compose knows that one.",
      {
        from: { path: "^packages/adapters/src/compose/" },
        to: {
          path: "^packages/adapters/src/",
          pathNot: "^packages/adapters/src/(?:compose|docker|shared)/",
        },
      },
    ),

    only("inversify-in-server", "^packages/server/src/", "inversify"),
    only("pino-in-server", "^packages/server/src/", "pino"),
    only("telemetry-sdk-in-server", "^packages/server/src/", "@opentelemetry/[^/]+"),
    only("lmdb-in-its-adapter", "^packages/adapters/src/lmdb/", "lmdb"),
    only("redis-in-its-adapter", "^packages/adapters/src/redis/", "ioredis"),
    only("docker-in-its-adapters", "^packages/adapters/src/(?:docker|compose)/", "dockerode"),
    only("grpc-in-its-transport", "^packages/transports/src/grpc/", "@grpc/[^/]+"),
    only(
      "connect-at-the-edges",
      "^packages/(?:transports|client|conformance)/src/",
      "@connectrpc/[^/]+",
    ),
    only("vitest-in-its-adapter", "^packages/conformance/src/runner/vitest\\.ts$", "vitest"),
    only("commander-in-commands", "^packages/(?:cli|conformance)/src/", "commander"),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^packages/[^/]+/(?:bin|dist)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: `${__dirname}/tsconfig.test.json` },
    // Without the condition, imports of @persys/* lead to dist and the rules above never see them.
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@persys/source", "import", "node", "default", "types"],
    },
  },
};
