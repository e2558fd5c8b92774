import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExplainedError, explainError } from "@persys/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  describeWithCompose,
  type TestedCommand,
} from "../../../../test/docker/compose-commands.ts";
import { untilSuiteEnds } from "../../../../test/until-suite-ends.ts";
import { type Denial, denials, strictPolicy } from "./compose-denials.ts";
import { ComposeNode } from "./compose-node.ts";

const place = "spec.compose.compose_yaml";
const plain = "services: { web: { image: web } }\n";

async function refusal(call: Promise<unknown>): Promise<ExplainedError> {
  return call.then(
    () => expect.unreachable("the call was not refused"),
    (error: unknown) => explainError(error),
  );
}

/** What an agent refuses of compose files, under one compose command. */
export function composePolicy(command: TestedCommand): void {
  const isFirst = command.name.endsWith(" 1");
  describeWithCompose("a compose file that asks for what it does not get", command, (words) => {
    let nodes: ComposeNode;
    const until = untilSuiteEnds();
    const allowed = mkdtempSync(join(tmpdir(), "persys-allowed-"));
    const link = join(allowed, "etc");

    beforeAll(async () => {
      symlinkSync("/etc", link);
      const env = { ...strictPolicy, PERSYS_ALLOWED_HOST_PATHS: allowed };
      nodes = await ComposeNode.ofSuite(until, words, { env });
    });

    afterAll(() => {
      rmSync(allowed, { recursive: true });
    });

    it("is refused, naming service, field and rule, and nothing of it is stored", async () => {
      const all = denials(link);
      expect(all.length).toBeGreaterThan(50);
      // As many at a time as an agent looks at, or the others would wait in it.
      const waiting = [...all].values();
      const judge = async (): Promise<void> => {
        for (const denial of waiting) {
          const refused = await refusal(nodes.apply("shop", denial.file, { validateOnly: true }));
          expect(said(refused, denial), denial.what).toEqual(wanted(denial, isFirst));
        }
      };
      await Promise.all([judge(), judge(), judge(), judge()]);
      expect(await nodes.node.state("shop")).toBe("absent");
    });

    it("leads nowhere by its id", async () => {
      for (const id of ["../../etc", "../x", "/etc", ".", "..", "a/b"]) {
        const refused = await refusal(nodes.apply(id, plain));
        expect(refused).toMatchObject({ code: "invalid_argument" });
        expect(refused.violations.map((one) => one.field)).toEqual(["id"]);
        const deleted = nodes.node.client.deleteWorkload({ id });
        await expect(deleted).rejects.toSatisfy(
          (error) => explainError(error).code === "invalid_argument",
        );
      }
    });

    it("harms nothing with a million aliases", async () => {
      const nested = ["x-0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
      for (let depth = 1; depth < 6; depth += 1)
        nested.push(`x-${depth}: &a${depth} [${`*a${depth - 1}, `.repeat(10)}x]`);
      const flat = `x-list: [&a x${",*a".repeat(1_000_000)}]`;
      const files = [nested.join("\n"), flat].map((one) => `${one}\n${plain}`);
      const beganMs = performance.now();

      for (const file of [...files, ...files.map((one) => Buffer.from(one).toString("base64"))]) {
        const refused = await refusal(nodes.apply("shop", file));
        expect(["invalid_argument", "resource_exhausted"]).toContain(refused.code);
      }

      expect(performance.now() - beganMs).toBeLessThan(10_000);
      expect(memoryPeakMib(nodes.node.agent.pid)).toBeLessThan(800);
      expect(await nodes.node.state("shop")).toBe("absent");
    });
  });
}

interface Said {
  readonly code: string;
  readonly field: string | undefined;
  readonly rule: string;
}

/** The violation that is looked for, or all there is. */
function said({ code, message, violations }: ExplainedError, { field, rule }: Denial): Said {
  const found = violations.find(
    (one) => one.field === `${place}.${field}` && one.description.includes(rule),
  );
  if (found !== undefined) return { code, field: found.field, rule };
  const shown = violations.map((one) => `${one.field}: ${one.description}`).join("; ");
  return { code, field: undefined, rule: shown || message };
}

function wanted({ by, field, isLater = false, rule }: Denial, isFirst: boolean): Said {
  if (isLater && isFirst)
    return {
      code: "invalid_argument",
      field: undefined,
      rule: expect.stringContaining("does not take the file"),
    };
  const code = by === "policy" ? "failed_precondition" : "invalid_argument";
  return { code, field: `${place}.${field}`, rule };
}

/** The most memory that a process has had. */
function memoryPeakMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}
