export { assert, defined, unreachable } from "./assert.ts";
export { BoundedQueue } from "./bounded-queue.ts";
export { ByteReader } from "./byte-reader.ts";
export { ByteWriter } from "./byte-writer.ts";
export { CodedError, hasCode, InvariantError, ProtocolError, RefusedError } from "./errors.ts";
export { SeededRandom } from "./seeded-random.ts";
