import { OpCode } from "../jute/op-code.ts";

/** The short names by which `cons` and the admin server tell a connection's last operation. Source: FinalRequestProcessor. */
const NAMES: ReadonlyMap<number, string> = new Map<number, string>([
  [OpCode.ping, "PING"],
  [OpCode.createSession, "SESS"],
  [OpCode.multi, "MULT"],
  [OpCode.multiRead, "MLTR"],
  [OpCode.create, "CREA"],
  [OpCode.create2, "CREA"],
  [OpCode.createTTL, "CREA"],
  [OpCode.createContainer, "CREA"],
  [OpCode.delete, "DELE"],
  [OpCode.deleteContainer, "DELE"],
  [OpCode.setData, "SETD"],
  [OpCode.reconfig, "RECO"],
  [OpCode.setACL, "SETA"],
  [OpCode.closeSession, "CLOS"],
  [OpCode.sync, "SYNC"],
  [OpCode.check, "CHEC"],
  [OpCode.exists, "EXIS"],
  [OpCode.getData, "GETD"],
  [OpCode.setWatches, "SETW"],
  [OpCode.setWatches2, "STW2"],
  [OpCode.addWatch, "ADDW"],
  [OpCode.getACL, "GETA"],
  [OpCode.getChildren, "GETC"],
  [OpCode.getChildren2, "GETC"],
  [OpCode.getAllChildrenNumber, "GETACN"],
  [OpCode.checkWatches, "CHKW"],
  [OpCode.removeWatches, "REMW"],
  [OpCode.whoAmI, "HOMI"],
  [OpCode.getEphemerals, "GETE"],
]);

export function operationName(type: number | undefined): string {
  return (type === undefined ? undefined : NAMES.get(type)) ?? "NA";
}
