/** The clients of the benchmark: a process of its own, which takes one job after the other from its parent. */
import type { LoadAnswer, LoadJob, LoadResult } from "./load-job.ts";
import { RawConnection } from "./raw-connection.ts";
import { RequestFrames } from "./request-frames.ts";

const NODE_EXISTS = -110;
const CLEAN_OUTSTANDING = 500;
const FILL_OUTSTANDING = 500;
const FILL_BYTES = 100;
/** A try that hangs is left after this long; a paused JVM may take its time. */
const TRY_MS = 1000;
const RETRY_MS = 2;

const NOTHING: LoadResult = { perSecond: 0, firstWriteMs: 0, firstWriteAtMs: 0, clientBusy: 0 };
let names = 0;

process.on("message", (job: LoadJob) => {
  run(job).then(
    (result) => answer({ kind: "result", result }),
    (error: unknown) => answer({ kind: "failed", message: error instanceof Error ? error.message : String(error) }),
  );
});
process.on("disconnect", () => process.exit());

function answer(message: LoadAnswer): void {
  process.send?.(message);
}

function run(job: LoadJob): Promise<LoadResult> {
  switch (job.kind) {
    case "throughput":
      return throughput(job);
    case "fill":
      return fill(job);
    case "first-write":
      return firstWrite(job);
  }
}

type Throughput = Extract<LoadJob, { kind: "throughput" }>;

async function throughput(job: Throughput): Promise<LoadResult> {
  const isCounted = job.operation === "create";
  const parent = `/bench-${process.pid}-${names++}`;
  const connections: RawConnection[] = [];
  for (let index = 0; index < job.connections; index++) {
    connections.push(await RawConnection.open(job.ports[index % job.ports.length] ?? 0));
  }
  const [first] = connections;
  if (first === undefined) throw new Error("no connections");
  await finish(first, new RequestFrames("create", parent, 0), 1, 1);
  const path = (index: number): string => `${parent}/${String(index).padStart(3, "0")}`;
  if (!isCounted) {
    for (let index = 0; index < connections.length; index++) {
      await finish(first, new RequestFrames("create", path(index), job.bytes), 1, 1);
    }
    // A server that is behind would say that there is no node: a write through it, answered, has it caught up.
    await Promise.all(
      connections.map((connection, index) =>
        finish(connection, new RequestFrames("set", path(index), job.bytes), 1, 1),
      ),
    );
  }
  const frames = connections.map(
    (_connection, index) => new RequestFrames(job.operation, isCounted ? `${path(index)}-` : path(index), job.bytes),
  );
  const result = await measure(connections, frames, job);
  if (isCounted) {
    await Promise.all(
      connections.map((connection, index) =>
        finish(
          connection,
          new RequestFrames("delete", `${path(index)}-`, 0),
          frames[index]?.next ?? 0,
          CLEAN_OUTSTANDING,
        ),
      ),
    );
  }
  await Promise.all(connections.map((connection) => connection.close()));
  return result;
}

/** Keeps each connection filled until the time is over, and waits for the last replies. */
async function measure(
  connections: readonly RawConnection[],
  frames: readonly RequestFrames[],
  { outstanding, warmMs, measureMs }: Throughput,
): Promise<LoadResult> {
  const fromMs = performance.now() + warmMs;
  const untilMs = fromMs + measureMs;
  let counted = 0;
  let firstMs = 0;
  let lastMs = 0;
  let cpu = process.cpuUsage();
  await Promise.all(
    connections.map(
      (connection, index) =>
        new Promise<void>((resolve, reject) => {
          const own = frames[index];
          if (own === undefined) return;
          let under = outstanding;
          let total = 0;
          connection.replyBytes = 0;
          connection.onEnd = reject;
          connection.onReplies = (count, nowMs) => {
            under -= count;
            total += count;
            if (nowMs >= fromMs && nowMs < untilMs) {
              if (firstMs === 0) {
                // The replies that begin the measure are not counted: nobody knows how long they took.
                firstMs = nowMs;
                cpu = process.cpuUsage();
              } else {
                counted += count;
                lastMs = nowMs;
              }
            }
            if (nowMs < untilMs) {
              under += count;
              connection.write(own.take(count));
            } else if (under === 0) {
              mustBeWhole(connection, own, total);
              resolve();
            }
          };
          connection.write(own.take(outstanding));
        }),
    ),
  );
  for (const connection of connections) mustHaveNoErrors(connection);
  const used = process.cpuUsage(cpu);
  return {
    ...NOTHING,
    perSecond: (counted / (lastMs - firstMs)) * 1000,
    clientBusy: (used.user + used.system) / 1000 / (lastMs - firstMs),
  };
}

