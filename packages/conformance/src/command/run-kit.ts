import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { styleText } from "node:util";
import type { ContractCase } from "../contract-case.ts";
import { chooseCases, UnknownCaseError } from "../runner/choose-cases.ts";
import { randomSeed } from "../runner/contract-test.ts";
import {
  type ExpectedFailure,
  ExpectedFailuresError,
  parseExpectedFailures,
} from "../runner/expected-failures.ts";
import { jsonReport } from "../runner/json-report.ts";
import type { Report } from "../runner/report.ts";
import { runCases } from "../runner/run-cases.ts";
import {
  shortTextReport,
  textReport,
  type TextReportOptions,
  verdictLines,
} from "../runner/text-report.ts";
import { judgeReports, type Verdict } from "../runner/verdict.ts";
import type { CommandHost } from "./command-host.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import { type KitOptions, levelOf } from "./kit-options.ts";
import { ProgressLine } from "./progress-line.ts";
import { shellWords } from "./shell-words.ts";
import { SubjectLook } from "./subject-look.ts";
import { UsageError } from "./usage-error.ts";

/** A contract and a subject to be judged by it. */
export interface Kit {
  readonly contract: "runtime" | "store" | "api";
  /** What is judged, for people. */
  readonly subject: string;
  readonly cases: readonly ContractCase[];
  /**
   * Looks whether the subject can be used and holds nothing of anybody's, which the cases could take for their own.
   * @throws {UsageError} when it cannot or does.
   */
  readonly guard: (look: SubjectLook) => Promise<void>;
  /** The words of the command line that name the subject. */
  readonly words: readonly string[];
}

/**
 * Runs the cases with every seed that was asked for, and reports. Returns the exit code that says what came of it.
 * @throws {UsageError} when it cannot begin.
 */
export async function runKit(kit: Kit, options: KitOptions, host: CommandHost): Promise<ExitCode> {
  const expected = await readExpected(kit, options, host);
  const choice = { level: levelOf[options.level], ...(options.only && { only: options.only }) };
  assertSomethingChosen(kit, choice);
  const signal = host.interrupt();
  try {
    await kit.guard(new SubjectLook(signal, options.timeout));
  } catch (error) {
    if (signal.aborted) return exitCodes.interrupted;
    throw error;
  }
  if (options.junit !== undefined) await openReport(resolve(host.cwd, options.junit));

  const firstSeed = options.seed ?? randomSeed();
  const out = createOutput(kit, options, { host, expected });
  const reports: Report[] = [];
  try {
    for (let index = 0; index < options.seeds && !signal.aborted; index++) {
      const report = await runCases(kit.cases, {
        contract: kit.contract,
        subject: kit.subject,
        seed: (firstSeed + index) % 0x1_0000_0000,
        signal,
        concurrency: options.concurrency,
        ...choice,
        caseTimeoutMs: options.timeout,
        onProgress: (progress) =>
          out.progress?.show(
            progress,
            options.seeds === 1 ? "" : `seed ${index + 1}/${options.seeds}  `,
          ),
      });
      reports.push(report);
      out.run(report);
    }
  } finally {
    out.progress?.end();
  }
  out.end(reports);
  if (options.junit !== undefined)
    await writeJunit(resolve(host.cwd, options.junit), reports, expected);
  const verdict = judgeReports(reports, expected);
  if (signal.aborted) return exitCodes.interrupted;
  assertSomethingJudged(verdict);
  return verdict.kept ? exitCodes.ok : exitCodes.broken;
}

/** @throws {UsageError} when no case is left, or one is named that is not there. */
function assertSomethingChosen(kit: Kit, choice: Parameters<typeof chooseCases>[1]): void {
  try {
    if (chooseCases(kit.cases, choice).length > 0) return;
  } catch (error) {
    if (!(error instanceof UnknownCaseError)) throw error;
    throw new UsageError(error.message, {
      hints: [`\`persys-conformance list ${kit.contract}\` shows all of them`],
      cause: error,
    });
  }
  throw new UsageError("--only and --level leave no case to run");
}

