import { boolean, int32, int64, list, map, object, quantity, string } from "./field.ts";
import { labelSelector } from "./label-selector.ts";
import { objectMeta } from "./meta.ts";
import { persistentVolumeClaimSpec } from "./persistent-volume-claim.ts";
import { localObjectReference, objectFieldSelector, resourceFieldSelector } from "./references.ts";

export const hostPathVolumeSource = object(
  "HostPathVolumeSource",
  {
    path: string,
    type: string,
  },
  { always: ["path"], kept: ["type"] },
);

export const emptyDirVolumeSource = object(
  "EmptyDirVolumeSource",
  {
    medium: string,
    sizeLimit: quantity,
  },
  { kept: ["sizeLimit"] },
);

export const gcePersistentDiskVolumeSource = object(
  "GCEPersistentDiskVolumeSource",
  {
    pdName: string,
    fsType: string,
    partition: int32,
    readOnly: boolean,
  },
  { always: ["pdName"] },
);

export const awsElasticBlockStoreVolumeSource = object(
  "AWSElasticBlockStoreVolumeSource",
  {
    volumeID: string,
    fsType: string,
    partition: int32,
    readOnly: boolean,
  },
  { always: ["volumeID"] },
);

export const gitRepoVolumeSource = object(
  "GitRepoVolumeSource",
  {
    repository: string,
    revision: string,
    directory: string,
  },
  { always: ["repository"] },
);

export const keyToPath = object(
  "KeyToPath",
  {
    key: string,
    path: string,
    mode: int32,
  },
  { always: ["key", "path"], kept: ["mode"] },
);

export const secretVolumeSource = object(
  "SecretVolumeSource",
  {
    secretName: string,
    items: list(keyToPath),
    defaultMode: int32,
    optional: boolean,
  },
  { kept: ["defaultMode", "optional"] },
);

export const nfsVolumeSource = object(
  "NFSVolumeSource",
  {
    server: string,
    path: string,
    readOnly: boolean,
  },
  { always: ["server", "path"] },
);

export const iscsiVolumeSource = object(
  "ISCSIVolumeSource",
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
    secretRef: localObjectReference,
    initiatorName: string,
  },
  { always: ["targetPortal", "iqn", "lun"], kept: ["initiatorName"] },
);

export const glusterfsVolumeSource = object(
  "GlusterfsVolumeSource",
  {
    endpoints: string,
    path: string,
    readOnly: boolean,
  },
  { always: ["endpoints", "path"] },
);

export const persistentVolumeClaimVolumeSource = object(
  "PersistentVolumeClaimVolumeSource",
  {
    claimName: string,
    readOnly: boolean,
  },
  { always: ["claimName"] },
);

export const rbdVolumeSource = object(
  "RBDVolumeSource",
  {
    monitors: list(string),
    image: string,
    fsType: string,
    pool: string,
    user: string,
    keyring: string,
    secretRef: localObjectReference,
    readOnly: boolean,
  },
  { always: ["monitors", "image"] },
);

export const flexVolumeSource = object(
  "FlexVolumeSource",
  {
    driver: string,
    fsType: string,
    secretRef: localObjectReference,
    readOnly: boolean,
    options: map(string),
  },
  { always: ["driver"] },
);

export const cinderVolumeSource = object(
  "CinderVolumeSource",
  {
    volumeID: string,
    fsType: string,
    readOnly: boolean,
    secretRef: localObjectReference,
  },
  { always: ["volumeID"] },
);

export const cephFSVolumeSource = object(
  "CephFSVolumeSource",
  {
    monitors: list(string),
    path: string,
    user: string,
    secretFile: string,
    secretRef: localObjectReference,
    readOnly: boolean,
  },
  { always: ["monitors"] },
);

export const flockerVolumeSource = object("FlockerVolumeSource", {
  datasetName: string,
  datasetUUID: string,
});

export const downwardAPIVolumeFile = object(
  "DownwardAPIVolumeFile",
  {
    path: string,
    fieldRef: objectFieldSelector,
    resourceFieldRef: resourceFieldSelector,
    mode: int32,
  },
  { always: ["path"], kept: ["mode"] },
);

export const downwardAPIVolumeSource = object(
  "DownwardAPIVolumeSource",
  {
    items: list(downwardAPIVolumeFile),
    defaultMode: int32,
  },
  { kept: ["defaultMode"] },
);

export const fcVolumeSource = object(
  "FCVolumeSource",
  {
    targetWWNs: list(string),
    lun: int32,
    fsType: string,
    readOnly: boolean,
    wwids: list(string),
  },
  { kept: ["lun"] },
);

export const azureFileVolumeSource = object(
  "AzureFileVolumeSource",
  {
    secretName: string,
    shareName: string,
    readOnly: boolean,
  },
  { always: ["secretName", "shareName"] },
);

export const configMapVolumeSource = object(
  "ConfigMapVolumeSource",
  {
    name: string,
    items: list(keyToPath),
    defaultMode: int32,
    optional: boolean,
  },
  { kept: ["defaultMode", "optional"] },
);

export const vsphereVirtualDiskVolumeSource = object(
  "VsphereVirtualDiskVolumeSource",
  {
    volumePath: string,
    fsType: string,
    storagePolicyName: string,
    storagePolicyID: string,
  },
  { always: ["volumePath"] },
);

