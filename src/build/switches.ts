// flytekit's switches: variables of the caller that decide what a build does with its result, under the names that users of flytekit know.
import { createContext } from '../core/context.ts';
import { ImageSpecError } from '../core/error.ts';
import type { Environment } from './environment.ts';
import type { BuildOptions } from './request.ts';

const FORCE = 'FLYTE_FORCE_PUSH_IMAGE_SPEC';
const PUSH = 'FLYTE_PUSH_IMAGE_SPEC';

/**
 * `FLYTE_FORCE_PUSH_IMAGE_SPEC=True` is `force`; `FLYTE_PUSH_IMAGE_SPEC=0` takes `push` back. `FLYTE_IMG_FAST_FAIL` needs nothing: whether an
 * image exists is never assumed here. Throws `USAGE` for a word that is neither true nor false.
 */
export function withSwitches(options: BuildOptions, { variables }: Environment): BuildOptions {
  const force = isOn(FORCE, variables[FORCE]) ?? false;
  const isPushOff = options.push === true && isOn(PUSH, variables[PUSH]) === false;
  if (isPushOff) {
    const message = `${PUSH} is ${variables[PUSH]}: nothing is pushed`;
    createContext(options).emit({ type: 'log', level: 'warning', message });
  }
  return { ...options, force: options.force ?? force, push: isPushOff ? false : options.push };
}

function isOn(name: string, text = ''): boolean | undefined {
  if (text === '') return undefined;
  if (/^(?:true|t|1|yes|on)$/i.test(text)) return true;
  if (/^(?:false|f|0|no|off)$/i.test(text)) return false;
  throw new ImageSpecError('USAGE', `${name} is "${text}", which is neither true nor false`, {
    hint: `Write ${name}=True or ${name}=False.`,
  });
}
