/** Types, classes and codes as RFC 1035, 2782, 3596 and 6891 number them; only those this server speaks of. */
export const RecordType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export const ResponseCode = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  /** Sixteen does not fit a header: its high byte travels in the OPT record. */
  BADVERS: 16,
} as const;

export type ResponseCode = (typeof ResponseCode)[keyof typeof ResponseCode];

/**
 * One resource record of class IN. Names are dotted, without the final dot and without escapes: every name an object of
 * the API can have. `owner` is null where the owner is the question's own name, whose bytes the answer then repeats.
 */
export interface ResourceRecord {
  readonly owner: string | null;
  readonly ttlSeconds: number;
  readonly data: RecordData;
}

export type RecordData =
  /** An A record for 4 bytes, an AAAA record for 16. */
  | { readonly kind: "address"; readonly bytes: Uint8Array }
  | {
      readonly kind: "name";
      readonly type: typeof RecordType.CNAME | typeof RecordType.NS | typeof RecordType.PTR;
      readonly target: string;
    }
  | {
      readonly kind: "service";
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "authority";
      readonly primary: string;
      readonly mailbox: string;
      readonly serial: number;
      readonly refreshSeconds: number;
      readonly retrySeconds: number;
      readonly expireSeconds: number;
      readonly minimumSeconds: number;
    };
