/** A suite for `node --test`, with a case of every kind. */
import { describeContract } from "../../src/runner/node-test.ts";
import { aCase, brokenCase } from "./a-case.ts";

describeContract(
  "a subject",
  [
    aCase("kept"),
    brokenCase("broken", "it is not as it was"),
    aCase("unknown", ({ unjudged }) => unjudged("there is no way to look")),
    { ...brokenCase("recommended"), level: "SHOULD" },
    brokenCase("known"),
  ],
  { seed: 7, expectedFailures: ["known"] },
);