export const quobyteVolumeSource = object(
  "QuobyteVolumeSource",
  {
    registry: string,
    volume: string,
    readOnly: boolean,
    user: string,
    group: string,
    tenant: string,
  },
  { always: ["registry", "volume"] },
);

export const azureDiskVolumeSource = object(
  "AzureDiskVolumeSource",
  {
    diskName: string,
    diskURI: string,
    cachingMode: string,
    fsType: string,
    readOnly: boolean,
    kind: string,
  },
  { always: ["diskName", "diskURI"], kept: ["cachingMode", "fsType", "readOnly", "kind"] },
);

export const photonPersistentDiskVolumeSource = object(
  "PhotonPersistentDiskVolumeSource",
  {
    pdID: string,
    fsType: string,
  },
  { always: ["pdID"] },
);

export const secretProjection = object(
  "SecretProjection",
  {
    name: string,
    items: list(keyToPath),
    optional: boolean,
  },
  { kept: ["optional"] },
);

export const downwardAPIProjection = object("DownwardAPIProjection", {
  items: list(downwardAPIVolumeFile),
});

export const configMapProjection = object(
  "ConfigMapProjection",
  {
    name: string,
    items: list(keyToPath),
    optional: boolean,
  },
  { kept: ["optional"] },
);

export const serviceAccountTokenProjection = object(
  "ServiceAccountTokenProjection",
  {
    audience: string,
    expirationSeconds: int64,
    path: string,
  },
  { always: ["path"], kept: ["expirationSeconds"] },
);

export const clusterTrustBundleProjection = object(
  "ClusterTrustBundleProjection",
  {
    name: string,
    signerName: string,
    labelSelector,
    optional: boolean,
    path: string,
  },
  { always: ["path"], kept: ["name", "signerName", "optional"] },
);

export const volumeProjection = object("VolumeProjection", {
  secret: secretProjection,
  downwardAPI: downwardAPIProjection,
  configMap: configMapProjection,
  serviceAccountToken: serviceAccountTokenProjection,
  clusterTrustBundle: clusterTrustBundleProjection,
});

export const projectedVolumeSource = object(
  "ProjectedVolumeSource",
  {
    sources: list(volumeProjection),
    defaultMode: int32,
  },
  { always: ["sources"], kept: ["defaultMode"] },
);

export const portworxVolumeSource = object(
  "PortworxVolumeSource",
  {
    volumeID: string,
    fsType: string,
    readOnly: boolean,
  },
  { always: ["volumeID"] },
);

export const scaleIOVolumeSource = object(
  "ScaleIOVolumeSource",
  {
    gateway: string,
    system: string,
    secretRef: localObjectReference,
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

export const storageOSVolumeSource = object("StorageOSVolumeSource", {
  volumeName: string,
  volumeNamespace: string,
  fsType: string,
  readOnly: boolean,
  secretRef: localObjectReference,
});

export const csiVolumeSource = object(
  "CSIVolumeSource",
  {
    driver: string,
    readOnly: boolean,
    fsType: string,
    volumeAttributes: map(string),
    nodePublishSecretRef: localObjectReference,
  },
  { always: ["driver"], kept: ["readOnly", "fsType"] },
);

export const persistentVolumeClaimTemplate = object(
  "PersistentVolumeClaimTemplate",
  {
    metadata: objectMeta,
    spec: persistentVolumeClaimSpec,
  },
  { always: ["metadata", "spec"] },
);

export const ephemeralVolumeSource = object("EphemeralVolumeSource", {
  volumeClaimTemplate: persistentVolumeClaimTemplate,
});

export const imageVolumeSource = object("ImageVolumeSource", {
  reference: string,
  pullPolicy: string,
});

export const volume = object(
  "Volume",
  {
    name: string,
    hostPath: hostPathVolumeSource,
    emptyDir: emptyDirVolumeSource,
    gcePersistentDisk: gcePersistentDiskVolumeSource,
    awsElasticBlockStore: awsElasticBlockStoreVolumeSource,
    gitRepo: gitRepoVolumeSource,
    secret: secretVolumeSource,
    nfs: nfsVolumeSource,
    iscsi: iscsiVolumeSource,
    glusterfs: glusterfsVolumeSource,
    persistentVolumeClaim: persistentVolumeClaimVolumeSource,
    rbd: rbdVolumeSource,
    flexVolume: flexVolumeSource,
    cinder: cinderVolumeSource,
    cephfs: cephFSVolumeSource,
    flocker: flockerVolumeSource,
    downwardAPI: downwardAPIVolumeSource,
    fc: fcVolumeSource,
    azureFile: azureFileVolumeSource,
    configMap: configMapVolumeSource,
    vsphereVolume: vsphereVirtualDiskVolumeSource,
    quobyte: quobyteVolumeSource,
    azureDisk: azureDiskVolumeSource,
    photonPersistentDisk: photonPersistentDiskVolumeSource,
    projected: projectedVolumeSource,
    portworxVolume: portworxVolumeSource,
    scaleIO: scaleIOVolumeSource,
    storageos: storageOSVolumeSource,
    csi: csiVolumeSource,
    ephemeral: ephemeralVolumeSource,
    image: imageVolumeSource,
  },
  { always: ["name"], retainKeys: true },
);
