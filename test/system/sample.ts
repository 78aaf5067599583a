// The image that the system tests build: everyday wheels, a small service, and checks that run inside.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const PACKAGES = ['numpy', 'pandas', 'scikit-learn', 'scipy', 'requests', 'pydantic', 'fastapi', 'uvicorn[standard]'];
/** Judges the others from inside. */
const JUDGE = 'pip';

const MAIN = `from fastapi import FastAPI

api = FastAPI()


@api.get("/")
def hello() -> dict[str, str]:
    return {"message": "hello"}
`;

/** Imports everything, runs console scripts, and says who it is. */
const CHECK = `import json, os, subprocess, sys

import fastapi, numpy, pandas, pydantic, requests, scipy, sklearn, uvicorn, uvloop, yaml
from sklearn.linear_model import LinearRegression

x = numpy.arange(10.0).reshape(-1, 1)
assert abs(LinearRegression().fit(x, 3 * x).coef_[0][0] - 3) < 1e-9
tools = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0] for command in (["uvicorn", "--version"], ["f2py", "-v"])]
print(json.dumps({"uid": os.getuid(), "cwd": os.getcwd(), "prefix": sys.prefix, "tools": tools, "writable": os.access("/root", os.W_OK)}))
`;

/** Writes the project; returns the folder of the spec. */
export async function writeSample(folder: string, spec: Readonly<Record<string, unknown>>): Promise<string> {
  await mkdir(join(folder, 'app'), { recursive: true });
  await writeFile(join(folder, 'app', '__init__.py'), '');
  await writeFile(join(folder, 'app', 'main.py'), MAIN);
  await writeFile(join(folder, 'app', 'check.py'), CHECK);
  await writeFile(join(folder, 'requirements.txt'), `${[...PACKAGES, JUDGE].join('\n')}\n`);
  // JSON is YAML.
  await writeFile(
    join(folder, 'imagespec.yaml'),
    JSON.stringify({ name: 'sample', requirements: 'requirements.txt', copy: ['app'], ...spec }),
  );
  return folder;
}
