import { testedCommands } from "./compose-commands.ts";
import { projectStory } from "./project-story.ts";

for (const command of testedCommands) projectStory(command);
