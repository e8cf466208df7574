import { expect, test } from "vitest";

import { JuteReader } from "../jute/jute-reader.ts";
import { JuteWriter } from "../jute/jute-writer.ts";
import { OpCode } from "../jute/op-code.ts";
import { readReplyHeader, writeSetWatchesRequest } from "../jute/proto-records.ts";
import { ZERO_ZXID } from "../jute/zxid.ts";
import { Database } from "../tree/database.ts";
import { AccessControl } from "./access-control.ts";
import { answerRead } from "./answer.ts";

test.each([OpCode.setWatches, OpCode.setWatches2])(
  "events that a client missed stand before the reply to its request %d, not inside of it",
  (type) => {
    const request = new JuteWriter();
    const paths = { dataWatches: ["/gone", "/gone-too"], existWatches: [], childWatches: [] };
    const persistent = { persistentWatches: [], persistentRecursiveWatches: [] };
    writeSetWatchesRequest(request, { relativeZxid: ZERO_ZXID, ...paths, ...persistent }, type === OpCode.setWatches2);
    const writer = new JuteWriter();
    const watcher = { sessionId: 1n, process: () => writer.int32(0x0e7e47) };
    const context = { database: new Database(), access: new AccessControl({}), watcher, authInfo: [], sessionId: 1n };
    expect(answerRead({ xid: -8, type, record: request.written() }, context, writer)).toBe(0);
    const reader = new JuteReader(writer.written());
    expect([reader.int32(), reader.int32()]).toEqual([0x0e7e47, 0x0e7e47]);
    expect(reader.int32()).toBe(16);
    expect(readReplyHeader(reader)).toEqual({ xid: -8, zxid: 0, error: 0 });
    expect(reader.remaining).toBe(0);
  },
);
