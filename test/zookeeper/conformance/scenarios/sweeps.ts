import type { Scenario } from "../compare.ts";
import { addWatch, create, createContainer, getChildren2, remove, setData } from "../requests.ts";

/** Containers and nodes with a time to live are looked at often. */
export const OPTIONS = {
  properties: { "zookeeper.extendedTypesEnabled": "true", "znode.container.checkIntervalMs": "300" },
};

/** An empty container goes once it has had a child; one that never had stays. */
export const containers: Scenario = async (stage) => {
  const one = await stage.connect("one");
  await one.ask(create("/swept"), createContainer("/swept/used"), createContainer("/swept/unused"));
  await one.ask(create("/swept/used/child"), addWatch("/swept", 1), getChildren2("/swept"));
  await one.ask(remove("/swept/used/child"));
  await one.next(3000);
  await one.ask(getChildren2("/swept"));
};

/** A node with a time to live goes when nobody has written it for so long and it has no child. */
export const timesToLive: Scenario = async (stage) => {
  const one = await stage.connect("one");
  await one.ask(create("/living"), create("/living/parent", { flags: 5, ttl: 50 }), create("/living/parent/child"));
  await one.ask(create("/living/long", { flags: 5, ttl: 3_600_000 }), addWatch("/living", 1));
  await one.ask(create("/living/short-", { flags: 6, ttl: 50 }));
  await one.next(3000);
  await one.ask(getChildren2("/living"), setData("/living/long", "x"), remove("/living/parent/child"));
  await one.next(3000);
  await one.ask(getChildren2("/living"));
};