/** @throws {UsageError} when the subject lacks what every single case needs: nothing is known of it then. */
function assertSomethingJudged({ judged }: Verdict): void {
  if (judged > 0) return;
  throw new UsageError("nothing was judged", {
    hints: ["the report says of each case what the subject lacks for it"],
  });
}

async function readExpected(
  kit: Kit,
  { expectedFailures: file }: KitOptions,
  host: CommandHost,
): Promise<readonly ExpectedFailure[]> {
  if (file === undefined) return [];
  try {
    const text = await readFile(resolve(host.cwd, file), "utf8");
    return parseExpectedFailures(text, { file, cases: kit.cases });
  } catch (error) {
    if (error instanceof ExpectedFailuresError) {
      throw new UsageError(error.message, {
        hints: [
          ...error.problems,
          "an entry looks like this:",
          "",
          "  - id: restore-brings-back",
          "    because: the engine cannot pause what it replaces",
        ],
        cause: error,
      });
    }
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`the expected failures cannot be read: ${message}`, { cause: error });
  }
}

/** Where the reports go while they come. */
interface Output {
  /** Only on a terminal. */
  readonly progress: ProgressLine | undefined;
  readonly run: (report: Report) => void;
  readonly end: (reports: readonly Report[]) => void;
}

function createOutput(
  kit: Kit,
  options: KitOptions,
  context: { readonly host: CommandHost; readonly expected: readonly ExpectedFailure[] },
): Output {
  const { host, expected } = context;
  const write = (lines: readonly string[]): void =>
    void host.stdout.write(lines.map((line) => `${line}\n`).join(""));
  if (options.json === true) {
    return {
      progress: undefined,
      run: () => {},
      end: (reports) => write([JSON.stringify(jsonReport(reports, expected), undefined, 2)]),
    };
  }
  const isWatched = host.stderr.isTTY === true && options.quiet !== true;
  const progress = isWatched ? new ProgressLine(host.stderr) : undefined;
  const style: TextReportOptions = {
    expected,
    replay: (seed, id) =>
      shellWords([
        "npx",
        "persys-conformance",
        kit.contract,
        ...kit.words,
        "--seed",
        String(seed),
        "--only",
        id,
      ]),
    paint: painter(options, host),
  };
  return {
    progress,
    run: (report) => {
      progress?.clear();
      write(options.seeds === 1 ? textReport(report, style) : shortTextReport(report, style));
    },
    end: (reports) => write(verdictLines(reports, style)),
  };
}

const formats = {
  passed: "green",
  failed: "red",
  warning: "yellow",
  expected: "yellow",
  unjudged: "dim",
  "not-run": "dim",
  faint: "dim",
  title: "bold",
} as const;

/** Colours only on a terminal that has them, and not where NO_COLOR (https://no-color.org) or --no-color says otherwise. */
function painter(
  { color }: KitOptions,
  { stdout }: CommandHost,
): NonNullable<TextReportOptions["paint"]> {
  if (!color) return (_standing, text) => text;
  return (standing, text) => styleText(formats[standing], text, { stream: stdout });
}

/** Sees that a report can be written there, before anything is run for it. @throws {UsageError} when it cannot. */
async function openReport(file: string): Promise<void> {
  await orRefuse(file, async () => {
    await mkdir(dirname(file), { recursive: true });
    await (await open(file, "a")).close();
  });
}

async function orRefuse(file: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`the report cannot be written to ${file}: ${message}`, { cause: error });
  }
}

async function writeJunit(
  file: string,
  reports: readonly Report[],
  expected: readonly ExpectedFailure[],
): Promise<void> {
  const { junitReport } = await import("../runner/junit-report.ts");
  await orRefuse(file, () => writeFile(file, junitReport(reports, expected)));
}
