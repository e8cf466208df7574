import { describe, expect, it } from "vitest";

import { containerAccounts } from "./accounts.ts";

const NONE = { passwd: undefined, group: undefined };

describe("accounts of a container", () => {
  it("know root and his home", () => {
    const { passwd, home } = containerAccounts(0, 0, NONE);
    expect(home).toBe("/root");
    expect(passwd).not.toContain("default");
  });

  it("name a user and a group that nobody named", () => {
    const { passwd, group, home } = containerAccounts(1000, 2000, NONE);
    expect(passwd).toContain("\ndefault:x:1000:2000:default user:/:/sbin/nologin\n");
    expect(group).toContain("\ndefault:x:2000:\n");
    expect(home).toBe("/");
  });

  it("are the image's own where it brings them", () => {
    const image = { passwd: "zookeeper:x:1000:1000::/opt/zookeeper:/bin/sh", group: "zookeeper:x:1000:" };
    expect(containerAccounts(1000, 1000, image)).toEqual({
      passwd: `${image.passwd}\n`,
      group: `${image.group}\n`,
      home: "/opt/zookeeper",
    });
  });
});
