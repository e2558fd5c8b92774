export const harness = async (): Promise<unknown> => ({ store: () => ({}), takeOver: 7 });
