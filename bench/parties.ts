// Who is measured: each party puts the same packages onto the same base and pushes the image to the same registry.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ground } from './prepare.ts';

/** Where this run pushes: a repository that nobody has used before. */
interface Place {
  /** `127.0.0.1:PORT`, of the registry or of the relay before it. */
  readonly host: string;
  readonly repository: string;
}

export interface Party {
  readonly name: string;
  /** Shell commands that bring about the state this party starts from; not measured. */
  readonly before: (place: Place) => string;
  readonly command: (place: Place) => string;
  /** How often the command runs for one figure: the clock of GNU time counts hundredths of seconds. */
  readonly times?: number;
}

const SITE = '/opt/venv/lib/python3.11/site-packages';

/** Our own states, and the floors that no state can be below. */
export function ownParties({ folder, base, imagespec, wheels }: Ground): Party[] {
  const spec = ({ host, repository }: Place): string => `cat > ${folder}/spec/imagespec.yaml <<'END'
name: ${repository}
registry: ${host}
base_image: ${host}/${base}
requirements: ${folder}/context/requirements.txt
END
mkdir -p "$IMAGESPEC_CACHE/v1/records"`;
  const build = `cd ${folder}/spec; ${imagespec} build --push --progress none > /dev/null 2>&1`;
  const forget = 'cd "$IMAGESPEC_CACHE/v1/records"; rm -rf layer environment unchanged';
  const limit = join(import.meta.dirname, 'limit.ts');
  const [node] = imagespec.split(' ');
  return [
    { name: 'imagespec, layers new', before: (place) => `${spec(place)}\n${forget}`, command: () => build },
    { name: 'imagespec, layers known', before: spec, command: () => build },
    {
      name: 'imagespec, unchanged',
      before: (place) => `${spec(place)}\n(${build})\n(${build})`,
      command: () => build,
      times: 20,
    },
    {
      name: 'imagespec, base new too',
      before: (place) => `${spec(place)}\n${forget} base facts`,
      command: () => build,
    },
    {
      name: 'limit: read, inflate, hash twice, send',
      before: () => 'true',
      command: ({ host, repository }) => `${node} ${limit} ${host} ${repository} ${wheels}/*`,
    },
    {
      name: 'crane digest',
      before: () => 'true',
      command: ({ host }) => `crane digest --insecure ${host}/${base} > /dev/null`,
      times: 20,
    },
    { name: 'node -e 0', before: () => 'true', command: () => `${node} -e 0`, times: 20 },
  ];
}

/** Everything fetched, verified, packed and pushed; and the same with the wheels on disk. */
export function memoryParties(ground: Ground): Party[] {
  const [layersNew] = ownParties(ground);
  const forget = 'rm -rf "$IMAGESPEC_CACHE"/v1';
  const fromNothing = { ...layersNew!, name: 'imagespec, from nothing' };
  return [{ ...fromNothing, before: (place) => `${layersNew!.before(place)}\n${forget}` }, layersNew!];
}

/** What people do today. Each keeps what it can from run to run: uv its unpacked wheels, buildah the base and the cache mount. */
export async function peers({ folder, base, requirements, uv, python, wheels }: Ground): Promise<Party[]> {
  const dockerfile = ({ host }: Place): string => `FROM ${host}/${base}
COPY requirements.txt /requirements.txt
RUN --mount=type=bind,source=uv,target=/uv --mount=type=cache,target=/root/.cache/uv UV_LINK_MODE=copy /uv pip install --python /usr/bin/python3 --target ${SITE} --no-index --find-links /wheels --require-hashes -r /requirements.txt
`;
  const install = `${uv} pip install -q --link-mode hardlink --python ${python} --target ${folder}/tree${SITE} --no-index --find-links ${wheels} --require-hashes -r ${requirements}`;
  const pack = `tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C ${folder}/tree -cf - . | gzip -n -6 > ${folder}/layer.tar.gz`;
  const buildah = `buildah --root ${folder}/buildah/root --runroot ${folder}/buildah/run`;
  await writeFile(join(folder, 'context', '.containerignore'), 'Dockerfile\n');
  const drop = `${buildah} rmi -af > /dev/null 2>&1 || true`;
  const context = (place: Place): string => `cat > ${folder}/context/Dockerfile <<'END'
${dockerfile(place)}END`;
  const pull = ({ host }: Place): string => `${buildah} pull -q --tls-verify=false ${host}/${base}`;
  const bud = ({ host, repository }: Place): string =>
    `cd ${folder}/context; ${buildah} bud --quiet --isolation chroot --network host --tls-verify=false -v ${wheels}:/wheels:ro -t ${repository} . > /dev/null
${buildah} push --quiet --tls-verify=false ${repository} docker://${host}/${repository}:x`;
  const append = ({ host, repository }: Place): string =>
    `${install}\n${pack}\ncrane append --insecure -b ${host}/${base} -f ${folder}/layer.tar.gz -t ${host}/${repository}:x > /dev/null 2>&1`;
  return [
    { name: 'uv + tar + gzip -6 + crane append', before: () => `rm -rf ${folder}/tree`, command: append },
    {
      name: 'buildah bud (uv, cache mount) + push',
      before: (place) => `${context(place)}\n${drop}\n${pull(place)}`,
      command: bud,
    },
    {
      name: 'uv + tar + …, nothing kept',
      before: () => `rm -rf ${folder}/tree "$UV_CACHE_DIR"`,
      command: append,
    },
    {
      name: 'buildah …, nothing kept',
      before: (place) => `${context(place)}\n${drop}\nrm -rf "$TMPDIR"/buildah-cache*`,
      command: bud,
    },
  ];
}
