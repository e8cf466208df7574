import type { StartedContainer } from "./started-container.ts";

/** The containers of one pod: none starts once the pod is being stopped, and one that is just being started ends with it. */
export class SandboxContainers {
  readonly #running = new Set<StartedContainer>();
  readonly #starting = new Set<Promise<unknown>>();
  #ended: Promise<void> | undefined;

  /** Rejects once `end` was called, and with what `start` rejects with. */
  start(start: () => Promise<StartedContainer>): Promise<StartedContainer> {
    if (this.#ended !== undefined) return Promise.reject(new Error("the pod is being stopped"));
    const started = start();
    const kept = started
      .then((container) => this.#keep(container))
      .catch(() => {})
      .finally(() => this.#starting.delete(kept));
    this.#starting.add(kept);
    return started;
  }

  #keep(container: StartedContainer): void {
    this.#running.add(container);
    void container.gone.catch(() => {}).then(() => this.#running.delete(container));
  }

  /** Kills them all. Resolves when nothing of them is left. */
  end(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    await Promise.all(this.#starting);
    const containers = [...this.#running];
    for (const container of containers) container.kill("SIGKILL");
    await Promise.all(containers.map((container) => container.gone.catch(() => {})));
  }
}
