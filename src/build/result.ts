// What a build says when it is done; the object that `build --json` prints and `build()` returns.
import type { Transfer } from '../content/copy.ts';
import type { Digest } from '../core/digest.ts';

export interface LayerResult {
  /** `base`, `debian`, `interpreter`, `user`, `environment`, `packages`, `bytecode`, `sources`, `files`, `commands`. */
  readonly kind: string;
  /** What is in it, in a few words. */
  readonly content: string;
  readonly digest: Digest;
  readonly diffId: Digest;
  /** Bytes of the blob. */
  readonly size: number;
  /** Input key: equal keys mean equal bytes. Base layers have none. */
  readonly key?: Digest | undefined;
  readonly origin: 'base' | 'built' | 'reused';
  readonly transfer: Transfer;
}

export interface PlatformResult {
  readonly platform: string;
  readonly digest: Digest;
  readonly layers: readonly LayerResult[];
}

export interface ImageResult {
  readonly name: string;
  /** Digest-pinned name, or the output's own name when nothing was pushed. */
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of all layers, configs and manifests. */
  readonly size: number;
  readonly status: 'built' | 'exists';
  readonly strictKey: Digest;
  readonly platforms: readonly PlatformResult[];
  readonly bytes: { readonly downloaded: number; readonly uploaded: number };
  /** Where the image is now, as `-o` writes it. */
  readonly outputs: readonly string[];
  /** Things to know that are not failures. */
  readonly warnings: readonly string[];
}

export interface BuildResult {
  readonly images: readonly ImageResult[];
}

/** What a build would do, computed without sending or packing anything. */
export interface PlannedLayer {
  readonly kind: string;
  readonly content: string;
  readonly key?: Digest | undefined;
  /** `base`: of the base image; `reuse`: known from an earlier build; `pack`: must be made. */
  readonly action: 'base' | 'reuse' | 'pack';
  /** Bytes of the blob where known; the wheels' own sizes for layers that must be made. */
  readonly size: number;
  readonly digest?: Digest | undefined;
}

export interface PythonOrigin {
  /** `managed`: as a layer of its own. */
  readonly from: 'debian' | 'managed';
  /** What the base has instead: a sentence without its full stop. */
  readonly reason: string;
}

export interface PlannedPlatform {
  readonly platform: string;
  readonly base: string;
  readonly python?: string | undefined;
  /** Where that is from, if not from the base. */
  readonly pythonOrigin?: PythonOrigin | undefined;
  /** `name==version`, sorted. */
  readonly packages: readonly string[];
  readonly layers: readonly PlannedLayer[];
}

export interface PlanResults {
  readonly images: readonly PlanResult[];
}

export interface PlanResult {
  readonly name: string;
  readonly reference: string;
  /** Whether the image is at its registry already; absent when it would not be pushed. */
  readonly exists?: boolean | undefined;
  /** Absent where it stands on an image that is not built yet. */
  readonly strictKey?: Digest | undefined;
  readonly platforms: readonly PlannedPlatform[];
  readonly outputs: readonly string[];
}
