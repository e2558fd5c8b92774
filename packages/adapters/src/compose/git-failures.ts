import { AgentError, type ErrorCode } from "@persys/core";
import { redacted } from "./compose-errors.ts";
import { basicOf } from "./git-authorization.ts";
import { GitHosts } from "./git-hosts.ts";
import { commitPattern, type GitSource, urlOf } from "./git-source.ts";

/**
 * Why a fetch failed. Git ends with 128 whatever is wrong and tells the rest in words, which are for people; so the host is asked as git asks it
 * first (`/info/refs`, gitprotocol-http(5)), and its status tells.
 */
export class GitFailures {
  readonly #hosts: GitHosts = new GitHosts();

  /** What the host itself says is wrong; undefined: nothing, or nothing that it could be asked. @throws the signal's reason when it aborts. */
  async look(
    { source, addresses, password }: LookedAt,
    signal: AbortSignal,
  ): Promise<AgentError | undefined> {
    const url = `${urlOf(source).replace(/\/+$/, "")}/info/refs?service=git-upload-pack`;
    const authorization = password === undefined ? undefined : basicOf(source.username, password);
    const answer = await this.#hosts.ask({ url, addresses, authorization }, signal);
    if (answer.kind === "insecure") return undefined;
    if (answer.kind === "answered") return whyNot(source, answer, password !== undefined);
    const { cause, why } = answer;
    return failure("NETWORK_ERROR", source, `its host cannot be reached (${why})`, {
      fault: "system",
      cause,
    });
  }

  /** There is no such branch, tag or commit. */
  noCommit(source: GitSource): AgentError {
    const { ref = "" } = source;
    const what =
      ref === ""
        ? "it has no head: name a branch by ref"
        : commitPattern.test(ref)
          ? `it gives no commit ${ref}: name a commit that a branch of it has`
          : `it has no branch or tag ${ref}; commits are named by their whole id`;
    return failure("INVALID_SPEC", source, what);
  }

  /** There is no such file. */
  noFile(source: GitSource, paths: readonly string[]): AgentError {
    return failure("INVALID_SPEC", source, `it has no file ${paths.join(", ")}${atRef(source)}`);
  }

  /** What is there is no compose file. */
  badFile(source: GitSource, path: string, why: string): AgentError {
    return failure("INVALID_SPEC", source, `${path}${atRef(source)} ${why}`, { retryable: false });
  }

  /** Whatever else git says is wrong. */
  other(source: GitSource, words: string, password: string | undefined): AgentError {
    const { username } = source;
    const secrets = password === undefined ? [] : [password, basicOf(username, password).slice(6)];
    const said = redacted(words, secrets);
    return failure("RUNTIME_ERROR", source, said === "" ? "git failed without a word" : said, {
      fault: "system",
    });
  }
}

/** What is asked of whom. */
interface LookedAt {
  readonly source: GitSource;
  readonly addresses: readonly string[];
  readonly password: string | undefined;
}

/** A repository is more than the agent takes. */
export function tooLarge(source: GitSource, what: string): AgentError {
  return failure("LIMIT_EXCEEDED", source, `what would be fetched has ${what}`, {
    retryable: false,
  });
}

function whyNot(
  source: GitSource,
  { location, status }: { readonly location: string; readonly status: number },
  hasPassword: boolean,
): AgentError | undefined {
  if (status === 200) return undefined;
  if (status === 401 || status === 403) {
    const why = hasPassword
      ? `it does not take the password that git.password refers to (${status})`
      : `it is not for everybody (${status}): name a password by git.password`;
    return failure("PERMISSION_DENIED", source, why);
  }
  if (status >= 300 && status < 400) {
    const place = addressIn(location, source);
    return failure("INVALID_SPEC", source, `it is elsewhere (${status}): name ${place} instead`, {
      retryable: false,
    });
  }
  if (status === 404 || status === 410) {
    const more = hasPassword ? "" : ", or it is not for everybody: then name a password";
    return failure("INVALID_SPEC", source, `there is none (${status})${more}`);
  }
  return failure("NETWORK_ERROR", source, `its host answers with ${status}`, { fault: "system" });
}

/** The address that a redirect names, without what belongs to the question. */
function addressIn(location: string, source: GitSource): string {
  const base = urlOf(source);
  if (!URL.canParse(location, base)) return "its new address";
  const { origin, pathname } = new URL(location, base);
  return `${origin}${pathname.replace(/\/info\/refs$/, "")}`.slice(0, 300);
}

function atRef({ ref = "" }: GitSource): string {
  return ref === "" ? "" : ` at ${ref}`;
}

function failure(
  code: ErrorCode,
  { repository }: GitSource,
  why: string,
  options: { fault?: "user" | "system"; retryable?: boolean; cause?: unknown } = {},
): AgentError {
  return new AgentError(code, `the repository ${repository} cannot be fetched: ${why}`, {
    fault: "user",
    retryable: true,
    effect: "none",
    ...options,
  });
}
