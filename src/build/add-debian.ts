// Debian packages onto one base: locked, told to the shelf, and laid over it.
import type { HeadersFor } from '../apt/apt-auth.ts';
import type { AptSource } from '../apt/apt-source.ts';
import type { Context } from '../core/context.ts';
import { debianArchitecture } from '../deb/architecture.ts';
import type { DebianLock } from '../deb/locked-deb.ts';
import type { BaseReader } from './base.ts';
import type { ConfigureTools } from './debian-configure.ts';
import { configureInSandbox, orRefuse, requireDpkg } from './debian-configure.ts';
import type { DebianBase } from './debian-base.ts';
import { withDebianPackages } from './debian-base.ts';
import { findSources, lockDebian } from './debian-locks.ts';
import { groundLayers } from './ground-layers.ts';
import type { DebianWants } from './inputs.ts';
import type { Job } from './job.ts';
import { epochOf } from './job.ts';
import type { Answer, KeptLock } from './locks.ts';
import type { RunTools } from './run-over.ts';
import { requireRunnable } from './sandbox.ts';

export interface DebianRequest {
  /** Platform: `linux/amd64`. */
  readonly name: string;
  readonly wants: DebianWants;
  readonly reader: BaseReader;
  readonly job: Job;
  readonly kept: KeptLock;
  /** undefined where nothing may be run. */
  readonly runs: RunTools | undefined;
}

export interface AddedDebian {
  readonly base: DebianBase;
  readonly answer: Answer<DebianLock>;
}

/** Of the source that has the file, else of any: a snapshot, or a URI that names the architecture, is below no URI as it is written. */
function headersOf(sources: readonly AptSource[]): HeadersFor {
  return (url) => {
    const isOwn = ({ uri }: AptSource): boolean => url.href.startsWith(uri);
    const ordered = [...sources.filter(isOwn), ...sources.filter((source) => !isOwn(source))];
    const found = ordered.map(({ headersFor }) => headersFor(url));
    return found.find((headers) => Object.keys(headers).length > 0) ?? {};
  };
}

export async function addDebian(ctx: Context, request: DebianRequest): Promise<AddedDebian> {
  const { name, wants, reader, job, kept, runs } = request;
  const architecture = debianArchitecture(reader.base.platform);
  const asked = { name, architecture, wants, reader, job };
  let found: ReturnType<typeof findSources> | undefined;
  const sources = (): ReturnType<typeof findSources> => (found ??= findSources(ctx, asked));
  const answer = await lockDebian(ctx, asked, kept, sources);
  const { packages } = answer.lock;
  job.debs.add(packages, async () => headersOf(await sources()));
  const base = withDebianPackages({
    base: reader.base,
    architecture,
    packages,
    leavesUnpacked: wants.leavesUnpacked,
    facts: reader.facts,
    requireDpkg: async (facts, deferred) => {
      requireDpkg(facts, deferred);
      const reason = `The scripts of ${deferred.packages.join(', ')}`;
      await orRefuse(deferred, () => requireRunnable(reader.base.platform, job.services.environment, reason));
    },
    configure:
      runs &&
      ((inner, unfinished) =>
        orRefuse(unfinished.deferred, () => configureInSandbox(inner, unfinished, toolsOf(request, runs)))),
    open: (inner) => job.debs.open(inner, packages),
    cache: job.services.cache,
    epoch: epochOf(job),
    ignoreKnown: job.options.cache === false,
  });
  return { base, answer };
}

function toolsOf({ reader, job }: DebianRequest, runs: RunTools): ConfigureTools {
  const { debs, loaded } = job;
  const { base } = reader;
  const pack: ConfigureTools['pack'] = (ctx, layers) => groundLayers(ctx, { job, runs, base }, layers);
  return { runs, name: loaded.spec.name, epoch: epochOf(job), pack, fetch: debs.fetch };
}
