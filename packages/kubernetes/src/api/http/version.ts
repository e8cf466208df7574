/** kubectl chooses by it which of its versions to run. The API is that of this release. */
export const VERSION = {
  major: "1",
  minor: "32",
  gitVersion: "v1.32.13",
  gitCommit: "v1.32.13",
  gitTreeState: "clean",
  buildDate: "2026-01-01T00:00:00Z",
  goVersion: "go1.23.0",
  compiler: "gc",
  platform: "linux/amd64",
} as const;
