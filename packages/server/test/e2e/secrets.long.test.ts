import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { describeWithCompose, testedCommands } from "../../../../test/docker/compose-commands.ts";
import { testImages } from "../../../../test/docker/test-images.ts";
import { describeWithGuest, ipxeImage } from "../../../../test/vm/test-guest.ts";
import { Canaries } from "../support/canaries.ts";
import { ComposeNode } from "../support/compose-node.ts";
import { OtlpReceiver } from "../support/otlp-receiver.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { VmNode, type VmWorkload } from "../support/vm-node.ts";

/** A whole life takes several agents, beside engines that emulate a processor. */
const lifeTimeoutMs = 300_000;

/** A compose file with a secret in it, and the environment that it is read in, with others. */
interface Application {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  /** What its service finds in its environment. */
  readonly given: readonly string[];
}

function application(
  canaries: Canaries,
  name: string,
  references: Readonly<Record<string, string>>,
  more: object = {},
): Application {
  const inline = canaries.secret(`the compose file of ${name}`);
  const literal = canaries.secret(`env of ${name}`);
  const names = ["LITERAL", ...Object.keys(references)];
  const environment = {
    INLINE: inline,
    ...Object.fromEntries(names.map((variable) => [variable, `$${variable}`])),
  };
  const main = { image: testImages.busybox, command: ["/bin/linger"], environment, ...more };
  return {
    file: stringify({ services: { main } }),
    env: { LITERAL: literal, ...references },
    given: [`INLINE=${inline}`, `LITERAL=${literal}`],
  };
}

for (const command of testedCommands)
  describeWithCompose("a secret of a compose application", command, (words) => {
    it(
      "reaches its service, and is found nowhere else in all its life",
      async () => {
        const canaries = new Canaries();
        const receiver = await OtlpReceiver.start();
        const folder = tempFolder();
        const inFile = canaries.secret("the file");
        writeFileSync(join(folder, "db"), inFile);
        const variable = canaries.secret("the variable");
        const references = { FILE: `file:${join(folder, "db")}`, VARIABLE: "env:CANARY" };
        const nodes = await ComposeNode.start(words, {
          env: {
            PERSYS_LOG_LEVEL: "debug",
            PERSYS_ALLOWED_SECRET_FILES: folder,
            PERSYS_ALLOWED_SECRET_VARIABLES: "CANARY",
            CANARY: variable,
            ...receiver.env,
          },
        });
        const { node } = nodes;
        const shop = nodes.host.id("shop");
        const broken = nodes.host.id("broken");

        const first = application(canaries, "the first revision", references);
        await nodes.apply(shop, first.file, { revisionId: "r1", env: first.env });
        await node.reaches(shop, "RUNNING");
        const { containerId = "" } = (await nodes.services(shop))["main"] ?? {};
        const { Config } = await nodes.host.docker.getContainer(containerId).inspect();
        const given = [...first.given, `FILE=${inFile}`, `VARIABLE=${variable}`];
        expect(Config.Env).toEqual(expect.arrayContaining(given));
        await canaries.noteAgent(node, "while it runs");

        const missing = { image: "persys-test/none:1" };
        const lost = application(canaries, "one that has no image", references, missing);
        await nodes.apply(broken, lost.file, { revisionId: "r1", env: lost.env });
        await node.reaches(broken, "FAILED");
        const denied = application(canaries, "a denied one", references, { privileged: true });
        await canaries.noteRefusal(
          "a denial",
          nodes.apply(broken, denied.file, { revisionId: "r2", env: denied.env }),
        );
        const noFile = `services: { main: [${canaries.secret("what is no file")}`;
        await canaries.noteRefusal(
          "the refusal of what is no file",
          nodes.apply(broken, noFile, { revisionId: "r3" }),
        );
        await canaries.noteAgent(node, "after failures");

        await node.restart("SIGKILL");
        const second = application(canaries, "the second revision", references);
        await nodes.apply(shop, second.file, { revisionId: "r2", env: second.env });
        await node.reaches(shop, "RUNNING");
        await canaries.noteAgent(node, "after an update");
        for (const id of [shop, broken]) {
          await node.client.deleteWorkload({ id });
          await node.reaches(id, "absent");
        }
        await canaries.noteAgent(node, "after the deletion");
        canaries.note("telemetry", receiver.bodies.join("\n"));

        expect(canaries.found).toEqual([]);
        expect(receiver.bodies.length).toBeGreaterThan(0);
      },
      lifeTimeoutMs,
    );
  });

