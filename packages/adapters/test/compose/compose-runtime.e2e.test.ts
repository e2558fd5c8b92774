import { anyCommand } from "./compose-commands.ts";
import { projectStory } from "./project-story.ts";

projectStory(anyCommand());
