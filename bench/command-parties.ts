// What it costs to run one command while an image is built, and to start an image: everything known but the command, beside the same build
// without it, so that the difference is what a run adds.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { certificates } from '../test/system/ground/environment.ts';
import { PATH } from '../test/system/ground/folder.ts';
import type { Variables } from './measure.ts';
import { shell } from './measure.ts';
import type { Party } from './parties.ts';

export interface CommandGround {
  readonly folder: string;
  readonly env: Variables;
}

const ROOT = join(import.meta.dirname, '..');
const IMAGESPEC = `${join(ROOT, 'node_modules', '.bin', 'node')} ${join(ROOT, 'bin', 'imagespec.js')}`;
/** A shell, and an interpreter as large as those of everyday. */
const BASE = `name: base
base_image: scratch
apt_essential: true
apt_packages: [python3]
tag_format: base`;

export async function prepareCommands(folder: string): Promise<CommandGround> {
  for (const name of ['tmp', 'base', 'spec', 'context', 'podman']) await mkdir(join(folder, name), { recursive: true });
  const containers = join(folder, 'containers.conf');
  const cache = join(folder, 'cache');
  const env = {
    PATH,
    ...certificates(),
    IMAGESPEC_CACHE: cache,
    TMPDIR: join(folder, 'tmp'),
    CONTAINERS_CONF: containers,
  };
  const setUp = `limit=$(ulimit -Hn)
printf '[containers]\\ndefault_ulimits = ["nofile=%s:%s", "nproc=8192:8192"]\\n' $limit $limit > ${containers}
cd ${folder}/base; echo '${BASE}' > imagespec.yaml
${IMAGESPEC} build --progress none -o oci:${folder}/image:base > /dev/null`;
  await shell(setUp, env);
  return { folder, env };
}

export async function commandParties({ folder, env }: CommandGround): Promise<Party[]> {
  const spec = (more: string): string => `rm -rf ${folder}/out; cat > ${folder}/spec/imagespec.yaml <<END
name: commanded
base_image: oci:${folder}/image:base
${more}
END`;
  const build = `cd ${folder}/spec; ${IMAGESPEC} build --progress none -o oci:${folder}/out > /dev/null`;
  const storage = `--root ${folder}/podman/root --runroot ${folder}/podman/run --storage-driver overlay`;
  const buildah = `buildah ${storage}`;
  // buildah and podman would make a name of the path, which has capitals.
  const stored = `containers-storage:[overlay@${folder}/podman/root+${folder}/podman/run]localhost/base:latest`;
  await shell(`skopeo copy --quiet oci:${folder}/image:base '${stored}'`, env);
  const dockerfile = (line: string): string => `cat > ${folder}/context/Dockerfile <<END
FROM localhost/base
USER root
${line}
END`;
  const how = '--quiet --isolation chroot --network host --layers=false';
  const bud = `cd ${folder}/context; ${buildah} bud ${how} -t made . > /dev/null`;
  const podman = `podman ${storage} --runtime runc run --rm --network=host localhost/base`;
  // Each round is a command that nobody has run.
  return [
    { name: 'imagespec, one command', before: () => spec('commands: ["true # $(date +%s%N)"]'), command: () => build },
    { name: 'imagespec, without', before: () => spec('env: { ROUND: "$(date +%s%N)" }'), command: () => build },
    { name: 'buildah bud, one command', before: () => dockerfile('RUN true # $(date +%s%N)'), command: () => bud },
    { name: 'buildah bud, without', before: () => dockerfile('LABEL round=$(date +%s%N)'), command: () => bud },
    {
      name: 'imagespec run',
      before: () => 'true',
      command: () => `${IMAGESPEC} run oci:${folder}/image:base /bin/true`,
    },
    { name: 'podman run', before: () => 'true', command: () => `${podman} /bin/true` },
  ];
}
