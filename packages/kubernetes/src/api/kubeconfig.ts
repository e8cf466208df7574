import { stringify } from "yaml";

import { writeSecretFile } from "./pki.ts";

export interface KubeconfigOptions {
  /** `https://127.0.0.1:6443`. */
  readonly server: string;
  /** PEM. */
  readonly caCertificate: string;
  readonly token: string;
  /** Default `default`. */
  readonly namespace?: string;
}

/** Writes a kubeconfig whose context, cluster and user are called `ordinal`, atomically and with mode 0600. */
export function writeKubeconfig(path: string, options: KubeconfigOptions): void {
  const { server, caCertificate, token, namespace = "default" } = options;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "ordinal",
        cluster: { server, "certificate-authority-data": Buffer.from(caCertificate).toString("base64") },
      },
    ],
    users: [{ name: "ordinal", user: { token } }],
    contexts: [{ name: "ordinal", context: { cluster: "ordinal", user: "ordinal", namespace } }],
    "current-context": "ordinal",
  };
  writeSecretFile(path, stringify(config, { lineWidth: 0 }));
}
