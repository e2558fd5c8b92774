export const subject = async (): Promise<unknown> => ({
  runtime: { type: "half", parseSpec: () => ({}), list: async () => new Map() },
  specs: { longRunning: () => ({}), exitsWith: () => ({}) },
  killBehind: async () => {},
  dispose: async () => {},
});
