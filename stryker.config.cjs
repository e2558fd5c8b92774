// Mutation testing of the engine's decisions: `npm run mutation`, which takes a while, or a part of it:
//
//   npm run mutation -- --mutate packages/core/src/domain/back-off.ts
//
// It works on a copy in .stryker-tmp; the report is reports/mutation/mutation.html. Texts for people are left alone
// (scripts/ignore-sentences.mjs), and so are constants that are set once when a file is loaded: no test can be named for them.
module.exports = {
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner", "./scripts/ignore-sentences.mjs"],
  ignorers: ["sentences"],
  vitest: { configFile: "packages/core/test/mutation.vitest.config.ts" },
  mutate: ["packages/core/src/domain/**/*.ts"],
  coverageAnalysis: "perTest",
  ignoreStatic: true,
  concurrency: 1,
  reporters: ["clear-text", "progress", "html", "json"],
  clearTextReporter: { reportTests: false, logTests: false },
  // The tests of the domain need nothing but its package.
  ignorePatterns: [
    "/*",
    "!/packages",
    "/packages/*",
    "!/packages/core",
    "!/tsconfig*.json",
    "dist",
  ],
};
