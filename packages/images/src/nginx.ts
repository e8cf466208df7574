import { containerFiles, nginxProgram } from "@ordinal/nginx";

import type { ImageDefinition } from "./image.ts";
import { projectFolders } from "./project-folders.ts";

export function nginxImage(): ImageDefinition {
  return {
    repositories: [
      "docker.io/library/nginx",
      "docker.io/library/nginx-slim",
      "gcr.io/google-containers/nginx-slim",
      "gcr.io/google_containers/nginx-slim",
      "k8s.gcr.io/nginx-slim",
      "registry.k8s.io/nginx-slim",
    ],
    summary: "web server on port 80 that serves /usr/share/nginx/html",
    entrypoint: [],
    command: ["nginx", "-g", "daemon off;"],
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
    workingDirectory: "/",
    user: 0,
    programs: { "/usr/sbin/nginx": nginxProgram },
    files: [
      ...containerFiles.map(({ path, content }) => ({ path, content, mode: 0o644 })),
      { path: "/var/log/nginx/access.log", content: "", mode: 0o644 },
      { path: "/var/log/nginx/error.log", content: "", mode: 0o644 },
    ],
    folders: projectFolders(),
    warmUp: [[...nginxProgram, "-v"]],
    stopSignal: "SIGQUIT",
  };
}
