import {
  DOCKER_ENTRYPOINT,
  DOCKER_ENVIRONMENT,
  LOG4J_PROPERTIES,
  zookeeperPrograms,
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

/** What pods start: the server, and the command line that people run in them. */
const WARM_UP = ["zkServer.sh", "zkCli.sh"].map((name) => [...(zookeeperPrograms[name] ?? []), "version"]);

function programsIn(folder: string): ImageDefinition["programs"] {
  return Object.fromEntries(Object.entries(zookeeperPrograms).map(([name, command]) => [`${folder}/${name}`, command]));
}

/** The official image of Docker Hub: a server alone, or a member by its ZOO_* variables. */
export function officialZookeeperImage(): ImageDefinition {
  return {
    repositories: ["docker.io/library/zookeeper"],
    summary: "a ZooKeeper server by ZOO_* variables, on port 2181",
    entrypoint: ["/docker-entrypoint.sh"],
    command: ["zkServer.sh", "start-foreground"],
    env: { PATH: `${PATH}:/apache-zookeeper-bin/bin`, ...DOCKER_ENVIRONMENT },
    workingDirectory: "/apache-zookeeper-bin",
    user: USER,
    programs: programsIn("/apache-zookeeper-bin/bin"),
    files: [
      { path: "/etc/passwd", content: PASSWD, mode: 0o644 },
      { path: "/etc/group", content: GROUP, mode: 0o644 },
      { path: "/docker-entrypoint.sh", content: DOCKER_ENTRYPOINT, mode: 0o755 },
    ],
    folders: projectFolders(),
    warmUp: WARM_UP,
    stopSignal: "SIGTERM",
  };
}

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
    programs: programsIn("/usr/bin"),
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
    warmUp: WARM_UP,
    stopSignal: "SIGTERM",
  };
}
