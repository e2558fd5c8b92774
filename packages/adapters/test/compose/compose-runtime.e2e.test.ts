import { anyCommand } from "../../../../test/docker/compose-commands.ts";
import { driftStory } from "./drift-story.ts";
import { projectStory } from "./project-story.ts";

projectStory(anyCommand());
driftStory(anyCommand(), { allChanges: false });
