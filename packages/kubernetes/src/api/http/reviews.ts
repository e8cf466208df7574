// Reviews of the client's own rights: whoever has the token may do everything.
import { isRecord } from "../../kinds/json-record.ts";
import { readBody, parseBody } from "./body-reader.ts";
import { mediaType } from "./resources.ts";
import { type Exchange, sendJson } from "./respond.ts";

const EVERYTHING = {
  resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
  nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
  incomplete: false,
};

/** kubectl sends these bodies as protobuf; what they ask does not change the answer. */
export async function serveReview(resource: string, exchange: Exchange): Promise<void> {
  const bytes = await readBody(exchange.request);
  const body = mediaType(exchange) === "application/json" ? parseBody(bytes).value : undefined;
  const spec = isRecord(body) && isRecord(body["spec"]) ? body["spec"] : {};
  const metadata = { creationTimestamp: null };
  switch (resource) {
    case "selfsubjectaccessreviews":
      return sendJson(exchange, 201, {
        kind: "SelfSubjectAccessReview",
        apiVersion: "authorization.k8s.io/v1",
        metadata,
        spec,
        status: { allowed: true },
      });
    case "selfsubjectrulesreviews":
      return sendJson(exchange, 201, {
        kind: "SelfSubjectRulesReview",
        apiVersion: "authorization.k8s.io/v1",
        metadata,
        spec: {},
        status: EVERYTHING,
      });
    default:
      return sendJson(exchange, 201, {
        kind: "SelfSubjectReview",
        apiVersion: "authentication.k8s.io/v1",
        metadata,
        status: { userInfo: { username: "ordinal", groups: ["system:masters", "system:authenticated"] } },
      });
  }
}
