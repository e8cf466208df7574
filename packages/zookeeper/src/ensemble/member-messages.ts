import type { MemberStatus } from "./member.ts";

/** What a server's process is asked by the one that started it. */
export type MemberRequest =
  | {
      readonly kind: "start";
      readonly id: number;
      readonly configFile: string;
      readonly properties: Readonly<Record<string, string>>;
      readonly cut: readonly string[];
    }
  | { readonly kind: "cut"; readonly id: number; readonly cut: readonly string[] }
  | { readonly kind: "status"; readonly id: number };

export type MemberAnswer =
  | { readonly kind: "done"; readonly id: number }
  | { readonly kind: "status"; readonly id: number; readonly status: MemberStatus | undefined }
  /** It cannot start, or cannot go on, and ends. */
  | { readonly kind: "failed"; readonly reason: string; readonly code: string | undefined };
