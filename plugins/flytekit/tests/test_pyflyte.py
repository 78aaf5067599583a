"""The commands of `pyflyte` with this builder: what is built for them, which images tasks get, how they fail."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import Any

from flyteadmin import FlyteAdmin
from flytekit import ImageSpec
from flytekit.configuration import FastSerializationSettings, ImageConfig, SerializationSettings
from flytekit.constants import CopyFileDetection
from flytekit.core.python_auto_container import update_image_spec_copy_handling
from ground import DIGEST, PYTHON, REFUSED, GroundTest

from imagespec_flytekit.fields import spec_fields

WORKFLOW = """
from flytekit import ImageSpec, task, workflow

base = ImageSpec(name="base", registry="localhost:5000", packages=["flytekit"])
child = ImageSpec(name="child", registry="localhost:5000", base_image=base, packages=["flytekit"])
plain = ImageSpec(name="plain", registry="localhost:5000", packages=["flytekit"])


@task(container_image=child)
def upon() -> str:
    return "hello"


@task(container_image=plain)
def alone() -> str:
    return "hello"


@workflow
def both() -> None:
    upon()
    alone()
"""

#: A command line that builds all at once, under the names that flytekit gives.
ANSWER = f"""
import json, sys
from flytekit.image_spec.image_spec import ImageSpec

def spec_of(fields):
    base = fields.get("base_image")
    return ImageSpec(**{{**fields, "base_image": base and spec_of(base)}})

name = spec_of(json.load(sys.stdin)).image_name()
reference = name.rpartition(":")[0] + "@{DIGEST}"
print(json.dumps({{"images": [{{"name": name, "reference": reference, "status": "built"}}]}}))
"""


class PyflyteTest(GroundTest):
    def setUp(self) -> None:
        super().setUp()
        (self.folder / "flow.py").write_text(WORKFLOW)

    def pyflyte(self, *words: str, variables: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        program = "import sys; sys.argv[0] = 'pyflyte'; from flytekit.clis.sdk_in_container.pyflyte import main; main()"
        command = [sys.executable, "-c", program, *words]
        environment = {**os.environ, "COLUMNS": "200", **(variables or {})}
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    def refuse(self) -> None:
        self.answers(**dict.fromkeys(("base", "child", "plain"), {"status": 1, "stdout": {"error": REFUSED}}))

    def spec(self) -> dict[str, Any]:
        return self.calls()[0]["spec"]


class BuildTest(PyflyteTest):
    def test_an_error_is_a_message_and_no_traceback(self):
        self.refuse()
        ended = self.pyflyte("build", "--fast", "flow.py", "both")
        said = ended.stdout + ended.stderr
        self.assertEqual(ended.returncode, 1, said)
        self.assertIn(f"{REFUSED['message']} [UNAUTHORIZED]", said)
        self.assertIn("hint: Log in.", said)
        self.assertNotIn("Traceback", said)
        self.assertNotIn("assumes", said)

    def test_a_task_is_built_with_its_modules(self):
        self.refuse()
        self.pyflyte("build", "flow.py", "alone")
        spec = self.spec()
        self.assertEqual(spec["source_copy_mode"], "LOADED_MODULES")
        self.assertEqual((spec["source_root"], spec["source_files"]), (str(self.folder), ["flow.py"]))

    def test_fast_registration_copies_nothing(self):
        self.refuse()
        self.pyflyte("build", "--fast", "flow.py", "alone")
        self.assertNotIn("source_root", self.spec())
        self.assertNotIn("source_files", self.spec())

    def test_a_task_runs_here_without_an_image(self):
        self.answers()
        ended = self.pyflyte("run", "flow.py", "alone")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("hello", ended.stdout)
        self.assertEqual(self.calls(), [])


class RemoteTest(PyflyteTest):
    """Against a backend that takes everything: no digest, no task."""

    def remotely(self, admin: FlyteAdmin, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        config = self.folder / "flyte.yaml"
        config.write_text(f"admin:\n  endpoint: dns:///{admin.endpoint}\n  insecure: true\n")
        where = ["-p", "project", "-d", "development"]
        return self.pyflyte("-c", str(config), words[0], *where, *words[1:], variables=variables)

    def taken(self, admin: FlyteAdmin, *words: str) -> str:
        """What was said by a command that the backend takes."""
        (self.folder / "answer.py").write_text(ANSWER)
        command = shlex.join([sys.executable, str(self.folder / "answer.py")])
        ended = self.remotely(admin, *words, IMAGESPEC_CLI=command)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        return ended.stdout + ended.stderr

    def test_registered_tasks_have_digests(self):
        with FlyteAdmin() as admin:
            self.taken(admin, "register", "flow.py")
            self.assertEqual(admin.images(), self.digests())
            self.assertTrue(all(command[0] == "pyflyte-fast-execute" for command in admin.commands().values()))

    def test_a_remote_run_has_digests(self):
        with FlyteAdmin() as admin:
            said = self.taken(admin, "run", "--remote", "flow.py", "both")
            self.assertEqual(admin.images(), self.digests())
            self.assertEqual(len(admin.executions), 1)
        for name in ("base", "child", "plain"):
            self.assertEqual(said.count(f"built: localhost:5000/{name}@{DIGEST}"), 1)

    def digests(self) -> dict[str, str]:
        return {"flow.upon": f"localhost:5000/child@{DIGEST}", "flow.alone": f"localhost:5000/plain@{DIGEST}"}

    def test_a_registration_without_images_registers_nothing(self):
        self.refuse()
        with FlyteAdmin() as admin:
            ended = self.remotely(admin, "register", "flow.py")
            self.assertEqual((ended.returncode, admin.tasks), (1, {}))
        self.assertIn("[UNAUTHORIZED]", ended.stdout + ended.stderr)


class CopyHandlingTest(GroundTest):
    """What flytekit makes of a spec before it is built reaches the command line: its own four cases."""

    def handled(self, mode: CopyFileDetection | None, root: str | None) -> dict[str, Any]:
        image = ImageSpec(packages=["flytekit"], source_copy_mode=mode)
        fast = FastSerializationSettings(enabled=False)
        config = ImageConfig.auto_default_image()
        settings = SerializationSettings(config, source_root=root, fast_serialization_settings=fast)
        update_image_spec_copy_handling(image, settings)
        fields = spec_fields(image)
        return {name: value for name, value in fields.items() if name.startswith("source_")}

    def test_all_four_cases(self):
        root = str(self.folder)
        auto = {"source_root": root, "source_copy_mode": "LOADED_MODULES", "source_files": []}
        self.assertEqual(self.handled(None, root), auto)
        self.assertEqual(self.handled(CopyFileDetection.NO_COPY, root), {"source_copy_mode": "NO_COPY"})
        everything = {"source_root": root, "source_copy_mode": "ALL"}
        self.assertEqual(self.handled(CopyFileDetection.ALL, root), everything)
        self.assertEqual(self.handled(None, None), {})


class EnvironmentTest(GroundTest):
    """`ImageSpec.from_env` asks the caller's Python, which only Python can."""

    def test_versions_of_the_environment_are_handed_on(self):
        fields = spec_fields(ImageSpec.from_env(pinned_packages=["joblib"], packages=["flytekit"]))
        self.assertRegex(fields["packages"][1], r"^joblib==\d")
        self.assertEqual(fields["python_version"], PYTHON)
        self.assertEqual(spec_fields(ImageSpec.from_env())["python_version"], PYTHON)

    def test_a_version_beside_it_is_refused(self):
        with self.assertRaisesRegex(ValueError, "python_version can not be used with `from_env`"):
            ImageSpec.from_env(python_version="3.9")
