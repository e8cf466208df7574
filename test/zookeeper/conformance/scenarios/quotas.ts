import type { Scenario } from "../compare.ts";
import { create, createContainer, exists, getData, multi, remove, setData } from "../requests.ts";

export const OPTIONS = { properties: { "zookeeper.enforceQuota": "true", "zookeeper.extendedTypesEnabled": "true" } };

const LIMITS = [
  "count=2,bytes=10",
  "count=3,bytes=10=;byteHardLimit=12;countHardLimit=4",
  "count=-1,bytes=-1=;byteHardLimit=5;countHardLimit=-1",
  "count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=3",
  "count=0,bytes=0=;byteHardLimit=0;countHardLimit=0",
];

/** Limits, soft and hard, and what the tree keeps about itself. */
export const limits: Scenario = async (stage) => {
  const one = await stage.connect("one");
  for (const [index, text] of LIMITS.entries()) {
    const root = `/limited${index}`;
    const quota = `/zookeeper/quota${root}`;
    const stats = (): Promise<void> => one.ask(getData(`${quota}/zookeeper_stats`), exists(quota));
    await one.ask(create(root, { data: "1" }), create(`${root}/before`, { data: "22" }));
    await one.ask(create(quota), create(`${quota}/zookeeper_limits`, { data: text }));
    await one.ask(create(`${quota}/zookeeper_stats`, { data: "count=0,bytes=0" }));
    await stats();
    await one.ask(setData(root, "12345"));
    await stats();
    await one.ask(setData(`${root}/before`, "1234567890"));
    await stats();
    for (const name of ["a", "b", "c"]) {
      await one.ask(create(`${root}/${name}`, { data: name }));
      await stats();
    }
    await one.ask(create(`${root}/s-`, { flags: 3, data: "xy" }), createContainer(`${root}/container`));
    await one.ask(create(`${root}/ttl`, { flags: 5, ttl: 1000_000 }));
    await stats();
    await one.ask(multi([remove(`${root}/a`), create(`${root}/d`), setData(`${root}/d`, "d")]));
    await one.ask(multi([create(`${root}/e`), create(`${root}/f`), setData(root, "123456789012345")]));
    await stats();
    await one.ask(setData(root, null), setData(`${root}/before`, ""));
    await stats();
    await one.ask(remove(`${root}/b`), remove(`${root}/before`), remove(`${root}/container`));
    await stats();
    await one.ask(setData(`${quota}/zookeeper_limits`, "count=100,bytes=1000"), create(`${root}/more`));
    await stats();
    await one.ask(remove(`${quota}/zookeeper_limits`), create(`${root}/most`));
    await one.ask(remove(`${quota}/zookeeper_stats`), remove(quota), exists(quota));
  }
};

/** Quotas below quotas, and limits that are none. */
export const odd: Scenario = async (stage) => {
  const one = await stage.connect("one");
  await one.ask(create("/odd"), create("/odd/below"), create("/zookeeper/quota/odd"));
  for (const text of ["", "count=1", "bytes=3,count=2", "count=1,bytes=1,more=3", "count=1=;"]) {
    await one.ask(create("/zookeeper/quota/odd/zookeeper_limits", { data: text }));
    await one.ask(create("/zookeeper/quota/odd/zookeeper_stats", { data: "count=0,bytes=0" }));
    await one.ask(create("/odd/x", { data: "12345" }), setData("/odd/x", "1"), remove("/odd/x"));
    await one.ask(getData("/zookeeper/quota/odd/zookeeper_stats"));
    await one.ask(remove("/zookeeper/quota/odd/zookeeper_limits"), remove("/zookeeper/quota/odd/zookeeper_stats"));
  }
};
