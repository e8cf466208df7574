import { nslookupProgram } from "@ordinal/dns";

import type { ImageDefinition } from "./image.ts";
import { projectFolders } from "./project-folders.ts";

/**
 * A shell with the machine's own tools instead of BusyBox's applets. Only `nslookup` is ours: tutorials read its answer
 * in the layout that BusyBox had up to 1.28.
 */
export function busyboxImage(): ImageDefinition {
  return {
    repositories: [
      "docker.io/library/busybox",
      "gcr.io/google-containers/busybox",
      "gcr.io/google_containers/busybox",
      "k8s.gcr.io/busybox",
      "registry.k8s.io/busybox",
    ],
    summary: "a shell with the machine's own tools",
    entrypoint: [],
    command: ["sh"],
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
    workingDirectory: "/",
    user: 0,
    programs: { nslookup: nslookupProgram },
    files: [],
    folders: projectFolders(),
    // Without arguments it says how it is used.
    warmUp: [nslookupProgram],
    stopSignal: "SIGTERM",
  };
}
