import type { ObjectSchema, Schema } from "../kind.ts";
import { nodeSelector } from "./affinity.ts";
import { boolean, list, map, object, quantity, string, time } from "./field.ts";
import { objectMeta } from "./meta.ts";
import { objectReference, secretReference } from "./references.ts";
import {
  awsElasticBlockStoreVolumeSource,
  azureDiskVolumeSource,
  cephFSVolumeSource,
  cinderVolumeSource,
  fcVolumeSource,
  flexVolumeSource,
  flockerVolumeSource,
  gcePersistentDiskVolumeSource,
  hostPathVolumeSource,
  iscsiVolumeSource,
  nfsVolumeSource,
  photonPersistentDiskVolumeSource,
  portworxVolumeSource,
  quobyteVolumeSource,
  rbdVolumeSource,
  scaleIOVolumeSource,
  storageOSVolumeSource,
  vsphereVirtualDiskVolumeSource,
} from "./volumes.ts";

/** A pod's source, its secret being one of the pod's namespace, as a volume has it, which must say where the secret is. */
function persistent(source: ObjectSchema, secretRef: Schema = secretReference): ObjectSchema {
  const goName = source.goName.replace(/VolumeSource$/, "PersistentVolumeSource");
  return { ...source, goName, fields: { ...source.fields, secretRef } };
}

export const glusterfsPersistentVolumeSource = object(
  "GlusterfsPersistentVolumeSource",
  {
    endpoints: string,
    path: string,
    readOnly: boolean,
    endpointsNamespace: string,
  },
  { always: ["endpoints", "path"], kept: ["endpointsNamespace"] },
);

export const azureFilePersistentVolumeSource = object(
  "AzureFilePersistentVolumeSource",
  {
    secretName: string,
    shareName: string,
    readOnly: boolean,
    secretNamespace: string,
  },
  { always: ["secretName", "shareName", "secretNamespace"], kept: ["secretNamespace"] },
);

export const localVolumeSource = object(
  "LocalVolumeSource",
  {
    path: string,
    fsType: string,
  },
  { always: ["path"], kept: ["fsType"] },
);

export const csiPersistentVolumeSource = object(
  "CSIPersistentVolumeSource",
  {
    driver: string,
    volumeHandle: string,
    readOnly: boolean,
    fsType: string,
    volumeAttributes: map(string),
    controllerPublishSecretRef: secretReference,
    nodeStageSecretRef: secretReference,
    nodePublishSecretRef: secretReference,
    controllerExpandSecretRef: secretReference,
    nodeExpandSecretRef: secretReference,
  },
  { always: ["driver", "volumeHandle"] },
);

export const volumeNodeAffinity = object("VolumeNodeAffinity", {
  required: nodeSelector,
});

export const persistentVolumeSpec = object(
  "PersistentVolumeSpec",
  {
    capacity: map(quantity),
    gcePersistentDisk: gcePersistentDiskVolumeSource,
    awsElasticBlockStore: awsElasticBlockStoreVolumeSource,
    hostPath: hostPathVolumeSource,
    glusterfs: glusterfsPersistentVolumeSource,
    nfs: nfsVolumeSource,
    rbd: persistent(rbdVolumeSource),
    iscsi: persistent(iscsiVolumeSource),
    cinder: persistent(cinderVolumeSource),
    cephfs: persistent(cephFSVolumeSource),
    fc: fcVolumeSource,
    flocker: flockerVolumeSource,
    flexVolume: persistent(flexVolumeSource),
    azureFile: azureFilePersistentVolumeSource,
    vsphereVolume: vsphereVirtualDiskVolumeSource,
    quobyte: quobyteVolumeSource,
    azureDisk: azureDiskVolumeSource,
    photonPersistentDisk: photonPersistentDiskVolumeSource,
    portworxVolume: portworxVolumeSource,
    scaleIO: persistent(scaleIOVolumeSource),
    local: localVolumeSource,
    storageos: persistent(storageOSVolumeSource, objectReference),
    csi: csiPersistentVolumeSource,
    accessModes: list(string),
    claimRef: objectReference,
    persistentVolumeReclaimPolicy: string,
    storageClassName: string,
    mountOptions: list(string),
    volumeMode: string,
    nodeAffinity: volumeNodeAffinity,
    volumeAttributesClassName: string,
  },
  { kept: ["volumeMode", "volumeAttributesClassName"] },
);

export const persistentVolumeStatus = object(
  "PersistentVolumeStatus",
  {
    phase: string,
    message: string,
    reason: string,
    lastPhaseTransitionTime: time,
  },
  { kept: ["lastPhaseTransitionTime"] },
);

export const persistentVolume = object(
  "PersistentVolume",
  {
    kind: string,
    apiVersion: string,
    metadata: objectMeta,
    spec: persistentVolumeSpec,
    status: persistentVolumeStatus,
  },
  { always: ["metadata", "spec", "status"] },
);
