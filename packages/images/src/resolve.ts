import { createHash } from "node:crypto";

import { builtInImages } from "./built-in.ts";
import type { Image, ImageDefinition } from "./image.ts";
import { formatReference, parseReference, repositoryOf } from "./reference.ts";

/**
 * The image that `reference` names, the user's own declarations first. Undefined when nobody knows it. Throws
 * `InvalidReferenceError` when it cannot be an image's name.
 */
export function resolve(reference: string, userImages: readonly ImageDefinition[] = []): Image | undefined {
  const parsed = parseReference(reference);
  const repository = repositoryOf(parsed);
  const definition = [...userImages, ...builtInImages()].find(
    (candidate) =>
      candidate.repositories.includes(repository) &&
      (candidate.tags === undefined || (parsed.tag !== undefined && candidate.tags.includes(parsed.tag))),
  );
  if (definition === undefined) return undefined;
  const { repositories: _repositories, tags: _tags, summary: _summary, ...rest } = definition;
  return { ...rest, reference, digest: parsed.digest ?? digestOf(formatReference(parsed), definition) };
}

/** Images that `resolve` answers, one line of listing each. */
export interface KnownImage {
  /** As users write it: without `docker.io/library/`. */
  readonly name: string;
  /** Other names for the same image. */
  readonly aliases: readonly string[];
  /** Undefined: any tag. */
  readonly tags: readonly string[] | undefined;
  readonly summary: string;
}

export function knownImages(userImages: readonly ImageDefinition[] = []): readonly KnownImage[] {
  return [...userImages, ...builtInImages()].map((definition) => {
    const [name = "", ...aliases] = definition.repositories.map(familiar);
    return { name, aliases, tags: definition.tags, summary: definition.summary };
  });
}

/** What a waiting container says (reason `ErrImagePull`): that nobody knows the image, which are known, what to do. */
export function unknownImageMessage(reference: string, userImages: readonly ImageDefinition[] = []): string {
  const names = knownImages(userImages).map(({ name, aliases, tags }) => {
    const all = [name, ...aliases].join(", ");
    return tags === undefined ? all : `${all} (${tags.join(", ")})`;
  });
  return (
    `failed to resolve image "${reference}": not found; this lab pulls nothing and knows ${names.join("; ")}; ` +
    "declare an image of your own in the lab's images.yaml"
  );
}

/** The argv of a container that overrides neither, as `docker run IMAGE` would use it. */
export function defaultArgv(image: Image): readonly string[] {
  return [...image.entrypoint, ...image.command];
}

function familiar(repository: string): string {
  return repository.replace(/^docker\.io\/(library\/)?/, "");
}

/** Changes when the definition does, so that a container's image id tells which definition it runs. */
function digestOf(name: string, definition: ImageDefinition): string {
  const { folders: _folders, ...described } = definition;
  return `sha256:${createHash("sha256")
    .update(JSON.stringify([name, described]))
    .digest("hex")}`;
}
