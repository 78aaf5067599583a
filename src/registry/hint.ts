// What to try next when a registry says no: registries differ in what they need, and few of them say it.
import type { Answer } from './answer.ts';
import { registryErrors } from './answer.ts';

/** A repository at the address where its registry's API is. */
export interface Place {
  readonly registry: string;
  readonly repository: string;
  /** `https://registry-1.docker.io` */
  readonly origin: string;
}

/** What to do about a 401. @param from the file or helper our credentials came from */
export function loginHint(registry: string, from: string | undefined): string {
  const how = `"docker login ${registry}" or "podman login ${registry}"`;
  return from === undefined
    ? `Log in with ${how}: the files they write are read here too.`
    : `The credentials from ${from} may have expired or lack the right: log in again with ${how}.`;
}

const ECR = /\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com|on\.aws)/;

/** The hint for an answer about a repository; undefined where the general one says as much. */
export function hintFor({ registry, repository }: Place, answer: Answer, from: string | undefined): string | undefined {
  const codes = registryErrors(answer).map(({ code }) => code);
  switch (answer.status) {
    case 401:
      return loginHint(registry, from);
    case 403:
      return `Ask the owner of ${registry}/${repository} for the right to do this, or log in as somebody who has it.`;
    case 429:
      return `Wait a while and try again; ${registry} allows more to users who are logged in.`;
    default:
      if (codes.includes('NAME_UNKNOWN')) return createHint(registry, repository);
      if (codes.includes('MANIFEST_BLOB_UNKNOWN')) return 'The registry lost a part of the image: push it again.';
      return codes.some((code) => code === 'UNSUPPORTED' || code === 'MANIFEST_INVALID')
        ? `${registry} may allow certain kinds of images only: ask its owner to allow OCI images.`
        : undefined;
  }
}

/** Not every registry makes a repository with its first push. */
function createHint(registry: string, repository: string): string {
  const region = ECR.exec(registry)?.[1];
  return region === undefined
    ? `Check the name; at some registries "${repository}" or its project has to be created first.`
    : `Create it first: aws ecr create-repository --region ${region} --repository-name ${repository}`;
}
