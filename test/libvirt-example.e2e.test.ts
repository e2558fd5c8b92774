import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { describeWithLibvirt, sharedLibvirtUri } from "./libvirt/libvirt-host.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));

describeWithLibvirt("examples/libvirt-client.ts", () => {
  it("lists the machines of a host, tells what happens to them, and ends when it is interrupted", async () => {
    const uri = sharedLibvirtUri().replace("qemu+unix:///system", "test+unix:///default");
    const name = `example-${randomUUID()}`;
    const words = ["--conditions=@persys/source", "examples/libvirt-client.ts", uri];
    const example = spawn(process.execPath, words, {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(example, "exit");
    const lines: string[] = [];
    createInterface(example.stdout).on("line", (line) => lines.push(line));
    await expect.poll(() => lines, { timeout: 20_000 }).toContain("listening");
    expect(lines).toContainEqual(expect.stringMatching(/^test: state 1, \d+ ns$/));

    const xml = `<domain type='test'><name>${name}</name><memory>8192</memory><os><type>hvm</type></os></domain>`;
    await run("sh", ["-c", `printf %s "$1" | virsh -q -c "$2" create /dev/stdin`, "sh", xml, uri]);

    // 2: it was started.
    await expect.poll(() => lines, { timeout: 10_000 }).toContain(`${name}: event 2`);
    example.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
  });
});
