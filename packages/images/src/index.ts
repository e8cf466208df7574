export type { Image, ImageFile } from "./image.ts";
