import { defineConfig } from "vitest/config";

/**
 * The tests that judge mutants of the domain. They import its sources by their paths, which is where the mutants are. Tests of properties are
 * left out: chance decides what they find, and they take seconds for each mutant that survives.
 */
export default defineConfig({
  test: {
    include: ["packages/core/test/domain/**/*.test.ts"],
    exclude: ["**/*properties.test.ts", "**/convergence.test.ts"],
  },
});
