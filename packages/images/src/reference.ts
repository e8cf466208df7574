/**
 * Names of container images, as in github.com/distribution/reference (`reference.ParseNormalizedNamed`): a domain, a
 * path, a tag and a digest, with `docker.io`, `library/` and `latest` understood where they are left out.
 */
export interface ImageReference {
  /** e.g. `docker.io` */
  readonly domain: string;
  /** e.g. `library/nginx` */
  readonly path: string;
  /** `latest` when neither a tag nor a digest was given; undefined with a digest alone. */
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** The name cannot be an image's: becomes the waiting reason `InvalidImageName`. */
export class InvalidReferenceError extends Error {
  constructor(reference: string, why: string) {
    super(`couldn't parse image name "${reference}": ${why}`);
    this.name = "InvalidReferenceError";
  }
}

const PATH_COMPONENT = "[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*";
const PATH = new RegExp(`^${PATH_COMPONENT}(?:/${PATH_COMPONENT})*$`);
const DOMAIN_LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const DOMAIN = new RegExp(`^(?:${DOMAIN_LABEL}(?:\\.${DOMAIN_LABEL})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?$`);
const TAG = /^[\w][\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const NAME_LENGTH_MAX = 255;

/** Throws `InvalidReferenceError`. */
export function parseReference(text: string): ImageReference {
  const invalid = () => new InvalidReferenceError(text, "invalid reference format");
  let rest = text;
  let digest: string | undefined;
  const at = rest.indexOf("@");
  if (at !== -1) {
    digest = rest.slice(at + 1);
    rest = rest.slice(0, at);
    if (!DIGEST.test(digest)) throw invalid();
    if (digest.startsWith("sha256:") && digest.length !== "sha256:".length + 64) throw invalid();
  }
  let tag: string | undefined;
  const colon = rest.lastIndexOf(":");
  if (colon > rest.lastIndexOf("/")) {
    tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
    if (!TAG.test(tag)) throw invalid();
  }
  const slash = rest.indexOf("/");
  const first = slash === -1 ? "" : rest.slice(0, slash);
  const hasDomain = first === "localhost" || /[.:]/.test(first) || first !== first.toLowerCase();
  const given = hasDomain ? first : "docker.io";
  const domain = given === "index.docker.io" ? "docker.io" : given;
  let path = hasDomain ? rest.slice(slash + 1) : rest;
  if (domain === "docker.io" && !path.includes("/")) path = `library/${path}`;
  if (!DOMAIN.test(domain)) throw invalid();
  if (path !== path.toLowerCase()) {
    throw new InvalidReferenceError(text, "invalid reference format: repository name must be lowercase");
  }
  if (!PATH.test(path)) throw invalid();
  if (domain.length + 1 + path.length > NAME_LENGTH_MAX) {
    throw new InvalidReferenceError(text, "repository name must not be more than 255 characters");
  }
  return { domain, path, tag: tag ?? (digest === undefined ? "latest" : undefined), digest };
}

/** `docker.io/library/nginx`: what images are looked up by. */
export function repositoryOf(reference: ImageReference): string {
  return `${reference.domain}/${reference.path}`;
}

/** `docker.io/library/nginx:latest`: the whole name with nothing left out. */
export function formatReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${repositoryOf(reference)}${tag}${digest}`;
}
