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
  /** Commands put on the PATH of the image's containers: name → how to run it (absolute path and leading arguments). */
  readonly programs: Readonly<Record<string, readonly string[]>>;
  /** Files that exist in the image, by absolute path inside it. */
  readonly files: readonly ImageFile[];
  /** Signal that stops the main process, `SIGTERM` unless the image says otherwise (nginx: `SIGQUIT`). */
  readonly stopSignal: "SIGTERM" | "SIGQUIT" | "SIGINT" | "SIGKILL";
}

export interface ImageFile {
  readonly path: string;
  /** Text of the file, or the file of the machine that it is a copy of. */
  readonly content: string | { readonly copyOf: string };
  /** e.g. 0o644 */
  readonly mode: number;
}
