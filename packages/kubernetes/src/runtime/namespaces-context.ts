import type { Image } from "@ordinal/images";
import type { Log } from "@ordinal/io";

import type { ImageLayer } from "./image-layer.ts";
import type { MachineTools } from "./machine-tools.ts";
import type { PipePool } from "./pipe-pool.ts";
import type { MachineForRoots } from "./root-file-system.ts";

/** What the sandboxes of one runtime share. */
export interface NamespacesContext extends MachineForRoots {
  readonly tools: MachineTools;
  readonly pipes: PipePool;
  readonly log: Log;
  layerOf(image: Image): Promise<ImageLayer>;
  /** The bridge of a node, made when its first pod comes. */
  nodeBridge(nodeName: string): Promise<string>;
  /** A name for a new link that no other has. */
  nextLinkName(): string;
}
