/** Keys and passwords for tests of TLS and SASL; they guard nothing. */
import { fileURLToPath } from "node:url";

const data = (name: string): string =>
  fileURLToPath(new URL(`../../../packages/zookeeper/src/server/tls/testdata/${name}`, import.meta.url));

export const TLS_FILES = {
  serverKeyStore: data("server.p12"),
  serverTrustStore: data("trust.p12"),
  /** PEM: whom a client trusts. */
  serverCertificate: data("server.crt"),
  /** PEM: a client's key and certificate. */
  clientKey: data("client.pem"),
};

/** Lines of zoo.cfg for a port with TLS, beside the plain one. */
export function secureLines(port: number): string[] {
  return [`secureClientPort=${port}`];
}

export function secureProperties(): Record<string, string> {
  return {
    "zookeeper.serverCnxnFactory": "org.apache.zookeeper.server.NettyServerCnxnFactory",
    "zookeeper.ssl.keyStore.location": TLS_FILES.serverKeyStore,
    "zookeeper.ssl.keyStore.password": "changeit",
    "zookeeper.ssl.trustStore.location": TLS_FILES.serverTrustStore,
    "zookeeper.ssl.trustStore.password": "changeit",
  };
}

/** What `-client-configuration` says to come in by that port. */
export const SECURE_CLIENT_PROPERTIES = `zookeeper.client.secure=true
zookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty
zookeeper.ssl.keyStore.location=${TLS_FILES.clientKey}
zookeeper.ssl.trustStore.location=${TLS_FILES.serverCertificate}
zookeeper.ssl.trustStore.type=PEM
zookeeper.ssl.hostnameVerification=false
`;

export const JAAS_SERVER = `Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  user_bob="bobsecret"
  user_super="supersecret";
};
`;

export function jaasClient(user: string, password: string): string {
  return `Client {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  username="${user}"
  password="${password}";
};
`;
}
