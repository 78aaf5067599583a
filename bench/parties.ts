// Who is measured: each party puts the same packages onto the same base and pushes to the same registry.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Ground {
  /** Folder of the bench, with room. */
  readonly folder: string;
  /** `127.0.0.1:PORT` */
  readonly registry: string;
  /** Base image at the registry: `debian-python:bookworm-amd64`. */
  readonly base: string;
  /** Pinned requirements with hashes, absolute. */
  readonly requirements: string;
  readonly uv: string;
  /** Stand-in interpreter of the target, for uv. */
  readonly standIn: string;
  readonly imagespec: string;
}

export interface Party {
  readonly name: string;
  /** Shell commands that bring about the state this party starts from; not measured. */
  readonly before: (repository: string) => string;
  readonly command: (repository: string) => string;
  /** Unmeasured runs that fill what the party keeps. */
  readonly warmUps: number;
}

const SITE = '/opt/venv/lib/python3.11/site-packages';

export async function parties(ground: Ground): Promise<Party[]> {
  const { folder, registry, base, requirements, uv, standIn } = ground;
  const dockerfile = `FROM ${registry}/${base}
COPY requirements.txt /requirements.txt
RUN --mount=type=bind,source=uv,target=/uv --mount=type=cache,target=/root/.cache/uv UV_LINK_MODE=copy /uv pip install --python /usr/bin/python3 --target ${SITE} --only-binary :all: --require-hashes -r /requirements.txt
`;
  await mkdir(join(folder, 'context'), { recursive: true });
  await writeFile(join(folder, 'context', 'Dockerfile'), dockerfile);
  const spec = (repository: string): string => `cat > ${folder}/spec/imagespec.yaml <<'END'
name: ${repository}
registry: ${registry}
base_image: ${registry}/${base}
requirements: ${requirements}
END`;
  const ours = `cd ${folder}/spec; ${ground.imagespec} build --push --progress none`;
  const forget = `rm -rf "$IMAGESPEC_CACHE"/v1/records/{layer,environment,unchanged}`;
  const buildah = `buildah --root ${folder}/buildah/root --runroot ${folder}/buildah/run`;
  return [
    { name: 'imagespec, layers new', before: (name) => `${spec(name)}\n${forget}`, command: () => ours, warmUps: 1 },
    { name: 'imagespec, layers known, registry empty', before: spec, command: () => ours, warmUps: 1 },
    {
      name: 'imagespec, unchanged',
      before: (name) => `${spec(name)}\n${ours}\n${ours}`,
      command: () => ours,
      warmUps: 0,
    },
    {
      name: 'uv + tar + gzip -6 + crane append',
      before: () => `rm -rf ${folder}/tree`,
      command: (name) =>
        `${uv} pip install -q --link-mode hardlink --python ${standIn} --target ${folder}/tree${SITE} --only-binary :all: --require-hashes -r ${requirements}
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C ${folder}/tree -cf - . | gzip -n -6 > ${folder}/layer.tar.gz
crane append --insecure -b ${registry}/${base} -f ${folder}/layer.tar.gz -t ${registry}/${name}:x`,
      warmUps: 1,
    },
    {
      name: 'buildah bud with uv (cache mount) + push',
      before: (name) => `${buildah} rmi -f ${name} || true`,
      command: (name) =>
        `cd ${folder}/context; ${buildah} bud --quiet --isolation chroot --network host --tls-verify=false -t ${name} .
${buildah} push --quiet --tls-verify=false ${name} docker://${registry}/${name}:x`,
      warmUps: 1,
    },
    {
      name: 'crane digest',
      before: () => 'true',
      command: () => `crane digest --insecure ${registry}/${base}`,
      warmUps: 1,
    },
    { name: 'node -e 0', before: () => 'true', command: () => 'node -e 0', warmUps: 1 },
  ];
}
