import { busyboxImage } from "./busybox.ts";
import type { ImageDefinition } from "./image.ts";
import { nginxImage } from "./nginx.ts";
import { officialZookeeperImage, zookeeperImage } from "./zookeeper.ts";

/** The images that need no declaration, in the order in which they are listed. */
export function builtInImages(): readonly ImageDefinition[] {
  return [nginxImage(), busyboxImage(), zookeeperImage(), officialZookeeperImage()];
}
