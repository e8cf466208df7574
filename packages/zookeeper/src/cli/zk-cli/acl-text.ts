import type { Acl } from "../../jute/data-records.ts";
import { Permission } from "../../jute/op-code.ts";
import type { Output } from "./output.ts";

const PERMISSIONS: ReadonlyMap<string, number> = new Map([
  ["r", Permission.read],
  ["w", Permission.write],
  ["c", Permission.create],
  ["d", Permission.delete],
  ["a", Permission.admin],
]);

/** `scheme:id:perms,…`; what is wrong is told, and left out. Source: org.apache.zookeeper.cli.AclParser. */
export function parseAcls(text: string, output: Output): Acl[] {
  const acls: Acl[] = [];
  for (const part of javaSplit(text)) {
    const first = part.indexOf(":");
    const last = part.lastIndexOf(":");
    if (first === last) {
      output.printError(`${part} does not have the form scheme:id:perm`);
      continue;
    }
    const id = { scheme: part.slice(0, first), id: part.slice(first + 1, last) };
    acls.push({ perms: parsePermissions(part.slice(last + 1), output), id });
  }
  return acls;
}

function parsePermissions(text: string, output: Output): number {
  let perms = 0;
  for (const letter of text) {
    const bit = PERMISSIONS.get(letter);
    if (bit === undefined) output.printError(`Unknown perm type: ${letter}`);
    else perms |= bit;
  }
  return perms;
}

/** As `String.split(",")`: empty parts at the end do not count; an empty text is one part. */
function javaSplit(text: string): string[] {
  if (text === "") return [""];
  const parts = text.split(",");
  while (parts.at(-1) === "") parts.pop();
  return parts;
}
