// A store is a place for contents with names: registry, layout, archive, local cache, memory.
import type { Context } from '../core/context.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Content } from './content.ts';

export interface Source {
  /** For messages: `docker.io/library/python`, `oci:./out`. */
  readonly name: string;
  /** The descriptor behind a tag or digest, or undefined when the place answered that there is none. Any other failure throws. */
  readonly resolve: (ctx: Context, name: string) => Promise<Descriptor | undefined>;
  /** Verified bytes of a blob or manifest. Throws `NOT_FOUND` while reading when it is absent. */
  readonly open: (ctx: Context, descriptor: Descriptor) => AsyncIterable<Uint8Array>;
  /** Where blobs of this source can be mounted from, if it is a registry. */
  readonly mountFrom?: { readonly registry: string; readonly repository: string } | undefined;
}

export interface Target {
  readonly name: string;
  /** Whether the place has the blob or manifest already. */
  readonly has: (ctx: Context, descriptor: Descriptor) => Promise<boolean>;
  /** Stores content under its digest. `onProgress` gets the bytes sent so far (absolute). */
  readonly put: (ctx: Context, content: Content, onProgress?: (done: number) => void) => Promise<void>;
  /** Gives names to a manifest or index, storing it if it is not there yet. Everything it refers to is there already. */
  readonly tag: (ctx: Context, content: Content, names: readonly string[]) => Promise<void>;
  /** Makes a blob of another repository of the same registry visible here without moving bytes; false when the place would not. */
  readonly mount?: (ctx: Context, content: Content) => Promise<boolean>;
  /** How many blobs this place takes at once. */
  readonly concurrency: number;
  /** Finishes the place (an archive writes its end); nothing may follow. Not called after a failure. */
  readonly close?: (ctx: Context) => Promise<void>;
}

export interface Store extends Source, Target {}
