import { homedir } from "node:os";
import { runAgent } from "./run-agent.ts";

process.exitCode = await runAgent({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  home: process.getuid?.() === 0 ? undefined : homedir(),
  userHome: homedir(),
  stdout: process.stdout,
  stderr: process.stderr,
  process,
  modules: async (settings) => {
    const { standardModules } = await import("./composition/standard-modules.ts");
    return standardModules(settings);
  },
});
// What may still hold the process, such as a stuck call that was given up, must not keep it from ending.
process.exit();
