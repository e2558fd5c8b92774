// Judges every runtime, store and server of this repository by the kits and prints a table. `--help` tells the rest.
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import type { ReportDocument } from "@persys/conformance";
import { AgentUnderTest } from "./agent-for-conformance.ts";

/** What is judged. */
interface Subject {
  readonly name: string;
  /** The words of the command that name it. For an agent its address and token come on top. */
  readonly words: readonly string[];
  /** How many of its cases run at a time: those of real engines mostly wait. Default 1. */
  readonly concurrency?: number;
  /** The variable that `scripts/test-host run` sets where its engine runs. */
  readonly needs?: string;
  readonly isAgent?: true;
}

const tests = "packages/adapters/test";

const subjects: readonly Subject[] = [
  { name: "simulated", words: runtime("packages/conformance/src/simulated-subject.ts") },
  { name: "process", words: runtime(`${tests}/process/process-subject.ts`), concurrency: 4 },
  {
    name: "docker",
    words: runtime(`${tests}/docker/docker-subject.ts`),
    concurrency: 4,
    needs: "PERSYS_TEST_DOCKER_HOST",
  },
  { name: "memory", words: store(`${tests}/memory/memory-store-harness.ts`) },
  { name: "lmdb", words: store(`${tests}/lmdb/lmdb-store-harness.ts`) },
  {
    name: "redis",
    words: store(`${tests}/redis/redis-store-harness.ts`),
    needs: "PERSYS_TEST_REDIS",
  },
  { name: "agent-grpc", words: ["api", "--protocol", "grpc"], concurrency: 4, isAgent: true },
  { name: "agent-connect", words: ["api", "--protocol", "connect"], concurrency: 4, isAgent: true },
  {
    name: "agent-grpc-web",
    words: ["api", "--protocol", "grpc-web"],
    concurrency: 4,
    isAgent: true,
  },
];

const usage = `Usage: npm run conformance -- --all [--seed N] [--seeds N] [NAME...]

Judges what this repository has: ${subjects.map(({ name }) => name).join(", ")}; or those that are named.

  --seed N         where all that is random comes from (default: by chance)
  --seeds N        run so many seeds, one after the other (default: 1)
  --concurrency N  cases of a subject that run at a time (default: 4 of those that mostly wait, 1 of the others)
  --json           the reports as JSON, one a line, instead of the table

Exit codes: 0 every one keeps its contract; 1 one does not, or could not be judged here; 2 wrong usage; 130 interrupted.`;

/** What came of a subject. */
interface Judgement {
  readonly subject: Subject;
  readonly exitCode: number;
  readonly durationMs: number;
  /** Undefined when it could not be judged. */
  readonly document: ReportDocument | undefined;
  /** Why it was not judged. */
  readonly leftOut?: string;
}

/** Of the columns of the table. */
const widths = [16, 10, 7, 8, 8, 10, 10, 9, 6] as const;

let isInterrupted = false;
// The terminal tells the kits, too: they end in order, and then this does.
process.on("SIGINT", () => {
  isInterrupted = true;
});

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const given = readArgs(args);
  if (typeof given === "number") return given;
  const { chosen, kitArgs, concurrency, isJson } = given;
  if (!isJson) process.stdout.write(headLine());
  const judgements: Judgement[] = [];
  for (const subject of chosen) {
    if (isInterrupted) break;
    const atATime = concurrency ?? String(subject.concurrency ?? 1);
    const judgement = await judge(subject, [...kitArgs, "--concurrency", atATime]);
    judgements.push(judgement);
    if (!isJson) process.stdout.write(rowOf(judgement));
    else if (judgement.document !== undefined) {
      process.stdout.write(`${JSON.stringify({ name: subject.name, ...judgement.document })}\n`);
    }
  }
  if (!isJson) process.stdout.write(judgements.flatMap(brokenLines).join(""));
  if (isInterrupted) return 130;
  return judgements.every(({ exitCode, leftOut }) => exitCode === 0 && leftOut === undefined)
    ? 0
    : 1;
}

