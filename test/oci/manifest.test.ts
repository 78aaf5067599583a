import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/core/digest.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { parseManifest, printIndex, printManifest } from '../../src/oci/manifest.ts';
import { MEDIA } from '../../src/oci/media-type.ts';
import { expectCode } from '../expect-code.ts';

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const descriptor = (mediaType: string, text = 'x'): Descriptor => ({
  mediaType,
  digest: digestOf(text),
  size: text.length,
});
const config = descriptor(MEDIA.config);

const annotations = fc.dictionary(
  fc.string().filter((key) => key !== '__proto__'),
  fc.string(),
  { minKeys: 1, maxKeys: 4 },
);
const platform = fc.record(
  { os: fc.string(), architecture: fc.string(), variant: fc.string(), 'os.version': fc.string() },
  { requiredKeys: ['os', 'architecture'] },
);
const anyDescriptor = fc.record(
  {
    mediaType: fc.string(),
    digest: fc.string().map(digestOf),
    size: fc.maxSafeNat(),
    annotations,
    platform,
    artifactType: fc.string({ minLength: 1 }),
    urls: fc.array(fc.string()),
  },
  { requiredKeys: ['mediaType', 'digest', 'size'] },
);

describe('print and parse', () => {
  it('give back every manifest', () => {
    fc.assert(
      fc.property(anyDescriptor, fc.array(anyDescriptor), annotations, (config, layers, about) => {
        const parsed = parseManifest(printManifest(config, layers, about), MEDIA.manifest, 'it');
        expect(parsed).toEqual({ kind: 'manifest', mediaType: MEDIA.manifest, config, layers, annotations: about });
      }),
    );
  });

  it('give back every index', () => {
    fc.assert(
      fc.property(fc.array(anyDescriptor), annotations, (manifests, about) => {
        const parsed = parseManifest(printIndex(manifests, about), MEDIA.index, 'it');
        expect(parsed).toEqual({ kind: 'index', mediaType: MEDIA.index, manifests, annotations: about });
      }),
    );
  });

  it('do not depend on the order of members, nor on members unknown here', () => {
    const { mediaType, digest, size } = config;
    const other = { unknown: 1, size, annotations: { b: '2', a: '1' }, digest, mediaType } as Descriptor;
    const same = { mediaType, digest, size, annotations: { a: '1', b: '2' } };
    expect(printManifest(other, [other], { y: '1', x: '2' })).toEqual(printManifest(same, [same], { x: '2', y: '1' }));
    expect(String(Buffer.from(printIndex([same], {})))).toBe(
      `{"schemaVersion":2,"mediaType":"${MEDIA.index}","manifests":[{"mediaType":"${mediaType}","digest":"${digest}","size":1,"annotations":{"a":"1","b":"2"}}]}`,
    );
  });
});

describe('parseManifest', () => {
  it('reads Docker manifests and lists under their own types', () => {
    const manifest = {
      schemaVersion: 2,
      mediaType: MEDIA.dockerManifest,
      config,
      layers: [descriptor(MEDIA.dockerLayerGzip)],
    };
    expect(parseManifest(bytesOf(manifest), MEDIA.dockerManifest, 'it')).toMatchObject({ kind: 'manifest', layers: [{ mediaType: MEDIA.dockerLayerGzip }] }); // prettier-ignore
    const list = { schemaVersion: 2, mediaType: MEDIA.dockerIndex, manifests: [{ ...descriptor(MEDIA.dockerManifest), platform: { os: 'linux', architecture: 'amd64' } }] }; // prettier-ignore
    expect(parseManifest(bytesOf(list), MEDIA.dockerIndex, 'it')).toMatchObject({ kind: 'index', manifests: [{ platform: { os: 'linux' } }] }); // prettier-ignore
  });

  it('keeps members that it does not know, and takes null for absent', () => {
    const layer = { ...descriptor(MEDIA.layerGzip), annotations: null, urls: null, data: 'eA==' };
    const parsed = parseManifest(
      bytesOf({ schemaVersion: 2, config, layers: [layer], annotations: null }),
      MEDIA.manifest,
      'it',
    );
    expect(parsed).toMatchObject({ annotations: {}, layers: [{ data: 'eA==' }] });
    expect(parsed.kind === 'manifest' && parsed.layers[0]?.annotations).toBeUndefined();
    expect(parseManifest(bytesOf({ schemaVersion: 2, manifests: null }), MEDIA.index, 'it')).toMatchObject({
      manifests: [],
    });
  });

  it.each([
    ['is not JSON', '{', MEDIA.manifest],
    ['is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), MEDIA.manifest],
    ['is null', 'null', MEDIA.manifest],
    ['has another schema version', bytesOf({ schemaVersion: 1, config, layers: [] }), MEDIA.manifest],
    ['has no config', bytesOf({ schemaVersion: 2, layers: [] }), MEDIA.manifest],
    [
      'has a layer without digest',
      bytesOf({ schemaVersion: 2, config, layers: [{ mediaType: 'x', size: 1 }] }),
      MEDIA.manifest,
    ],
    ['has a negative size', bytesOf({ schemaVersion: 2, config: { ...config, size: -1 }, layers: [] }), MEDIA.manifest],
    ['has half a byte', bytesOf({ schemaVersion: 2, config: { ...config, size: 0.5 }, layers: [] }), MEDIA.manifest],
    [
      'calls itself something else',
      bytesOf({ schemaVersion: 2, mediaType: MEDIA.index, config, layers: [] }),
      MEDIA.manifest,
    ],
    ['came as something unknown', bytesOf({ schemaVersion: 2, config, layers: [] }), 'application/json'],
    ['is of schema 1', bytesOf({ schemaVersion: 1 }), 'application/vnd.docker.distribution.manifest.v1+prettyjws'],
  ])('refuses what %s', async (_what, bytes, mediaType) => {
    const error = await expectCode(
      () => parseManifest(Buffer.from(bytes), mediaType, 'manifest of x'),
      'MANIFEST_INVALID',
    );
    expect(error.message).toContain('manifest of x');
  });
});
