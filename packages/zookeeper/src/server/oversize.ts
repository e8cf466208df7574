import { OpCode } from "../jute/op-code.ts";
import type { FrameInput } from "./frame-input.ts";

/** Requests that begin with a path. */
const WITH_PATH: ReadonlySet<number> = new Set([
  OpCode.create,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.createTTL,
  OpCode.delete,
  OpCode.exists,
  OpCode.getData,
  OpCode.setData,
  OpCode.getACL,
  OpCode.setACL,
  OpCode.getChildren,
  OpCode.getChildren2,
  OpCode.sync,
]);
const PATH_SHOWN_MAX = 1024;
const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(OpCode).map(([name, type]) => [type, name]));

/** What the first bytes of a frame that is refused tell about it: the operation and its path, for who has to find the writer. */
export function describeFrame(input: FrameInput, isFirst: boolean): { operation?: string; path?: string } {
  const at = input.at + 4;
  if (isFirst || input.end < at + 8) return {};
  const type = input.view.getInt32(at + 4);
  const operation = NAMES.get(type);
  if (operation === undefined) return {};
  if (!WITH_PATH.has(type) || input.end < at + 12) return { operation };
  const length = input.view.getInt32(at + 8);
  const start = at + 12;
  if (length <= 0 || length > PATH_SHOWN_MAX || input.end < start + length) return { operation };
  return { operation, path: new TextDecoder().decode(input.bytes.subarray(start, start + length)) };
}
