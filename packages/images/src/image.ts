/**
 * What a container image name means here. The machine's own file system is the base of every image (copy-on-write where
 * the runtime can); an image adds programs and files to it and says what runs.
 */
export interface Image {
  /** The name that was asked for, e.g. `k8s.gcr.io/nginx-slim:0.8`. */
  readonly reference: string;
  /** A stable made-up digest, `sha256:<64 hex>`: the same for the same reference and definition. */
  readonly digest: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** Numeric user of the image's processes; 0 is the lab's own user. */
  readonly user: number;
  /**
   * Commands of the image: name → how to run it (absolute path and leading arguments). A bare name is put on the PATH
   * (`/usr/local/bin`); an absolute path is where the command lies inside the image.
   */
  readonly programs: Readonly<Record<string, readonly string[]>>;
  /** Files that exist in the image, by absolute path inside it. */
  readonly files: readonly ImageFile[];
  /** Folders of the machine that the image's programs run from; containers see them read-only at the same path. */
  readonly folders: readonly string[];
  /**
   * Commands of this project that load what the programs load, and end: the runtime runs them once, outside of any
   * container, so that Node has compiled it when the next container starts. Images of users have none.
   */
  readonly warmUp?: readonly (readonly string[])[];
  /** Signal that stops the main process, `SIGTERM` unless the image says otherwise (nginx: `SIGQUIT`). */
  readonly stopSignal: StopSignal;
}

export const STOP_SIGNALS = ["SIGTERM", "SIGQUIT", "SIGINT", "SIGKILL"] as const;
export type StopSignal = (typeof STOP_SIGNALS)[number];

export interface ImageFile {
  readonly path: string;
  /** Text of the file, or the file of the machine that it is a copy of. */
  readonly content: string | { readonly copyOf: string };
  /** e.g. 0o644 */
  readonly mode: number;
}

/** An image before anyone asked for it by a particular tag: everything but `reference` and `digest`. */
export interface ImageDefinition extends Omit<Image, "reference" | "digest"> {
  /** Normalised repositories it answers to, e.g. `docker.io/library/nginx`. */
  readonly repositories: readonly string[];
  /** Tags it answers to; any tag or digest when absent. */
  readonly tags?: readonly string[];
  /** One line for listings. */
  readonly summary: string;
}
