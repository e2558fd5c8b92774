import type { Config } from "./config.ts";
import type { ConfigOption } from "./config-option.ts";
import { absolutePath, type OptionType, truth } from "./option-type.ts";

type ComposeSetting = "composeEnabled" | "composeBinary" | "composeRoot";

const section = "Compose applications";

/** Which compose command is run: the first of the usual ones that is there. */
const autoWord = "auto";

/** The words of a command without a shell, or `auto`: none. */
const commandWords: OptionType<readonly string[]> = {
  name: `words of a command, or ${autoWord}`,
  read: (input) => {
    const text = typeof input === "string" ? input.trim() : "";
    if (text.toLowerCase() === autoWord) return { ok: true, value: [] };
    const words = text.split(/\s+/);
    const isCommand = words.length <= 8 && words.every((it) => /^[\w./@+:=-]+$/.test(it));
    return isCommand
      ? { ok: true, value: words }
      : {
          ok: false,
          rule: `must be ${autoWord}, or a program and its first words, without quotes: no shell reads it`,
        };
  },
  write: (words) => (words.length === 0 ? autoWord : words.join(" ")),
};

/** The rows of the table about compose applications. */
export const composeOptions: { readonly [Name in ComposeSetting]: ConfigOption<Config[Name]> } = {
  composeEnabled: {
    section,
    key: "compose_enabled",
    env: ["PERSYS_COMPOSE_ENABLED"],
    type: truth,
    standard: true,
    doc: "Whether workloads may be compose applications of the Docker engine above; with `docker_enabled` off they may not. The compose command may be installed after the agent was started.",
  },
  composeBinary: {
    section,
    key: "compose_binary",
    env: ["PERSYS_COMPOSE_BINARY"],
    type: commandWords,
    standard: [],
    doc: "The compose command, of either generation: `docker compose`, `docker-compose` or a path. `auto`: the first of these two that tells its version. It is looked for in the standard folders for programs, whatever the agent's `PATH`.",
  },
  composeRoot: {
    section,
    key: "compose_root",
    env: ["PERSYS_COMPOSE_ROOT"],
    type: absolutePath,
    standard: "/var/lib/persys/compose",
    development: (devDir) => `${devDir}/compose`,
    doc: "Folder for the projects: their compose files, and which revision is up. Files and variables in it are sealed. Made when it is needed.",
  },
};
