import { anyCommand, testedCommands } from "../../../../test/docker/compose-commands.ts";
import { composePolicy } from "../support/compose-policy.ts";

const judgedEveryDay = anyCommand().name;

for (const command of testedCommands) if (command.name !== judgedEveryDay) composePolicy(command);
