import { PassThrough, type Readable } from "node:stream";

/**
 * Node throws away what is left in a child's outputs when it ends before anybody reads them, which a short command does. In a stream
 * of our own it stays until it is read.
 */
export function heldOutput(output: Readable | null): Readable {
  const stream = new PassThrough();
  output?.on("error", (error) => stream.destroy(error)).pipe(stream);
  return stream;
}
