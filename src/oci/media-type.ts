// Media types of image-spec and their Docker twins (image-spec, media-types.md).

export const MEDIA = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layerTar: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** All four manifest types; always sent in `Accept`, since servers otherwise answer 404 or another document (reference: distribution-spec, Pull). */
export const MANIFEST_TYPES: readonly string[] = [MEDIA.index, MEDIA.manifest, MEDIA.dockerIndex, MEDIA.dockerManifest];

const DOCKER_TO_OCI: Readonly<Record<string, string>> = {
  [MEDIA.dockerIndex]: MEDIA.index,
  [MEDIA.dockerManifest]: MEDIA.manifest,
  [MEDIA.dockerConfig]: MEDIA.config,
  'application/vnd.docker.image.rootfs.diff.tar': MEDIA.layerTar,
  [MEDIA.dockerLayerGzip]: MEDIA.layerGzip,
  'application/vnd.docker.image.rootfs.diff.tar.zstd': MEDIA.layerZstd,
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip':
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
};

/** The OCI twin of a Docker media type; any other type unchanged. Bytes and digests of layers stay the same. */
export function ociMediaType(mediaType: string): string {
  return DOCKER_TO_OCI[mediaType] ?? mediaType;
}

export function isIndexType(mediaType: string): boolean {
  return ociMediaType(mediaType) === MEDIA.index;
}

export function isManifestType(mediaType: string): boolean {
  return ociMediaType(mediaType) === MEDIA.manifest;
}

/** Foreign layers: their bytes live elsewhere and may not be uploaded. */
export function isNondistributable(mediaType: string): boolean {
  return ociMediaType(mediaType).includes('nondistributable');
}
