import type { Json, Parsed, ParsedSpec } from "@persys/core";
import { altered, type RuntimeMutant } from "../runtime-mutant.ts";

type Parse = (input: unknown) => Parsed<ParsedSpec>;

/** A runtime that reads specs otherwise. */
function parsing(change: (parse: Parse) => Parse): RuntimeMutant["make"] {
  return (_world, real) => altered(real, { parseSpec: change((input) => real.parseSpec(input)) });
}

/** A runtime that stores something else than what was sent. */
function storing(change: (spec: { readonly [key: string]: Json }) => Json): RuntimeMutant["make"] {
  return parsing((parse) => (input) => {
    const parsed = parse(input);
    if (!parsed.ok || !isObject(parsed.value.spec)) return parsed;
    return { ok: true, value: { ...parsed.value, spec: change(parsed.value.spec) } };
  });
}

/** A runtime that redacts otherwise. */
function redacting(change: (spec: Json, redacted: Json) => Json): RuntimeMutant["make"] {
  return (_world, real) =>
    altered(real, { redactSpec: (spec) => change(spec, real.redactSpec(spec)) });
}

function isObject(value: unknown): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const defaults = { program: "serve", health: "none" };

/** Wrong ways to read a spec. */
export const specMutants: readonly RuntimeMutant[] = [
  {
    name: "spec-takes-unknown-keys",
    clauseHint: "RT-005",
    breaks: "unknown keys of a spec are ignored",
    make: parsing((parse) => (input) => {
      const parsed = parse(input);
      if (parsed.ok || !isObject(input)) return parsed;
      const unknown = new Set(parsed.violations.map((it) => it.path[0]));
      return parse(Object.fromEntries(Object.entries(input).filter(([key]) => !unknown.has(key))));
    }),
  },
  {
    name: "spec-keeps-unknown-keys",
    clauseHint: "RT-005",
    breaks: "unknown keys of a spec are accepted and stored",
    make: parsing((parse) => (input) => {
      const parsed = parse(input);
      if (parsed.ok || !isObject(input)) return parsed;
      const rest = parse({});
      return rest.ok ? { ok: true, value: { ...rest.value, spec: input } } : rest;
    }),
  },
  {
    name: "spec-knows-inherited-keys",
    clauseHint: "RT-005",
    breaks:
      "keys are looked up in a plain object, so that one named like a member of every object is taken for known",
    make: parsing((parse) => (input) => {
      if (!isObject(input)) return parse(input);
      const plain: object = {};
      return parse(Object.fromEntries(Object.entries(input).filter(([key]) => !(key in plain))));
    }),
  },
  {
    name: "spec-names-the-first-fault",
    clauseHint: "RT-005",
    breaks: "only the first rule that a spec breaks is named",
    make: parsing((parse) => (input) => {
      const parsed = parse(input);
      return parsed.ok ? parsed : { ok: false, violations: parsed.violations.slice(0, 1) };
    }),
  },
  {
    name: "spec-faults-have-no-place",
    clauseHint: "RT-005",
    breaks: "violations do not say where in the spec they are",
    make: parsing((parse) => (input) => {
      const parsed = parse(input);
      if (parsed.ok) return parsed;
      return { ok: false, violations: parsed.violations.map((it) => ({ ...it, path: [] })) };
    }),
  },
  {
    name: "spec-throws",
    clauseHint: "RT-006",
    breaks: "a spec that is no object makes parseSpec throw",
    make: parsing((parse) => (input) => {
      if (!isObject(input)) throw new TypeError("Cannot read properties of undefined");
      return parse(input);
    }),
  },
  {
    name: "spec-none-is-empty",
    clauseHint: "RT-006",
    breaks: "a missing spec is taken for an empty one",
    make: parsing((parse) => (input) => parse(input ?? {})),
  },
  {
    name: "spec-refuses-without-a-reason",
    clauseHint: "RT-005",
    breaks: "a spec is refused without a violation",
    make: parsing((parse) => (input) => {
      const parsed = parse(input);
      return parsed.ok ? parsed : { ok: false, violations: [] };
    }),
  },
  {
    name: "spec-is-changed",
    clauseHint: "RT-003",
    breaks: "parseSpec fills its defaults into the caller's object",
    make: parsing((parse) => (input) => {
      const parsed = parse(input);
      if (parsed.ok && isObject(input)) Object.assign(input, { ...defaults, ...input });
      return parsed;
    }),
  },
  {
    name: "spec-with-defaults",
    clauseHint: "RT-003",
    breaks: "the stored spec has defaults filled in",
    make: storing((spec) => ({ ...defaults, ...spec })),
  },
  {
    name: "spec-with-the-time",
    clauseHint: "RT-003",
    breaks: "the stored spec holds when it was read, so that it never is the same again",
    make: (world, real) => {
      let reads = 0;
      const make = storing((spec) => ({
        ...spec,
        note: `read ${(reads += 1)} times`,
      }));
      return make(world, real);
    },
  },
  {
    name: "spec-with-undefined",
    clauseHint: "RT-003",
    breaks: "the stored spec has members without a value, which JSON cannot hold",
    make: storing((spec) => Object.assign({ ...spec }, { labels: undefined })),
  },
  {
    name: "spec-loses-a-member",
    clauseHint: "RT-003",
    breaks: "the stored spec has lost what tells two specs apart",
    make: storing((spec) => ({ ...spec, note: "" })),
  },
  {
    name: "redaction-forgets",
    clauseHint: "RT-008",
    breaks: "a shown spec holds its secrets",
    make: redacting((spec) => spec),
  },
  {
    name: "redaction-cuts-out",
    clauseHint: "RT-008",
    breaks: "a shown spec does not say where a secret was",
    make: redacting((spec, redacted) => {
      if (!isObject(redacted) || JSON.stringify(spec) === JSON.stringify(redacted)) return redacted;
      const { secret: _, ...rest } = redacted;
      return rest;
    }),
  },
  {
    name: "redaction-in-part",
    clauseHint: "RT-008",
    breaks: "a shown spec holds the beginning of its secrets",
    make: redacting((spec, redacted) => {
      if (!isObject(spec) || !isObject(redacted) || !("secret" in spec)) return redacted;
      return { ...redacted, secret: `${JSON.stringify(spec["secret"]).slice(1, 10)}<redacted>` };
    }),
  },
  {
    name: "redaction-in-place",
    clauseHint: "RT-004",
    breaks: "showing a spec takes the secrets out of the spec itself",
    make: redacting((spec) => {
      if (isObject(spec) && "secret" in spec) spec["secret"] = "<redacted>";
      return spec;
    }),
  },
  {
    name: "demands-are-negative",
    clauseHint: "RT-010",
    breaks: "demands gives -1 where nothing is demanded",
    make: (_world, real) =>
      altered(real, {
        demands: async (spec, signal) => ({
          ...(await real.demands(spec, signal)),
          cpuMillicores: -1,
          memoryBytes: -1,
        }),
      }),
  },
];
