// The grammar of github.com/distribution/reference, as far as the defaulting of pull policies needs it.

const REFERENCE =
  /^(?<name>[^@]+?)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$/;
const NAME =
  /^(?:[a-zA-Z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

/** The tag of an image's name: `latest` when neither tag nor digest is given, "" for a digest alone or a malformed name. */
export function imageTag(image: string): string {
  const match = REFERENCE.exec(image);
  const { name = "", tag = "", digest = "" } = match?.groups ?? {};
  // A name that is 64 hexadecimal digits would be taken for an image's id.
  if (!NAME.test(name) || /^[0-9a-f]{64}$/.test(image)) return "";
  return tag === "" && digest === "" ? "latest" : tag;
}
