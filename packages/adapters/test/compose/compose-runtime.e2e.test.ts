import { anyCommand } from "../../../../test/docker/compose-commands.ts";
import { projectStory } from "./project-story.ts";

projectStory(anyCommand());
