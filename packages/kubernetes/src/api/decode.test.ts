import { describe, expect, it } from "vitest";

import { decode } from "./decode.ts";
import { widgets } from "./testing/test-kinds.ts";

describe("decoding by schema", () => {
  it("drops unknown fields and names them by their path", () => {
    const { value, unknown } = decode(
      { spec: { replica: 1, parts: [{ name: "p", imagee: "x" }] }, nope: {} },
      widgets.schema,
    );
    expect(value).toEqual({ spec: { parts: [{ name: "p" }] } });
    expect(unknown).toEqual(["spec.replica", "spec.parts[0].imagee", "nope"]);
  });

  it("makes quantities, times and bytes canonical", () => {
    const { value } = decode(
      { spec: { size: 0.5, startAt: "2026-01-02T03:04:05.678+01:00", parts: [{ limits: { cpu: "1000m" } }] } },
      widgets.schema,
    );
    expect(value).toEqual({
      spec: { size: "500m", startAt: "2026-01-02T02:04:05Z", parts: [{ limits: { cpu: "1" } }] },
    });
  });

  it("takes null for absence", () => {
    expect(decode({ spec: { replicas: null, parts: null } }, widgets.schema).value).toEqual({ spec: {} });
  });

  it("keeps a map's key __proto__ a key", () => {
    const { value } = decode(JSON.parse('{"spec":{"selector":{"__proto__":"x"}}}'), widgets.schema);
    expect(JSON.stringify(value)).toBe('{"spec":{"selector":{"__proto__":"x"}}}');
  });

  it.each([
    [
      { spec: { replicas: "two" } },
      "json: cannot unmarshal string into Go struct field WidgetSpec.spec.replicas of type int32",
    ],
    [
      { spec: { replicas: 1.5 } },
      "json: cannot unmarshal number 1.5 into Go struct field WidgetSpec.spec.replicas of type int32",
    ],
    [
      { spec: { replicas: 3_000_000_000 } },
      "json: cannot unmarshal number 3000000000 into Go struct field WidgetSpec.spec.replicas of type int32",
    ],
    [
      { spec: { parts: [{ name: 5 }] } },
      "json: cannot unmarshal number into Go struct field WidgetPart.spec.parts.name of type string",
    ],
    [
      { spec: { parts: {} } },
      "json: cannot unmarshal object into Go struct field WidgetSpec.spec.parts of type []v1.WidgetPart",
    ],
    [{ spec: [] }, "json: cannot unmarshal array into Go struct field Widget.spec of type v1.WidgetSpec"],
    [
      { metadata: { labels: { a: true } } },
      "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
    ],
    [
      { spec: { size: "lots" } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [{ spec: { target: true } }, "json: cannot unmarshal bool into Go value of type int32"],
    [{ spec: { startAt: "now" } }, 'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"'],
    [[], "json: cannot unmarshal array into Go value of type v1.Widget"],
  ])("refuses %j in Go's words", (body, message) => {
    expect(() => decode(body, widgets.schema)).toThrow(message);
  });
});
