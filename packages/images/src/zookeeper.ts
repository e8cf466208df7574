import {
  LOG4J_PROPERTIES,
  zkCleanupProgram,
  zkCliProgram,
  zkServerInitializeProgram,
  zkServerProgram,
  zookeeperScripts,
} from "@ordinal/zookeeper/image";

import type { ImageDefinition } from "./image.ts";
import { projectFolders } from "./project-folders.ts";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const CONF_DIR = "/opt/zookeeper/conf";
/** The user that runs the server, as in the original's image. */
const USER = 1000;

const PASSWD = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
zookeeper:x:1000:1000::/home/zookeeper:/bin/sh
`;
const GROUP = `root:x:0:
daemon:x:1:
nogroup:x:65534:
zookeeper:x:1000:
`;

/** The image of the Kubernetes tutorial: `start-zookeeper` makes a member of an ensemble out of a pod's name. */
export function zookeeperImage(): ImageDefinition {
  return {
    repositories: [
      "gcr.io/google-samples/k8szk",
      "gcr.io/google_samples/k8szk",
      "k8s.gcr.io/kubernetes-zookeeper",
      "registry.k8s.io/kubernetes-zookeeper",
    ],
    summary: "a ZooKeeper server: start-zookeeper, zkServer.sh, zkCli.sh, zookeeper-ready",
    entrypoint: [],
    command: ["start-zookeeper"],
    env: { PATH, ZOOCFGDIR: CONF_DIR, ZK_CONF_DIR: CONF_DIR },
    workingDirectory: "/",
    user: USER,
    programs: {
      "/usr/bin/zkServer.sh": zkServerProgram,
      "/usr/bin/zkCli.sh": zkCliProgram,
      "/usr/bin/zkCleanup.sh": zkCleanupProgram,
      "/usr/bin/zkServer-initialize.sh": zkServerInitializeProgram,
    },
    files: [
      { path: "/etc/passwd", content: PASSWD, mode: 0o644 },
      { path: "/etc/group", content: GROUP, mode: 0o644 },
      { path: "/usr/etc/zookeeper/log4j.properties", content: LOG4J_PROPERTIES, mode: 0o644 },
      { path: `${CONF_DIR}/log4j.properties`, content: LOG4J_PROPERTIES, mode: 0o666 },
      ...[...zookeeperScripts].map(([name, copyOf]) => ({
        path: `/usr/bin/${name}`,
        content: { copyOf },
        mode: 0o755,
      })),
    ],
    folders: projectFolders(),
    warmUp: [
      [...zkServerProgram, "version"],
      [...zkCliProgram, "version"],
    ],
    stopSignal: "SIGTERM",
  };
}
