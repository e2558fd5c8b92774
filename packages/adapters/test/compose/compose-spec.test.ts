import { describe, expect, it } from "vitest";
import { parseComposeSpec } from "../../src/compose/compose-spec.ts";

const file = "services:\n  web:\n    image: web:1\n";

function violationsOf(input: unknown): readonly string[] {
  const parsed = parseComposeSpec(input);
  return parsed.ok ? [] : parsed.violations.map((one) => `${one.path.join(".")} ${one.rule}`);
}

/** The one violation of a file with these lines in its only service. */
function violationInService(line: string): string {
  const violations = violationsOf({ composeYaml: `${file}    ${line}\n` });
  expect(violations).toHaveLength(1);
  return violations[0] ?? "";
}

/** What this thread has taken of a processor since: what else goes on on the machine does not count. */
function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

function restartOf(composeYaml: string): unknown {
  const parsed = parseComposeSpec({ composeYaml });
  return parsed.ok ? parsed.value.restart : parsed.violations;
}

describe("parseComposeSpec", () => {
  it("takes a file as it is, and in base64, for the same spec", () => {
    const inline = parseComposeSpec({ composeYaml: file });
    const encoded = parseComposeSpec({ composeYaml: Buffer.from(file).toString("base64") });
    expect(inline).toMatchObject({ ok: true, value: { spec: { composeYaml: file } } });
    expect(encoded).toEqual(inline);
  });

  it("refuses what is neither", () => {
    expect(violationsOf({ composeYaml: "c2hvcA==" })).toEqual([
      "composeYaml must be a compose file, as it is or in base64",
    ]);
  });

  it.each([
    ["nearly base64", `${"a".repeat(200_000)}\n`.repeat(20)],
    ["nothing but space", " ".repeat(4_000_000)],
    ["space before what is none", `a${" ".repeat(200_000)}!`],
    ["base64 and what is none", `${"a".repeat(300_000)}!`],
    ["signs at the end", `a${"=".repeat(300_000)}!`],
  ])("refuses at once what is long and %s", (_, composeYaml) => {
    const before = process.threadCpuUsage();
    expect(violationsOf({ composeYaml })).toEqual([expect.stringMatching(/^composeYaml must /)]);
    expect(cpuMsSince(before)).toBeLessThan(2_000);
  });

  it("takes base64 that is broken into lines, of either alphabet", () => {
    const text = `# ??>>~~ \u{1F600}\n${file}`;
    for (const alphabet of ["base64", "base64url"] as const) {
      const encoded = Buffer.from(text).toString(alphabet);
      const composeYaml = ` ${encoded.replaceAll(/.{20}/g, "$&\r\n")}\n`;
      expect(parseComposeSpec({ composeYaml })).toMatchObject({
        value: { spec: { composeYaml: text } },
      });
    }
  });

  it("refuses variables that no program could be given, by their names", () => {
    const most = "x".repeat(131_059 - "KEY".length);
    expect(violationsOf({ composeYaml: file, env: { KEY: most } })).toEqual([]);
    expect(violationsOf({ composeYaml: file, env: { KEY: `${most}x` } })).toEqual([
      "env.KEY must have at most 131059 bytes with its name: programs cannot be given more in one variable",
    ]);
  });

  it("leaves out what says nothing, and keeps what does", () => {
    const input = { composeYaml: file, env: {}, labels: {}, projectName: "", stopGraceSeconds: 0 };
    expect(parseComposeSpec(input)).toMatchObject({
      ok: true,
      value: { spec: { composeYaml: file, stopGraceSeconds: 0 }, stopGraceMs: 0 },
    });
  });

  it.each([
    ["include", "include: [other.yml]\n"],
    ["unknown parts", "models: {}\n"],
    ["a version that is a service", "version: { image: other:1, env_file: /etc/shadow }\n"],
  ])("refuses %s of the file", (_, text) => {
    expect(violationsOf({ composeYaml: text + file })).toHaveLength(1);
  });

  it.each([
    ["build", "build: ."],
    ["env_file", "env_file: [.env]"],
    ["extends", "extends: { service: other }"],
    ["label_file", "label_file: labels"],
    ["provider", "provider: { type: model }"],
    ["volumes_from", "volumes_from: [other]"],
    ["credential_spec", "credential_spec: { file: c.json }"],
    ["runtime", "runtime: other"],
    ["cgroup_parent", "cgroup_parent: /"],
    ["use_api_socket", "use_api_socket: true"],
    ["gpus", "gpus: all"],
    ["develop", "develop: {}"],
    ["post_start", "post_start: []"],
  ])("refuses %s of a service, naming it", (field, line) => {
    expect(violationInService(line)).toMatch(
      new RegExp(`^composeYaml\\.services\\.web\\.${field} is (?:refused|not supported)`),
    );
  });

  it("refuses what a merge key brings in as well", () => {
    const composeYaml = `x-base: &base\n  env_file: /etc/shadow\n${file}    <<: *base\n`;
    expect(violationsOf({ composeYaml })).toEqual([
      expect.stringMatching(/^composeYaml\.services\.web\.env_file is refused/),
    ]);
  });

  it.each([
    ["services", "use_api_socket: true, image: web:1"],
    ["volumes", "driver_other: x"],
    ["networks", "driver_other: x"],
    ["secrets", "file: /etc/shadow"],
    ["configs", "file: /etc/shadow"],
  ])("takes a name in %s that begins with x- for a name like any other", (kind, members) => {
    const parts = kind === "services" ? "" : `${kind}:\n`;
    const composeYaml = `${file}${parts}  x-other: { ${members} }\n`;
    expect(violationsOf({ composeYaml })).toEqual([
      expect.stringContaining(`composeYaml.${kind}.x-other.`),
    ]);
  });

  it.each(["secrets", "configs"])("refuses %s that are files of the node", (kind) => {
    const composeYaml = `${file}${kind}:\n  key: { file: /etc/shadow }\n`;
    expect(violationsOf({ composeYaml })).toEqual([
      expect.stringMatching(new RegExp(`^composeYaml\\.${kind}\\.key\\.file is refused`)),
    ]);
  });

  it("refuses labels that are the agent's or compose's own", () => {
    expect(violationInService("labels: { persys.uid: x }")).toContain("labels.persys.uid");
    expect(violationInService("labels: [com.docker.compose.project=x]")).toContain(
      "must not start",
    );
  });

  it("refuses devices that a deploy reserves", () => {
    const line = "deploy: { resources: { reservations: { devices: [{ capabilities: [gpu] }] } } }";
    expect(violationInService(line)).toContain("deploy.resources.reservations.devices");
  });

  it.each(["PATH", "LD_PRELOAD", "COMPOSE_FILE", "_MEIPASS2", "constructor", "__proto__"])(
    "takes %s for a name like any other in the environment",
    (name) => {
      const env = Object.fromEntries([[name, "x"]]);
      expect(violationsOf({ composeYaml: `${file}    command: $${name}\n`, env })).toEqual([]);
    },
  );

  it.each(["1A", "A-B", "A B", "A=B", "", "A\u0000", "\u00c4"])(
    "refuses %j as the name of a variable",
    (name) => {
      const [violation] = violationsOf({ composeYaml: file, env: { [name]: "secret-value" } });
      expect(violation).toContain("must be a name of letters, digits and `_`");
      expect(violation).not.toContain("secret-value");
    },
  );

  it.each([
    'profiles: ["${COMPOSE_PROJECT_NAME}"]',
    "pid: $COMPOSE_PROJECT_NAME",
    "network_mode: ${compose_project_name}",
    "command: echo $$$COMPOSE_PROJECT_NAME",
    "command: ${A:-${B-${PERSYS_COMPOSE_PROJECT}}}",
    "labels: { own: '${A:+x$DOCKER_CONFIG}' }",
    "labels: { 'at $HOME': x }",
    "x-note: [{ of: '${HOME}' }]",
    "environment: { HOME: }",
    "environment: [PERSYS_COMPOSE_PROJECT]",
  ])("refuses %s: the variable is not the workload's", (line) => {
    expect(violationInService(line)).toMatch(
      /^composeYaml\.services\.web\.\S+ must not read the variable \w+, which/,
    );
  });

  it("refuses secrets that are made of variables which are not the workload's", () => {
    const composeYaml = `${file}secrets:\n  key: { environment: DOCKER_CONFIG }\n`;
    expect(violationsOf({ composeYaml })).toEqual([
      expect.stringMatching(/^composeYaml\.secrets\.key\.environment must not read/),
    ]);
  });

  it.each([
    ['environment: ["${NAME}"]', "environment must have names that are written out"],
    ['environment: ["${NAME:-A=b}"]', "environment must have names that are written out"],
  ])("refuses %s: whatever it is filled in with would be passed on", (line, rule) => {
    expect(violationInService(line)).toContain(rule);
  });

  it.each(["image", "command", "privileged", "labels"])(
    "refuses a reference in %s, which is judged before anybody knows what it stands for",
    (field) => {
      const composeYaml = `services:\n  web: { image: "web:1", ${field}: "\${KEY:+x}" }\n`.replace(
        'image: "web:1", image',
        "image",
      );
      const env = { KEY: "file:/run/secrets/key", OTHER: "literal:env:X" };
      expect(violationsOf({ composeYaml, env })).toEqual([
        expect.stringMatching(
          new RegExp(
            `^composeYaml\\.services\\.web\\.${field} must not read the variable KEY, whose`,
          ),
        ),
      ]);
      expect(violationsOf({ composeYaml: composeYaml.replace("KEY", "OTHER"), env })).toEqual([]);
    },
  );

  it("takes references in environments, secrets, configs and notes", () => {
    const composeYaml = [
      "x-env: &env { A: $KEY }",
      "services:",
      "  web: { image: web:1, environment: { <<: *env, B: '${KEY}', KEY: } }",
      "  app: { image: web:1, environment: [KEY, 'C=x$KEY'], x-note: $KEY }",
      "secrets: { key: { environment: KEY } }",
      "configs: { text: { content: 'key $KEY' } }",
    ].join("\n");
    expect(violationsOf({ composeYaml, env: { KEY: "env:APP_KEY" } })).toEqual([]);
  });

  it("lets pass variables of the workload, and names behind a doubled dollar", () => {
    const lines =
      "    command: echo ${NAME:-none} $$HOME $${PATH}\n    environment: [KEY, HOME=/x]\n";
    expect(violationsOf({ composeYaml: file + lines })).toEqual([]);
  });

  it("lets pass what the workload sets itself, whatever it is called", () => {
    const lines = "    command: echo $HOME ${COMPOSE_PROJECT_NAME}\n    environment: [PATH]\n";
    const env = { HOME: "/x", COMPOSE_PROJECT_NAME: "own", PATH: "/bin" };
    expect(violationsOf({ composeYaml: file + lines, env })).toEqual([]);
  });

  it("takes a file with a million aliases for none, at once", () => {
    const lines = ["x-0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let depth = 1; depth < 8; depth += 1)
      lines.push(
        `x-${depth}: &a${depth} [${Array(10)
          .fill(`*a${depth - 1}`)
          .join(", ")}]`,
      );
    const before = process.threadCpuUsage();
    expect(violationsOf({ composeYaml: `${lines.join("\n")}\n${file}` })).toEqual([
      expect.stringContaining("must not have aliases"),
    ]);
    const list = `x-list: [&a x${", *a".repeat(1_000_000)}]\n${file}`;
    expect(violationsOf({ composeYaml: list })).toEqual([
      expect.stringContaining("must have at most"),
    ]);
    expect(cpuMsSince(before)).toBeLessThan(2_000);
  });

  it("reads a file with tens of thousands of keys at once", () => {
    const keys = Array.from({ length: 30_000 }, (_, at) => ` ${at.toString(36)}k:\n`).join("");
    const before = process.threadCpuUsage();
    expect(violationsOf({ composeYaml: `x-keys:\n${keys}${file}` })).toEqual([]);
    expect(cpuMsSince(before)).toBeLessThan(2_000);
  });

  it.each([
    ["is no YAML", "services: ["],
    ["names a key twice", `${file}services: {}\n`],
    ["names a key twice deep down", `${file}x-a: [{ b: { c: 1, "c": 2 } }]\n`],
    ["merges twice", `x-a: &a {}\n${file}    <<: *a\n    <<: *a\n`],
    ["has tags of its own", "services: !reset {}\n"],
    ["has several documents", `${file}---\n${file}`],
    ["is nested too deeply", `${file}x-deep: ${"[".repeat(2_000)}${"]".repeat(2_000)}\n`],
    ["has no service", "services: {}\n"],
  ])("refuses a file that %s", (_, composeYaml) => {
    expect(violationsOf({ composeYaml })).toHaveLength(1);
  });

  it("shows nothing of the file in a violation", () => {
    const composeYaml = `${file}    environment: { A: hidden-word }\n    build: hidden-word\n`;
    const parsed = parseComposeSpec({ composeYaml });
    expect(parsed.ok).toBe(false);
    expect(JSON.stringify(parsed)).not.toContain("hidden-word");
  });

  it("never completes where a service is always to run, and is done once all have ended with 0 elsewhere", () => {
    expect(restartOf(file)).toEqual({ kind: "on-failure", maxRetries: 0 });
    expect(restartOf(`${file}    restart: unless-stopped\n`)).toEqual({ kind: "always" });
    expect(restartOf(`${file}    restart: \${POLICY}\n`)).toEqual({ kind: "always" });
    expect(restartOf(`${file}    restart: "no"\n`)).toEqual({ kind: "no" });
    expect(restartOf(`${file}    restart: no\n`)).toEqual({ kind: "no" });
  });
});

describe("a compose file in a repository", () => {
  const repository = "https://git.example/team/shop.git";

  it("is taken for what it is, without what says nothing", () => {
    const git = {
      repository,
      ref: "release/v1.2",
      path: "deploy/shop.yaml",
      password: "env:TOKEN",
    };
    expect(parseComposeSpec({ git, env: { A: "1" } })).toMatchObject({
      ok: true,
      value: { spec: { git, env: { A: "1" } }, restart: { kind: "on-failure", maxRetries: 0 } },
    });
    expect(
      parseComposeSpec({ git: { repository, ref: "", path: "", username: "" } }),
    ).toMatchObject({
      value: { spec: { git: { repository } } },
    });
  });

  it.each([
    "git_1",
    "xn--bcher-kva.example:8443",
    "git.example.",
    "10.0.0.1",
    "[2001:db8::1]:8443",
  ])("may be at %s", (host) => {
    expect(violationsOf({ git: { repository: `https://${host}/shop.git` } })).toEqual([]);
  });

  it("is one of two ways, of which there has to be one", () => {
    expect(violationsOf({})).toEqual(["composeYaml is required: a text; or git instead"]);
    expect(violationsOf({ composeYaml: file, git: { repository } })).toEqual([
      "git must not be there beside composeYaml: there is one file",
    ]);
  });

  it.each([
    ["git.repository", { repository: "ext::sh -c touch% /tmp/x" }],
    ["git.repository", { repository: "file:///etc" }],
    ["git.repository", { repository: "/srv/shop.git" }],
    ["git.repository", { repository: "ssh://git@git.example/shop.git" }],
    ["git.repository", { repository: "git@git.example:shop.git" }],
    ["git.repository", { repository: "--upload-pack=touch /tmp/x" }],
    ["git.repository", { repository: "https://git.example/" }],
    ["git.password", { repository: "http://git.example/shop.git", password: "env:A" }],
    ["git.password", { repository: "http://127.0.0.1.example/shop.git", password: "env:A" }],
    ["git.repository", { repository: "https://me:hidden-word@git.example/shop.git" }],
    ["git.repository", { repository: "https://@git.example/shop.git" }],
    ["git.repository", { repository: "https://git.example/shop.git?x=1" }],
    ["git.repository", { repository: "https://git.example/a\\b.git" }],
    ["git.repository", { repository: "https://-git.example/shop.git" }],
    ["git.repository", { repository: "https://+git.example/shop.git" }],
    ["git.repository", { repository: "https://*/shop.git" }],
    ["git.repository", { repository: "https://git..example/shop.git" }],
    ["git.repository", { repository: "https://git.example/team/..%2fother.git" }],
    ["git.repository", { repository: "https://git.example/team/..;/other.git" }],
    ["git.repository", { repository: "https://git.example/team/../other.git" }],
    ["git.ref", { repository, ref: "-x" }],
    ["git.ref", { repository, ref: "--upload-pack=x" }],
    ["git.ref", { repository, ref: "a..b" }],
    ["git.ref", { repository, ref: "a:b" }],
    ["git.ref", { repository, ref: "+a" }],
    ["git.ref", { repository, ref: "a b" }],
    ["git.ref", { repository, ref: "a*" }],
    ["git.ref", { repository, ref: "a@{1}" }],
    ["git.ref", { repository, ref: "a.lock" }],
    ["git.path", { repository, path: "/etc/passwd" }],
    ["git.path", { repository, path: "../compose.yaml" }],
    ["git.path", { repository, path: "a/./b" }],
    ["git.path", { repository, path: "a//b" }],
    ["git.path", { repository, path: "a/" }],
    ["git.path", { repository, path: "a\nb" }],
    ["git.username", { repository, username: "a:b", password: "env:A" }],
    ["git.password", { repository, username: "a" }],
    ["git.password", { repository, password: "hidden-word" }],
    ["git.password", { repository, password: "literal:hidden-word" }],
    ["git.password", { repository, password: "file:relative" }],
    ["git.branch", { repository, branch: "main" }],
  ])("has a rule for %s that %j breaks", (field, git) => {
    const parsed = parseComposeSpec({ git });
    expect(parsed.ok).toBe(false);
    const violations = parsed.ok ? [] : parsed.violations;
    expect(violations.map((one) => one.path.join("."))).toContain(field);
    expect(JSON.stringify(violations)).not.toContain("hidden-word");
  });

  it("is refused with every rule at once", () => {
    const git = { repository: "ftp://git.example/x", ref: "-x", path: "/x", password: "x" };
    const parsed = parseComposeSpec({ git, env: { "1A": "x" } });
    const fields = parsed.ok ? [] : parsed.violations.map((one) => one.path.join("."));
    expect(fields.toSorted()).toEqual([
      "env.1A",
      "git.password",
      "git.path",
      "git.ref",
      "git.repository",
    ]);
  });
});
