// Making a volume for a claim: provisionClaimOperation of pkg/controller/volume/persistentvolume/pv_controller.go of
// Kubernetes. A volume is a folder of its own under one directory, so every node reaches it.
import { subjectOf } from "../event-recorder.ts";
import type { Action, EventNote } from "../plan.ts";
import type { StoredClaim, StoredVolume, View } from "../view.ts";
import {
  BETA_STORAGE_PROVISIONER,
  BOUND_BY_CONTROLLER,
  LOCAL_PROVISIONERS,
  PROVISIONED_BY,
  STORAGE_PROVISIONER,
  VOLUME_DELETION,
} from "./volume-names.ts";

export interface Provisioning {
  readonly steps: readonly Action[];
  /** The volume as the steps make it; undefined when somebody else has to, or nobody can. */
  readonly volume?: StoredVolume;
}

export function provision(view: View, claim: StoredClaim, volumesDirectory: string): Provisioning {
  const className = claim.spec?.storageClassName ?? "";
  const about = { ...subjectOf(claim), apiVersion: "v1", kind: "PersistentVolumeClaim" };
  const note = (type: EventNote["type"], reason: string, message: string): EventNote => ({
    about,
    type,
    reason,
    message,
  });
  const storageClass = view.get("storageclasses.storage.k8s.io", "", className);
  if (storageClass === undefined) {
    const message = `storageclass.storage.k8s.io "${className}" not found`;
    return { steps: [{ kind: "event", note: note("Warning", "ProvisioningFailed", message) }] };
  }
  const { provisioner } = storageClass;
  if (!LOCAL_PROVISIONERS.has(provisioner)) {
    const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
    return {
      steps: [
        ...announce(claim, provisioner),
        { kind: "event", note: note("Normal", "ExternalProvisioning", message) },
      ],
    };
  }
  const name = `pvc-${claim.metadata.uid}`;
  const { namespace, name: claimName, uid, resourceVersion } = claim.metadata;
  const reclaimPolicy = storageClass.reclaimPolicy ?? "Delete";
  const volume = {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: {
      name,
      annotations: { [BOUND_BY_CONTROLLER]: "yes", [PROVISIONED_BY]: provisioner },
      ...(reclaimPolicy === "Delete" ? { finalizers: [VOLUME_DELETION] } : {}),
    },
    spec: {
      capacity: { storage: claim.spec?.resources?.requests?.["storage"] ?? "0" },
      accessModes: claim.spec?.accessModes ?? [],
      volumeMode: claim.spec?.volumeMode ?? "Filesystem",
      persistentVolumeReclaimPolicy: reclaimPolicy,
      storageClassName: className,
      ...(storageClass.mountOptions === undefined ? {} : { mountOptions: storageClass.mountOptions }),
      claimRef: { kind: "PersistentVolumeClaim", namespace, name: claimName, uid, apiVersion: "v1", resourceVersion },
      hostPath: { path: `${volumesDirectory}/${name}`, type: "DirectoryOrCreate" },
    },
  };
  const outcome = {
    success: note("Normal", "ProvisioningSucceeded", `Successfully provisioned volume ${name} using ${provisioner}`),
    failure: [note("Warning", "ProvisioningFailed", "Error creating provisioned PV object for claim: ")],
  };
  return {
    steps: [{ kind: "create", resource: "persistentvolumes", object: volume, existsIsFine: true, outcome }],
    volume: volume as unknown as StoredVolume,
  };
}

/** Tells an external provisioner that this claim is its own to serve. */
function announce(claim: StoredClaim, provisioner: string): Action[] {
  if (claim.metadata.annotations?.[STORAGE_PROVISIONER] === provisioner) return [];
  const { namespace = "", name, uid } = claim.metadata;
  const annotations = { [BETA_STORAGE_PROVISIONER]: provisioner, [STORAGE_PROVISIONER]: provisioner };
  return [
    { kind: "patch", resource: "persistentvolumeclaims", namespace, name, patch: { metadata: { uid, annotations } } },
  ];
}
