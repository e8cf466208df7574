export { STOP_SIGNALS } from "./image.ts";
export type { Image, ImageDefinition, ImageFile, StopSignal } from "./image.ts";
export { formatReference, InvalidReferenceError, parseReference, repositoryOf } from "./reference.ts";
export type { ImageReference } from "./reference.ts";
export { defaultArgv, knownImages, resolve, unknownImageMessage } from "./resolve.ts";
export type { KnownImage } from "./resolve.ts";
export { loadUserImages, parseUserImages, UserImagesError } from "./user-images.ts";