describeWithGuest("a secret of a machine", () => {
  it(
    "is in its seed and its definition, which others cannot read, and nowhere else in all its life",
    async () => {
      const canaries = new Canaries();
      const receiver = await OtlpReceiver.start();
      const vms = await VmNode.start({ env: { PERSYS_LOG_LEVEL: "debug", ...receiver.env } });
      const { node } = vms;
      const seeded = vms.id("seeded");
      const login = vms.id("login");
      const denied = vms.id("denied");
      const noteAll = async (when: string): Promise<void> => {
        await canaries.noteAgent(node, when);
        for (const id of await vms.outsider.names())
          canaries.note(`what anybody sees of ${id} ${when}`, await vms.outsider.xml(id));
        expect(canaries.openFiles(vms.stateFolder)).toEqual([]);
        expect(canaries.openFiles(vms.diskFolder)).toEqual([]);
      };

      await vms.apply(seeded, machine({ cloudInitConfig: seedOf(canaries, "r1") }), {
        revisionId: "r1",
      });
      await vms.apply(login, machine(loginOf(canaries, "r1")), { revisionId: "r1" });
      await vms.reaches(seeded, "RUNNING");
      await vms.reaches(login, "RUNNING");
      await noteAll("while they run");

      const shadow = machine({ cloudInitConfig: seedOf(canaries, "denied") }, "/etc/shadow");
      await canaries.noteRefusal("a denial", vms.apply(denied, shadow));
      await canaries.noteRefusal(
        "the refusal of a wrong spec",
        vms.apply(denied, { ...machine(loginOf(canaries, "wrong")), vcpus: -1 }),
      );
      await noteAll("after refusals");

      await node.restart("SIGKILL");
      await vms.apply(seeded, machine({ cloudInitConfig: seedOf(canaries, "r2") }), {
        revisionId: "r2",
      });
      await vms.apply(login, machine(loginOf(canaries, "r2")), { revisionId: "r2" });
      await vms.reaches(seeded, "RUNNING");
      await vms.reaches(login, "RUNNING");
      await noteAll("after an update");
      await vms.remove(seeded, login);
      await noteAll("after the deletion");
      canaries.note("telemetry", receiver.bodies.join("\n"));

      expect(canaries.found).toEqual([]);
      expect(receiver.bodies.length).toBeGreaterThan(0);
      expect(await vms.leftOf(seeded)).toEqual([]);
      expect(await vms.leftOf(login)).toEqual([]);
    },
    lifeTimeoutMs,
  );
});

type MachineSecrets = Pick<VmWorkload, "cloudInitConfig" | "credentials" | "vnc">;

/** A machine that runs nothing which would show what is in its seed. */
function machine(more: MachineSecrets, path: string = ipxeImage): VmWorkload {
  const disks = [{ path, format: "iso" }];
  return { name: "a machine", vcpus: 1, memoryMb: 32n, disks, stopGraceSeconds: 1, ...more };
}

function seedOf(
  canaries: Canaries,
  revision: string,
): NonNullable<MachineSecrets["cloudInitConfig"]> {
  return {
    userData: `#cloud-config\npassword: ${canaries.secret(`user-data of ${revision}`)}\n`,
    vendorData: `#cloud-config\nkey: ${canaries.secret(`vendor-data of ${revision}`)}\n`,
  };
}

function loginOf(canaries: Canaries, revision: string): MachineSecrets {
  const password = randomBytes(4).toString("hex");
  canaries.watch(`the password of the screen of ${revision}`, password);
  const salt = randomBytes(8).toString("hex");
  const passwordHash = `$6$${salt}$${randomBytes(43).toString("hex")}`;
  canaries.watch(`the password hash of ${revision}`, passwordHash);
  return { credentials: { username: "admin", passwordHash }, vnc: { password } };
}
