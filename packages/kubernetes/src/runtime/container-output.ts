import { PassThrough, type Readable } from "node:stream";

import type { Log } from "@ordinal/io";

import type { ContainerLog, LogStream } from "./container-log.ts";

/** What one attached client sees of a container. */
export interface OutputTap {
  readonly stdout: PassThrough | undefined;
  readonly stderr: PassThrough | undefined;
  /** The client went away. */
  close(): void;
}

/** Bytes an attached client may be behind before the container is held back. */
const TAP_BYTES_MAX = 256 * 1024;

/**
 * Carries a container's output to its log and to whoever is attached. Reads on only when all of them took the last
 * piece, so a container that floods waits in its `write`, and memory stays bounded. Once the container has ended, an
 * attached client that does not read holds nothing back any more.
 */
export class ContainerOutput {
  readonly #log: ContainerLog;
  readonly #taps = new Set<OutputTap>();
  readonly #pumps: Promise<void>[] = [];
  readonly #onLogFailure: (error: unknown) => void;
  #ended = false;
  /** Ends the waits for attached clients. */
  readonly #waits = new Set<() => void>();

  constructor(log: ContainerLog, onLogFailure: (error: unknown) => void) {
    this.#log = log;
    this.#onLogFailure = onLogFailure;
  }

  /** Starts carrying `source` under the name `stream`. */
  carry(source: Readable, stream: LogStream): void {
    this.#pumps.push(this.#pump(source, stream));
  }

  tap(streams: { readonly stdout: boolean; readonly stderr: boolean }): OutputTap {
    const make = (wanted: boolean) => (wanted ? new PassThrough({ highWaterMark: TAP_BYTES_MAX }) : undefined);
    const stdout = make(streams.stdout);
    const stderr = make(streams.stderr);
    const tap: OutputTap = {
      stdout,
      stderr,
      close: () => {
        this.#taps.delete(tap);
        stdout?.destroy();
        stderr?.destroy();
      },
    };
    for (const stream of [stdout, stderr]) stream?.on("error", () => {});
    this.#taps.add(tap);
    return tap;
  }

  /** The container's processes are gone: what is left in the pipes is carried without waiting for attached clients. */
  async finish(): Promise<void> {
    this.#ended = true;
    for (const end of this.#waits) end();
    await Promise.all(this.#pumps);
    for (const { stdout, stderr } of this.#taps) {
      stdout?.end();
      stderr?.end();
    }
    await this.#log.close().catch(this.#onLogFailure);
  }

  async #pump(source: Readable, stream: LogStream): Promise<void> {
    try {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        // A full disk must not stop the container: the lines are lost, and the failure is told once a run.
        const logged = this.#log.write(stream, chunk).catch(this.#onLogFailure);
        await Promise.all([logged, ...[...this.#taps].map((tap) => this.#offer(tap[stream], chunk))]);
      }
    } catch {
      // The pipe broke: the container ended.
    }
  }

  #offer(tap: PassThrough | undefined, chunk: Buffer): Promise<void> | undefined {
    if (tap === undefined || tap.destroyed || tap.writableEnded) return undefined;
    if (tap.write(chunk) || this.#ended) return undefined;
    return new Promise((resolve) => {
      const end = () => {
        this.#waits.delete(end);
        tap.off("drain", end).off("close", end);
        resolve();
      };
      tap.once("drain", end).once("close", end);
      this.#waits.add(end);
    });
  }
}

/** Tells once a run that its log cannot be written: a full disk would repeat itself with every line. */
export function warnOnce(log: Log, path: string): (error: unknown) => void {
  let told = false;
  return (error) => {
    if (!told) log.warn("container-log-failed", { path, error: String(error) });
    told = true;
  };
}
