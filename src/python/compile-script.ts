// Bytecode by the target's own interpreter (PEP 552): every file in a process of its own, forked from one state, because what marshal writes
// depends on what the process has seen before. Unchecked, since the times of sources in layers tell nothing.

/** Arguments: how many processes at once, then folders. Prints how many files were compiled. For Python 3.7 and newer. */
export const COMPILE_SCRIPT = `
import importlib.util, os, py_compile, sys
def sources(folder):
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in ("__pycache__", "site-packages", "dist-packages") or at != folder)
        for name in sorted(files):
            path = os.path.join(at, name)
            if name.endswith(".py") and os.path.isfile(path) and not os.path.exists(importlib.util.cache_from_source(path)):
                yield path
at_once = int(sys.argv[1])
paths = [path for folder in sys.argv[2:] for path in sources(folder)]
running = 0
for path in paths:
    if running == at_once:
        os.wait()
        running -= 1
    if os.fork() == 0:
        try:
            py_compile.compile(path, doraise=True, optimize=0, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        except Exception:
            pass
        os._exit(0)
    running += 1
while running:
    os.wait()
    running -= 1
print(len(paths))
`;
