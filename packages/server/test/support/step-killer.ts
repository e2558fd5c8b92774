import { type FSWatcher, watch } from "node:fs";
import { onTestFinished } from "vitest";
import type { LibvirtProxy } from "../../../../test/libvirt/libvirt-proxy.ts";

/**
 * Kills an agent at the n-th step of what it does to its machines: a step is a call to libvirt that changes something, before it is done and after,
 * and a file that appears or goes.
 */
export class StepKiller {
  /** The steps since it was armed. */
  readonly steps: string[] = [];
  readonly #kill: () => void;
  readonly #watchers: readonly FSWatcher[];
  #at = Number.POSITIVE_INFINITY;

  /** Watches until the test ends. */
  constructor(proxy: LibvirtProxy, folders: readonly string[], kill: () => void) {
    this.#kill = kill;
    proxy.onMoment = ({ procedure, at }) => {
      this.#step(`${procedure} ${at}`);
      return !this.hasKilled;
    };
    this.#watchers = folders.map((folder) =>
      watch(folder, { recursive: true }, (kind, name) => {
        if (kind === "rename") this.#step(`file ${name ?? ""}`);
      }),
    );
    onTestFinished(() => {
      for (const watcher of this.#watchers) watcher.close();
    });
  }

  /** Whether the step has come that it was armed for. */
  get hasKilled(): boolean {
    return this.steps.length >= this.#at;
  }

  /** Kills at the n-th step from now on, from 1. */
  arm(step: number): void {
    this.steps.length = 0;
    this.#at = step;
  }

  /** Lets everything pass again. Says whether it has killed. */
  disarm(): boolean {
    const { hasKilled } = this;
    this.#at = Number.POSITIVE_INFINITY;
    return hasKilled;
  }

  #step(what: string): void {
    if (this.hasKilled) return;
    this.steps.push(what);
    if (this.hasKilled) this.#kill();
  }
}
