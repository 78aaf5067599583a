// The one release of uv that we resolve with: its answer to a stand-in interpreter follows its version, and its bytes are known.
import type { Digest } from '../core/digest.ts';

export const UV_VERSION = '0.13.9';

/** A wheel of the release and the program in it. */
export interface UvWheel {
  readonly filename: string;
  /** As pip's `--platform` wants it. */
  readonly platform: string;
  readonly wheel: { readonly digest: Digest; readonly size: number };
  readonly program: { readonly digest: Digest; readonly size: number };
}

/** Path of the program in each wheel. */
export const UV_MEMBER = `uv-${UV_VERSION}.data/scripts/uv`;

/** By `process.platform` and `process.arch`. On Linux the static builds: they run on any libc. */
export const UV_WHEELS: Readonly<Record<string, UvWheel>> = {
  'linux-x64': {
    filename: `uv-${UV_VERSION}-py3-none-musllinux_1_1_x86_64.whl`,
    platform: 'musllinux_1_1_x86_64',
    wheel: {
      digest: 'sha256:2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25',
      size: 19_295_638,
    },
    program: {
      digest: 'sha256:edbfb9a3d00dc84148e6691cd8740781fdc32db6505d7ef88ba6c3e569d5bec9',
      size: 44_198_984,
    },
  },
  'linux-arm64': {
    filename: `uv-${UV_VERSION}-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl`,
    platform: 'musllinux_1_1_aarch64',
    wheel: {
      digest: 'sha256:5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe',
      size: 18_026_789,
    },
    program: {
      digest: 'sha256:bbecb5ac518030bb5e84f1999c577228460192832ac24a92bd772735682979f4',
      size: 35_584_104,
    },
  },
  'darwin-x64': {
    filename: `uv-${UV_VERSION}-py3-none-macosx_10_12_x86_64.whl`,
    platform: 'macosx_10_12_x86_64',
    wheel: {
      digest: 'sha256:c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5',
      size: 17_529_974,
    },
    program: {
      digest: 'sha256:9d275208c058354f9b300ea46a499c7a29de3249ae839503cadff2c01c159d69',
      size: 38_942_464,
    },
  },
  'darwin-arm64': {
    filename: `uv-${UV_VERSION}-py3-none-macosx_11_0_arm64.whl`,
    platform: 'macosx_11_0_arm64',
    wheel: {
      digest: 'sha256:66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63',
      size: 14_660_755,
    },
    program: {
      digest: 'sha256:0e17c316d23b33b4e840669f516f5cb7f5c1faa816ebd3824052ab50082ecefb',
      size: 28_309_040,
    },
  },
};
