import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { readOrMakePrivateFile } from "../dev-profile/private-file.ts";
import { exitCodes } from "../exit-codes.ts";
import { StartFailure } from "../start-failure.ts";

/** The bearer token, and what is questionable about how it is kept. */
export interface ReadToken {
  readonly token: string;
  readonly warnings: readonly string[];
}

/** 256 bits: nobody guesses it, however many tries. */
const tokenBytes = 32;
/** What a person may put there instead has to be worth something too. */
const tokenLengthMin = 32;

/**
 * The token in the file at `path`, made there when the file does not exist.
 * @throws {StartFailure} when the file cannot be used, or holds no proper token.
 */
export function readToken(path: string): ReadToken {
  let token: string;
  let mode: number;
  try {
    token = readOrMakePrivateFile(
      path,
      () => `${randomBytes(tokenBytes).toString("base64url")}\n`,
    ).trim();
    mode = statSync(path).mode;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new StartFailure(
      exitCodes.configuration,
      `cannot read or make the token file ${path} (${code}); name another one with PERSYS_TOKEN_FILE`,
      error,
    );
  }
  if (token.length < tokenLengthMin || !/^[\x21-\x7e]+$/.test(token)) {
    throw new StartFailure(
      exitCodes.configuration,
      `the token file ${path} must hold one word of at least ${tokenLengthMin} visible ASCII characters; remove it, and the agent makes a new one`,
    );
  }
  const open = (mode & 0o077) !== 0;
  return {
    token,
    warnings: open
      ? [`the token file ${path} can be read by others than its owner; run: chmod 600 ${path}`]
      : [],
  };
}
