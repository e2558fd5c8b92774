import { anyCommand } from "../../../../test/docker/compose-commands.ts";
import { composePolicy } from "../support/compose-policy.ts";

composePolicy(anyCommand());
