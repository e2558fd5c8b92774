import { Command, CommanderError, InvalidArgumentError } from "commander";
import { CountLine } from "./count-line.ts";
import { isAsItShouldBe, jsonReport, textLines } from "./mutants-report.ts";
import { mutants, soundOnes } from "./suspects.ts";
import { tryAll } from "./try-all.ts";

/** The kits prove here that they can fail: every broken runtime, store and server has to be caught, and the sound ones let go. */
interface Options {
  readonly only: readonly string[];
  readonly seed: number;
  readonly json: boolean;
}

/** In a row, without a false alarm. */
const soundSeeds = 20;

const exitCodes = { ok: 0, survivor: 1, usage: 2 } as const;

const examples = `
Exit codes:
  0  every mutant was caught, and what is sound was let go
  1  a mutant survives, or something sound was blamed
  2  the command line cannot be used

Examples:
  npm run conformance:mutants
  npm run conformance:mutants -- --only stop-kills-at-once --json
  npm run conformance:mutants -- --seed 42`;

async function run({ only, seed, json }: Options): Promise<number> {
  const wanted = mutants.filter(
    ({ kind, name }) =>
      only.length === 0 || only.includes(name) || only.includes(`${kind}/${name}`),
  );
  if (wanted.length === 0) {
    process.stderr.write(`error: there is no mutant ${only.join(", ")}\n`);
    return exitCodes.usage;
  }
  // Only all of them together tell whether the kits blame what is sound.
  const seeds = only.length === 0 ? seedsFrom(seed) : [];
  const trials = [
    ...wanted.map((suspect) => ({ suspect, seed })),
    ...soundOnes.flatMap((suspect) => seeds.map((ofSeed) => ({ suspect, seed: ofSeed }))),
  ];
  const line = new CountLine(process.stderr);
  const verdicts = await tryAll(trials, ({ suspect }, count) =>
    line.show(`${count} of ${trials.length}  ${suspect.kind}/${suspect.name}`),
  );
  line.clear();
  const [caught, sound] = [verdicts.slice(0, wanted.length), verdicts.slice(wanted.length)];
  const report = { seed, mutants: caught, sound };
  const text = json
    ? JSON.stringify(jsonReport(report), undefined, 2)
    : textLines(report).join("\n");
  process.stdout.write(`${text}\n`);
  return isAsItShouldBe(report) ? exitCodes.ok : exitCodes.survivor;
}

/** `count` seeds in a row; after the last one of 32 bits comes 0. */
function seedsFrom(first: number, count: number = soundSeeds): readonly number[] {
  return Array.from({ length: count }, (_, at) => (first + at) % 2 ** 32);
}

function seedOf(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed > 0xffff_ffff) {
    throw new InvalidArgumentError("a seed is a whole number from 0 to 4294967295");
  }
  return seed;
}

const program = new Command("conformance:mutants")
  .description("Tries the kits on runtimes, stores and servers that are broken in one way each.")
  .option("--only <name...>", "only these mutants, such as stop-removes or store/keeps-half", [])
  .option("--seed <number>", "the seed of every case", seedOf, 1)
  .option("--json", "print JSON", false)
  .addHelpText("after", examples)
  .exitOverride();

try {
  program.parse();
  process.exitCode = await run(program.opts<Options>());
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
}
