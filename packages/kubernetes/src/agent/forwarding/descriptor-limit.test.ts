import { expect, test } from "vitest";

import { forwardableConnections } from "./descriptor-limit.ts";

test.each([
  ["Max open files            1048576              1048576              files", 8192],
  ["Max open files            4096                 4096                 files", 1024],
  ["Max open files            1024                 1024                 files", 256],
  ["Max open files            unlimited            unlimited            files", 8192],
  ["", 8192],
])("%s", (limits, connections) => {
  expect(forwardableConnections(8192, limits)).toBe(connections);
});
