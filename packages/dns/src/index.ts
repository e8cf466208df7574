export type { Answer, Question } from "./zone/answer.ts";
export type { PodRecords } from "./zone/lookup.ts";
export type { ZoneKind, ZoneObject } from "./zone/objects.ts";
export { type ResourceRecord, RecordType, ResponseCode } from "./zone/record.ts";
export { createZone, type Zone, type ZoneOptions } from "./zone/zone.ts";
export { type DnsServer, type DnsServerOptions, type ListenAddress, startDnsServer } from "./server/server.ts";
export type { TcpLimits } from "./server/tcp.ts";
export { nslookupProgram } from "./nslookup/program.ts";
