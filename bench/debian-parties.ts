// Who is measured with Debian packages: python3 and ca-certificates with all that they need, from the same mirror, as a filesystem in one file or image.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { certificates } from '../test/system/ground/environment.ts';
import { GROUND, PATH, runLogged } from '../test/system/ground/folder.ts';
import { sourcesFor } from '../test/system/ground/bases.ts';
import { exists } from '../test/system/ground/tools.ts';
import type { Variables } from './measure.ts';
import { shell } from './measure.ts';
import type { Party } from './parties.ts';

export interface DebianGround {
  readonly folder: string;
  readonly env: Variables;
}

const ROOT = join(import.meta.dirname, '..');
const IMAGESPEC = `${join(ROOT, 'node_modules', '.bin', 'node')} ${join(ROOT, 'bin', 'imagespec.js')}`;
const PACKAGES = ['python3', 'ca-certificates'];
const SUITE = 'bookworm';

/** The base of the container that runs apt: made once, without the packages. */
async function aptBase(): Promise<string> {
  const file = join(GROUND, 'bases', `${SUITE}-apt.tar`);
  if (await exists(file)) return file;
  const sources = await sourcesFor(SUITE);
  await runLogged('base-apt', 'mmdebstrap', ['-q', '--mode=unshare', '--variant=apt', SUITE, file, sources]);
  return file;
}

export async function prepareDebian(folder: string): Promise<DebianGround> {
  for (const name of ['tmp', 'spec', 'context']) await mkdir(join(folder, name), { recursive: true });
  const env = { PATH, ...certificates(), IMAGESPEC_CACHE: join(folder, 'cache'), TMPDIR: join(folder, 'tmp') };
  return { folder, env };
}

export async function debianParties({ folder, env }: DebianGround): Promise<Party[]> {
  const spec = `cat > ${folder}/spec/imagespec.yaml <<'END'
name: python
base_image: scratch
apt_packages: [${PACKAGES.join(', ')}]
END
rm -rf ${folder}/out`;
  const build = `cd ${folder}/spec; ${IMAGESPEC} build --progress none -o oci:${folder}/out > /dev/null 2>&1`;
  const records = '"$IMAGESPEC_CACHE"/v1/records';
  const sources = await sourcesFor(SUITE);
  const debootstrap = `mmdebstrap -q --mode=root --variant=extract --include=${PACKAGES.join(',')} ${SUITE} ${folder}/out.tar ${sources}`;
  const buildah = `buildah --root ${folder}/buildah/root --runroot ${folder}/buildah/run`;
  await shell(
    `mkdir -p ${folder}/base; cd ${folder}/context; cp ${await aptBase()} base.tar; cat > Dockerfile.base <<'END'
FROM scratch
ADD base.tar /
END
${buildah} bud --quiet -f Dockerfile.base -t base . > /dev/null; rm base.tar`,
    env,
  );
  const dockerfile = `cat > ${folder}/context/Dockerfile <<'END'
FROM localhost/base
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ${PACKAGES.join(' ')} > /dev/null
END`;
  const bud = `cd ${folder}/context; ${buildah} bud --quiet --isolation chroot --network host -t python . > /dev/null 2>&1`;
  return [
    {
      name: 'imagespec, layers known',
      before: () => `${spec}\n(${build})\nrm -rf ${folder}/out`,
      command: () => build,
    },
    {
      name: 'imagespec, packages known, layers new',
      before: () => `${spec}\nrm -rf ${records}/{layer,debian,facts}`,
      command: () => build,
    },
    {
      name: 'imagespec, lists known, resolved anew',
      before: () => `${spec}\nrm -f ${folder}/spec/imagespec.lock`,
      command: () => build,
    },
    {
      name: 'imagespec, from nothing',
      before: () => `${spec}\nrm -rf "$IMAGESPEC_CACHE" ${folder}/spec/imagespec.lock`,
      command: () => build,
    },
    { name: 'mmdebstrap --variant=extract', before: () => `rm -f ${folder}/out.tar`, command: () => debootstrap },
    {
      name: 'buildah bud: apt-get install in a container',
      before: () => `${dockerfile}\n${buildah} rmi localhost/python > /dev/null 2>&1 || true`,
      command: () => bud,
    },
  ];
}
