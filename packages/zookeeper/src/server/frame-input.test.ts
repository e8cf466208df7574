import fc from "fast-check";
import { expect, test } from "vitest";

import { FrameInput } from "./frame-input.ts";

function framed(bodies: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(body.length);
      return [length, body];
    }),
  );
}

test("whatever the pieces, the frames are the same, and those handed out stay as they are", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
      (bodies, cuts) => {
        const bytes = framed(bodies);
        const input = new FrameInput();
        const frames: Uint8Array[] = [];
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const length = cuts[cut % cuts.length] ?? 1;
          input.push(Uint8Array.from(bytes.subarray(at, at + length)));
          at += length;
          while (input.hasLength && input.hasFrame) {
            frames.push(input.bytes.subarray(input.at + 4, input.at + 4 + input.frameLength));
            input.take(4 + input.frameLength);
          }
        }
        expect(frames.map((frame) => Buffer.from(frame))).toEqual(bodies.map((body) => Buffer.from(body)));
        expect(input.remaining).toBe(0);
      },
    ),
  );
});
