export { simulatedSubject as subject } from "../../../src/simulated-subject.ts";
