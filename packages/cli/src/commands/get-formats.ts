/** The forms in which `persysctl get` writes. In a file of its own, so that help and completion load nothing else. */
export const getFormats = ["table", "wide", "json", "yaml", "id"] as const;

/** One of {@link getFormats}. */
export type GetFormat = (typeof getFormats)[number];
