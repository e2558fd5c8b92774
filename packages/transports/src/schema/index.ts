export { checkJson } from "./check-json.ts";
export { fieldPath } from "./field-path.ts";
export { nearest } from "./nearest.ts";
