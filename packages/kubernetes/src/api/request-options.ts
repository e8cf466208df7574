/** What a client may say about any write, beside the object. */
export interface WriteOptions {
  /** Who writes; the owner in managedFields. */
  readonly manager?: string;
  /** Do everything but keep the result. */
  readonly dryRun?: boolean;
  /** What happens to unknown and duplicate fields: refused, told as a warning, or dropped silently. Default Strict. */
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
  /** Gets remarks for the client, which HTTP sends as `Warning` headers. */
  readonly warn?: (text: string) => void;
  /** Server-side apply takes fields over from other managers. */
  readonly force?: boolean;
}

export interface ReadSelection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListRequest extends ReadSelection {
  readonly limit?: number;
  readonly continue?: string;
}

/** A body as it was read: the value, and keys that came twice in it. */
export interface RequestBody {
  readonly value: unknown;
  readonly duplicates: readonly string[];
}

/** The part of an object that a write is for; undefined for the object itself. */
export type Subresource = "status" | "scale" | "finalize" | "binding" | undefined;
