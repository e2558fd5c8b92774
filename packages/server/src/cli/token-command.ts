import { createHash, randomBytes } from "node:crypto";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import type { CommandPlace } from "./certs-command.ts";

const help = `persys-agent token new NAME: makes a bearer token.

Usage: persys-agent token new NAME [--json]

It shows the token, once, and the lines for the access file, which has only its digest; the line
... stays the last one of that file:

  tokens:
    - name: ci
      sha256: ...
  rules:
    - who: ["token:ci"]
      role: operator
`;

/** 256 bits: nobody guesses it, so a digest without a salt keeps it safe. */
const tokenBytes = 32;

/** Does `persys-agent token …`. @returns the exit code. */
export function runTokenCommand(argv: readonly string[], place: CommandPlace): ExitCode {
  if (argv.includes("--help") || argv.includes("-h")) {
    place.stdout.write(help);
    return exitCodes.stopped;
  }
  const isJson = argv.includes("--json");
  const [verb, name, ...more] = argv.filter((it) => it !== "--json");
  if (
    verb !== "new" ||
    name === undefined ||
    more.length > 0 ||
    !/^[A-Za-z0-9][\w.-]{0,63}$/.test(name)
  ) {
    place.stderr.write(
      "persys-agent: token new needs one NAME of letters, digits, _ . -\npersys-agent token --help shows how it is used\n",
    );
    return exitCodes.configuration;
  }
  const token = randomBytes(tokenBytes).toString("base64url");
  const sha256 = createHash("sha256").update(token).digest("hex");
  place.stdout.write(
    isJson
      ? `${JSON.stringify({ name, token, sha256 })}\n`
      : `token (shown once): ${token}\n\ntokens:\n  - name: ${name}\n    sha256: ${sha256}\n`,
  );
  return exitCodes.stopped;
}
