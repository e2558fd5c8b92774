import { testedCommands } from "../../../../test/docker/compose-commands.ts";
import { driftStory } from "./drift-story.ts";
import { projectStory } from "./project-story.ts";

for (const command of testedCommands) {
  projectStory(command);
  driftStory(command);
}