async function fill({ ports, count }: Extract<LoadJob, { kind: "fill" }>): Promise<LoadResult> {
  const connection = await RawConnection.open(ports[0] ?? 0);
  const parent = `/fill-${process.pid}-${names++}`;
  await finish(connection, new RequestFrames("create", parent, 0), 1, 1);
  await finish(connection, new RequestFrames("create", `${parent}/node-`, FILL_BYTES), count, FILL_OUTSTANDING);
  await connection.close();
  return NOTHING;
}

/** Sends so many requests, so many at a time. */
async function finish(
  connection: RawConnection,
  frames: RequestFrames,
  count: number,
  outstanding: number,
): Promise<void> {
  if (count === 0) return;
  await new Promise<void>((resolve, reject) => {
    let toSend = count - Math.min(count, outstanding);
    let toCome = count;
    connection.onEnd = reject;
    connection.onReplies = (came) => {
      toCome -= came;
      if (toCome === 0) resolve();
      const next = Math.min(toSend, came);
      toSend -= next;
      if (next > 0) connection.write(frames.take(next));
    };
    connection.write(frames.take(Math.min(count, outstanding)));
  });
  mustHaveNoErrors(connection);
}

/** Each request has had its own whole reply, the last one last. Without this a number would mean nothing. */
function mustBeWhole({ replyBytes, lastXid, errors }: RawConnection, frames: RequestFrames, replies: number): void {
  const wanted = replies * frames.replyBytes;
  if (errors > 0 || (replyBytes === wanted && lastXid === frames.next - 1 && replies === frames.next)) return;
  throw new Error(
    `${replies} replies of ${replyBytes} bytes, the last to request ${lastXid}; ${frames.next} requests want ${wanted} bytes`,
  );
}

function mustHaveNoErrors({ errors, firstError }: RawConnection): void {
  if (errors > 0) throw new Error(`${errors} requests failed, the first with ${firstError}`);
}

async function firstWrite({ ports, kill, timeoutMs }: Extract<LoadJob, { kind: "first-write" }>): Promise<LoadResult> {
  const path = `/first-${process.pid}-${names++}`;
  if (kill !== undefined) process.kill(kill, "SIGKILL");
  const fromMs = performance.now();
  let isDone = false;
  await Promise.race(
    ports.map(async (port) => {
      while (!isDone) {
        if (performance.now() - fromMs > timeoutMs) throw new Error(`no write succeeded within ${timeoutMs} ms`);
        if (await writes(port, path)) break;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
      isDone = true;
    }),
  );
  const firstWriteMs = performance.now() - fromMs;
  return { ...NOTHING, firstWriteMs, firstWriteAtMs: performance.timeOrigin + fromMs + firstWriteMs };
}

/** One try: a session and a write through it. */
async function writes(port: number, path: string): Promise<boolean> {
  let connection: RawConnection | undefined;
  try {
    connection = await RawConnection.open(port, TRY_MS);
    await finish(connection, new RequestFrames("create", path, FILL_BYTES), 1, 1);
    return true;
  } catch {
    // Another server may have been quicker by a moment.
    return connection?.firstError === NODE_EXISTS;
  } finally {
    connection?.destroy();
  }
}
