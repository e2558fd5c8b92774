import { execFileSync } from "node:child_process";
import { describeWithDocker } from "./docker-host.ts";
import { describeUnlessLacking, hostVariables } from "../test-host.ts";

/** A compose command of the host, by the words that run it. */
export interface TestedCommand {
  readonly name: string;
  readonly words: readonly string[];
}

const built = hostVariables()["PERSYS_TEST_COMPOSE"] ?? "";

/** The first generation, from a package; and the second, where it could be built. */
export const testedCommands: readonly TestedCommand[] = [
  { name: "docker-compose 1", words: ["docker-compose"] },
  ...(built === "" ? [] : [{ name: "docker compose 2", words: [built] }]),
];

/** The command that is there and costs least: what does not depend on its generation is tested with this. */
export function anyCommand(): TestedCommand {
  const found = testedCommands.toReversed().find((it) => lackingOf(it) === undefined);
  return found ?? { name: "no compose command", words: ["docker-compose"] };
}

/** A suite that needs an engine of Docker and a compose command; skipped by name without, and failing where `CI=true`. */
export function describeWithCompose(
  title: string,
  command: TestedCommand,
  body: (words: readonly string[]) => void,
): void {
  describeUnlessLacking(lackingOf(command), `${title} with ${command.name}`, () => {
    describeWithDocker("and an engine", () => {
      body(command.words);
    });
  });
}

function lackingOf({ name, words: [program = ""] }: TestedCommand): string | undefined {
  const lack = `no ${name} for tests (start the engines with scripts/test-host up)`;
  if (program === "") return lack;
  try {
    execFileSync(program, ["version", "--short"], { stdio: "ignore" });
    return undefined;
  } catch {
    // Whatever keeps it from telling its version, it cannot be tested with.
    return lack;
  }
}
