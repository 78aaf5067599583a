import { describe, expect, it } from 'vitest';
import {
  isIndexType,
  isManifestType,
  isNondistributable,
  MANIFEST_TYPES,
  MEDIA,
  ociMediaType,
} from '../../src/oci/media-type.ts';

describe('media types', () => {
  it.each([
    ['application/vnd.docker.distribution.manifest.list.v2+json', MEDIA.index],
    ['application/vnd.docker.distribution.manifest.v2+json', MEDIA.manifest],
    ['application/vnd.docker.container.image.v1+json', MEDIA.config],
    ['application/vnd.docker.image.rootfs.diff.tar', MEDIA.layerTar],
    ['application/vnd.docker.image.rootfs.diff.tar.gzip', MEDIA.layerGzip],
    ['application/vnd.docker.image.rootfs.diff.tar.zstd', MEDIA.layerZstd],
    ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'], // prettier-ignore
    [MEDIA.layerZstd, MEDIA.layerZstd],
    ['application/x-unknown', 'application/x-unknown'],
  ])('%s has the OCI twin %s', (docker, oci) => {
    expect(ociMediaType(docker)).toBe(oci);
    expect(ociMediaType(oci)).toBe(oci);
  });

  it('are told apart by what they are for', () => {
    expect(MANIFEST_TYPES.map((type) => [isIndexType(type), isManifestType(type)])).toEqual([
      [true, false],
      [false, true],
      [true, false],
      [false, true],
    ]);
    expect(isNondistributable('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip')).toBe(true);
    expect(isNondistributable(MEDIA.layerGzip)).toBe(false);
  });
});
