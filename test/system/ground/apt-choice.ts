// What apt says it would install, as data.

/** Reads what `apt-get -s install` printed. @returns `name version architecture` of each package, sorted */
export function readChoice(printed: string): string[] {
  const lines = printed.matchAll(/^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) [^)]*\[(\S+)\]\)/gm);
  return [...lines].map(([, name, version, architecture]) => `${name} ${version} ${architecture}`).sort();
}
