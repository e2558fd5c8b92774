/** Of a child process whose store is never opened. */
export function openStore(): { readonly open: () => Promise<never> } {
  return { open: () => new Promise(() => {}) };
}
