import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

import type { Clock } from "@ordinal/io";

/** What a program of the fake runtime sees of its container. */
export interface FakeProcess {
  readonly argv: readonly string[];
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly clock: Clock;
  /** Resolves with the first signal but SIGKILL, which no program notices. */
  readonly signalled: Promise<"SIGTERM" | "SIGQUIT" | "SIGINT">;
}

/** Resolves with the exit code. */
export type FakeProgram = (process: FakeProcess) => Promise<number>;

const SIGNAL_NUMBER = { SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

/** A server: runs until it is asked to stop, and stops in good order. */
export const fakeServer: FakeProgram = async ({ signalled }) => {
  await signalled;
  return 0;
};

/** The few programs of a machine that every fake container has, as far as tests of others need them. */
export const FAKE_PROGRAMS: Readonly<Record<string, FakeProgram>> = {
  true: () => Promise.resolve(0),
  false: () => Promise.resolve(1),
  async echo({ argv, stdout }) {
    stdout.write(`${argv.slice(1).join(" ")}\n`);
    return Promise.resolve(0);
  },
  async cat({ stdin, stdout }) {
    for await (const chunk of stdin as AsyncIterable<Buffer>) {
      if (!stdout.write(chunk)) await once(stdout, "drain");
    }
    return 0;
  },
  sleep({ argv, clock, signalled }) {
    return new Promise((resolve) => {
      const timer = clock.setTimer(Number(argv[1] ?? 0) * 1000, () => resolve(0));
      void signalled.then((signal) => {
        timer.cancel();
        resolve(128 + SIGNAL_NUMBER[signal]);
      });
    });
  },
  /** Knows `-c "exit N"`; otherwise reads its input to the end, as a shell without commands does. */
  async sh({ argv, stdin }) {
    const exit = /^exit (\d+)$/.exec(argv[1] === "-c" ? (argv[2] ?? "") : "");
    if (exit !== null) return Number(exit[1]);
    for await (const _ of stdin as AsyncIterable<Buffer>);
    return 0;
  },
};
