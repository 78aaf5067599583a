// What is left for the image's own dpkg: packages whose scripts are not carried out here, and those that depend on them, in dpkg's order.
import type { ImageSpecError } from '../core/error.ts';
import type { OpenedDeb } from '../deb/opened-deb.ts';

/** One call of dpkg. */
export type DeferredStep =
  | { readonly kind: 'ldconfig' }
  /** Names as dpkg takes them: `tool`, `libtool1:amd64`. */
  | { readonly kind: 'configure'; readonly names: readonly string[] }
  /** Nothing of the package is in the tree: its preinst, which comes before its files, is not carried out. */
  | { readonly kind: 'unpack'; readonly deb: OpenedDeb }
  /** All triggers that wait. */
  | { readonly kind: 'triggers' };

export interface Deferred {
  readonly steps: readonly DeferredStep[];
  /** Names of all packages concerned, without architecture. */
  readonly packages: readonly string[];
  /** Why the first of them could not be configured. */
  readonly reason: ImageSpecError;
}

/** Collects them while packages are installed. */
export class Deferral {
  readonly #steps: DeferredStep[] = [];
  readonly #packages = new Set<string>();
  #names: string[] = [];
  #hasTriggers = false;
  #needsLdconfig = false;
  #reason: ImageSpecError | undefined;

  because(reason: ImageSpecError): void {
    this.#reason ??= reason;
  }

  configure(one: Pick<OpenedDeb, 'name' | 'architecture'>): void {
    this.#packages.add(one.name);
    this.#names.push(one.architecture === 'all' ? one.name : `${one.name}:${one.architecture}`);
  }

  /** @param isAfterOthers whether all that was deferred so far is configured first */
  unpack(deb: OpenedDeb, isAfterOthers: boolean): void {
    if (isAfterOthers) this.#flush();
    this.#steps.push({ kind: 'unpack', deb });
    this.configure(deb);
  }

  processTriggers(name: string): void {
    this.#packages.add(name);
    this.#hasTriggers = true;
  }

  ldconfig(): void {
    this.#packages.add('libc-bin');
    this.#needsLdconfig = true;
  }

  /** undefined where nothing was deferred. */
  finish(): Deferred | undefined {
    if (this.#reason === undefined) return undefined;
    this.#flush();
    const steps: DeferredStep[] = [
      ...(this.#needsLdconfig ? [{ kind: 'ldconfig' } as const] : []),
      ...this.#steps,
      ...(this.#hasTriggers ? [{ kind: 'triggers' } as const] : []),
    ];
    return { steps, packages: [...this.#packages], reason: this.#reason };
  }

  #flush(): void {
    if (this.#names.length > 0) this.#steps.push({ kind: 'configure', names: this.#names });
    this.#names = [];
  }
}