function readArgs(args: readonly string[]):
  | number
  | {
      readonly chosen: readonly Subject[];
      readonly kitArgs: readonly string[];
      readonly concurrency: string | undefined;
      readonly isJson: boolean;
    } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 32)) },
        seeds: { type: "string", default: "1" },
        concurrency: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      process.stdout.write(`${usage}\n`);
      return 0;
    }
    const unknown = positionals.find((name) => !subjects.some((subject) => subject.name === name));
    if (unknown !== undefined) throw new Error(`there is no subject ${unknown}`);
    const { seed, seeds, concurrency } = values;
    return {
      chosen: subjects.filter(({ name }) => positionals.length === 0 || positionals.includes(name)),
      kitArgs: ["--seed", seed, "--seeds", seeds],
      concurrency,
      isJson: values.json,
    };
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : ""}\n\n${usage}\n`);
    return 2;
  }
}

async function judge(subject: Subject, kitArgs: readonly string[]): Promise<Judgement> {
  const startMs = performance.now();
  const { needs } = subject;
  if (needs !== undefined && !process.env[needs]) {
    const leftOut = `${needs} is not set: no engine here`;
    return { subject, exitCode: 0, durationMs: 0, document: undefined, leftOut };
  }
  const agent = subject.isAgent === true ? await AgentUnderTest.start() : undefined;
  try {
    const where = agent === undefined ? [] : wordsFor(agent, subject);
    const { exitCode, stdout } = await runKit([...subject.words, ...where, ...kitArgs, "--json"]);
    const document = stdout === "" ? undefined : (JSON.parse(stdout) as ReportDocument);
    return { subject, exitCode, durationMs: performance.now() - startMs, document };
  } finally {
    await agent?.stop();
  }
}

function wordsFor(agent: AgentUnderTest, { words }: Subject): readonly string[] {
  const endpoint = words.includes("grpc") ? agent.grpcEndpoint : agent.httpEndpoint;
  return ["--endpoint", endpoint, "--token-file", agent.tokenFile];
}

async function runKit(
  words: readonly string[],
): Promise<{ readonly exitCode: number; readonly stdout: string }> {
  const command = "packages/conformance/src/command/main.ts";
  const child = spawn(process.execPath, ["--conditions=@persys/source", command, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
  const [exitCode, stdout] = await Promise.all([exit, text(child.stdout)]);
  return { exitCode, stdout };
}

function line(cells: readonly (string | number)[]): string {
  const padded = cells.map((cell, index) => String(cell).padEnd(widths[index] ?? 0));
  return `${padded.join("").trimEnd()}\n`;
}

function headLine(): string {
  return line("subject,contract,seeds,passed,failed,warnings,unjudged,time,exit code".split(","));
}

function rowOf({ subject, document, exitCode, durationMs, leftOut }: Judgement): string {
  const { name, words } = subject;
  const contract = words[0] ?? "";
  if (leftOut !== undefined) return line([name, contract, `left out: ${leftOut}`]);
  if (document === undefined) {
    return line([name, contract, 0, "-", "-", "-", "-", "-", exitCode]);
  }
  const { tally, runs } = document;
  const { passed, failed, warning, unjudged } = tally;
  const time = `${(durationMs / 1000).toFixed(1)}s`;
  return line([name, contract, runs.length, passed, failed, warning, unjudged, time, exitCode]);
}

/** What is broken, and how to see it again. */
function brokenLines({ subject, document }: Judgement): readonly string[] {
  return (document?.runs ?? []).flatMap(({ seed, results, strays }) => [
    ...results
      .filter(({ standing }) => standing === "failed" || standing === "warning")
      .map(({ clause, level, id, failure }) => {
        const words = [...subject.words, ...(subject.isAgent ? ["--endpoint", "…"] : [])].join(" ");
        const again = `npm run conformance -- ${words} --seed ${seed} --only ${id}`;
        return `\n${subject.name}: ${clause} ${level} ${id}: ${failure?.message ?? ""}\n  ${again}\n`;
      }),
    ...strays.map(({ message }) => `\n${subject.name}: an error of no case: ${message}\n`),
  ]);
}

function runtime(module: string): readonly string[] {
  return ["runtime", "--module", module];
}

function store(module: string): readonly string[] {
  return ["store", "--module", module];
}
