// What a relocated CPython tells builds of extensions: folders and compilers of the machine that it was made on, which uv corrects as we do.

/** The module with all variables of the Makefile (`lib/python3.12/_sysconfigdata__linux_x86_64-linux-gnu.py`), and pkg-config's files. */
export function isSysconfig(path: string): boolean {
  return /\/lib\/(?:python3\.\d+t?\/_sysconfigdata_[^/]*\.py|pkgconfig\/[^/]+\.pc)$/.test(path);
}

/** Where python-build-standalone installs to before it packs. */
const INSTALL = /((?:^|['"\s=:,]|-[IL]))\/install(?=[/'"\s:]|$)/gm;
/** Images have the compilers of their distribution under these names, and seldom clang. */
const COMPILER =
  /^((?:build_time_vars = \{| )'(?:CC|CXX|LINKCC|MAINCC|LDSHARED|LDCXXSHARED|BLDSHARED)': ['"])(?:\/\S*\/)?clang(\+\+)?(?=[\s'"])/gm;
const ARCHIVER = /^((?:build_time_vars = \{| )'AR': ['"])(?:\/\S*\/)?llvm-ar(?=['"])/gm;

export function relocateSysconfig(text: string, prefix: string): string {
  return text
    .replace(INSTALL, (_, before: string) => `${before}${prefix}`)
    .replace(COMPILER, (_, before: string, plus?: string) => `${before}${plus ? 'c++' : 'cc'}`)
    .replace(ARCHIVER, (_, before: string) => `${before}ar`);
}
