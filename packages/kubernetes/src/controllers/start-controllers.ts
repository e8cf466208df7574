import type { Clock, Log } from "@ordinal/io";

import type { Client } from "../api/client.ts";
import { type ApiAddress, apiServiceController } from "./api-service.ts";
import type { Controller } from "./controller.ts";
import { endpointSliceController } from "./endpoints/endpoint-slices.ts";
import { endpointsController } from "./endpoints/endpoints.ts";
import { garbageCollector, type CollectedKind } from "./garbage-collector.ts";
import { namespaceController, rootCaPublisher, serviceAccountController } from "./namespaces.ts";
import { nodeTaints } from "./node-taints.ts";
import { podCollector } from "./pod-collector.ts";
import { ControllerShell } from "./shell.ts";
import { statefulSetController } from "./statefulset/stateful-set.ts";
import { volumeController } from "./volumes/volume-controller.ts";
import { claimProtection, volumeProtection } from "./volumes/volume-protection.ts";

export interface ControllersOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** Every kind that the API serves: the garbage collector and the namespace controller look after all of them. */
  readonly kinds: readonly CollectedKind[];
  /** Absolute path; the volume of a claim is a folder of its own in it. */
  readonly volumesDirectory: string;
  /** Deletes a volume's folder and everything in it; an absent folder is deleted already. */
  removeVolume(path: string): Promise<void>;
  /** PEM of the API server's authority, published in every namespace. */
  readonly rootCa: string;
  /** What the service `kubernetes` leads to. */
  readonly apiServer: ApiAddress;
}

/** Starts all controllers. They work until `stop`; writes that are under way then still happen. */
export function startControllers(options: ControllersOptions): { stop(): void } {
  const { client, clock, log, kinds, volumesDirectory, rootCa, apiServer } = options;
  const controllers: Controller[] = [
    statefulSetController,
    volumeController(volumesDirectory),
    claimProtection,
    volumeProtection,
    endpointsController,
    endpointSliceController,
    garbageCollector(kinds),
    namespaceController(kinds),
    serviceAccountController,
    rootCaPublisher(rootCa),
    podCollector,
    nodeTaints,
    apiServiceController(apiServer),
  ];
  const removeVolume = (path: string): Promise<void> => options.removeVolume(path);
  return new ControllerShell({ client, clock, log, manager: "kube-controller-manager", removeVolume }, controllers);
}
