import { nodeSelector } from "./affinity.ts";
import { boolean, int32, list, map, object, quantity, string, time } from "./field.ts";
import { objectMeta } from "./meta.ts";
import { objectReference, secretReference } from "./references.ts";
import {
  awsElasticBlockStoreVolumeSource,
  azureDiskVolumeSource,
  fcVolumeSource,
  flockerVolumeSource,
  gcePersistentDiskVolumeSource,
  hostPathVolumeSource,
  nfsVolumeSource,
  photonPersistentDiskVolumeSource,
  portworxVolumeSource,
  quobyteVolumeSource,
  vsphereVirtualDiskVolumeSource,
} from "./volumes.ts";

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

export const rbdPersistentVolumeSource = object(
  "RBDPersistentVolumeSource",
  {
    monitors: list(string),
    image: string,
    fsType: string,
    pool: string,
    user: string,
    keyring: string,
    secretRef: secretReference,
    readOnly: boolean,
  },
  { always: ["monitors", "image"] },
);

export const iscsiPersistentVolumeSource = object(
  "ISCSIPersistentVolumeSource",
  {
    targetPortal: string,
    iqn: string,
    lun: int32,
    iscsiInterface: string,
    fsType: string,
    readOnly: boolean,
    portals: list(string),
    chapAuthDiscovery: boolean,
    chapAuthSession: boolean,
    secretRef: secretReference,
    initiatorName: string,
  },
  { always: ["targetPortal", "iqn", "lun"], kept: ["initiatorName"] },
);

export const cinderPersistentVolumeSource = object(
  "CinderPersistentVolumeSource",
  {
    volumeID: string,
    fsType: string,
    readOnly: boolean,
    secretRef: secretReference,
  },
  { always: ["volumeID"] },
);

export const cephFSPersistentVolumeSource = object(
  "CephFSPersistentVolumeSource",
  {
    monitors: list(string),
    path: string,
    user: string,
    secretFile: string,
    secretRef: secretReference,
    readOnly: boolean,
  },
  { always: ["monitors"] },
);

export const flexPersistentVolumeSource = object(
  "FlexPersistentVolumeSource",
  {
    driver: string,
    fsType: string,
    secretRef: secretReference,
    readOnly: boolean,
    options: map(string),
  },
  { always: ["driver"] },
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

export const scaleIOPersistentVolumeSource = object(
  "ScaleIOPersistentVolumeSource",
  {
    gateway: string,
    system: string,
    secretRef: secretReference,
    sslEnabled: boolean,
    protectionDomain: string,
    storagePool: string,
    storageMode: string,
    volumeName: string,
    fsType: string,
    readOnly: boolean,
  },
  { always: ["gateway", "system", "secretRef"], kept: ["secretRef"] },
);

export const localVolumeSource = object(
  "LocalVolumeSource",
  {
    path: string,
    fsType: string,
  },
  { always: ["path"], kept: ["fsType"] },
);

export const storageOSPersistentVolumeSource = object("StorageOSPersistentVolumeSource", {
  volumeName: string,
  volumeNamespace: string,
  fsType: string,
  readOnly: boolean,
  secretRef: objectReference,
});

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
    rbd: rbdPersistentVolumeSource,
    iscsi: iscsiPersistentVolumeSource,
    cinder: cinderPersistentVolumeSource,
    cephfs: cephFSPersistentVolumeSource,
    fc: fcVolumeSource,
    flocker: flockerVolumeSource,
    flexVolume: flexPersistentVolumeSource,
    azureFile: azureFilePersistentVolumeSource,
    vsphereVolume: vsphereVirtualDiskVolumeSource,
    quobyte: quobyteVolumeSource,
    azureDisk: azureDiskVolumeSource,
    photonPersistentDisk: photonPersistentDiskVolumeSource,
    portworxVolume: portworxVolumeSource,
    scaleIO: scaleIOPersistentVolumeSource,
    local: localVolumeSource,
    storageos: storageOSPersistentVolumeSource,
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
