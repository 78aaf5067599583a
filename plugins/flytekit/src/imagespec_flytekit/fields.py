"""A flytekit ImageSpec as the JSON object that imagespec reads."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import Any

import flytekit
from flytekit.constants import CopyFileDetection
from flytekit.image_spec.image_spec import ImageSpec
from flytekit.tools.ignore import DockerIgnore, GitIgnore, IgnoreGroup, StandardIgnore
from flytekit.tools.script_mode import ls_files

from .errors import ImagespecError

#: Lock files say all there is to install.
_LOCK_FILE = re.compile(r"^(uv\.lock|poetry\.lock|pylock(\.[^.]+)?\.toml)$")


def spec_fields(spec: ImageSpec) -> dict[str, Any]:
    """All fields that are set, by flytekit's names, and what imagespec wants to know besides.

    `source_files` are the modules that flytekit would copy, `untagged_packages` what its own builder installs unasked.
    """
    fields = {field.name: getattr(spec, field.name) for field in dataclasses.fields(spec) if field.name != "builder"}
    fields = {name: value for name, value in fields.items() if value is not None}
    if isinstance(spec.base_image, ImageSpec):
        fields["base_image"] = spec_fields(spec.base_image)
    if spec.source_root is not None:
        fields["source_root"] = str(spec.source_root)
    if spec.source_copy_mode is not None:
        fields["source_copy_mode"] = spec.source_copy_mode.name
    if spec.source_copy_mode == CopyFileDetection.LOADED_MODULES:
        fields["source_files"] = loaded_modules(spec)
    unasked = unasked_packages(spec)
    if unasked:
        fields["untagged_packages"] = unasked
    return fields


def loaded_modules(spec: ImageSpec) -> list[str]:
    """Paths of the loaded modules, relative to the source root, in flytekit's order and as often as it hashes them."""
    if not spec.source_root:
        raise ImagespecError(
            f"The spec {spec.name!r} copies loaded modules, but it has no source_root",
            "Set source_root, or let pyflyte set it.",
        )
    root = str(spec.source_root)
    ignore = IgnoreGroup(root, [GitIgnore, DockerIgnore, StandardIgnore])
    files, _ = ls_files(root, CopyFileDetection.LOADED_MODULES, deref_symlinks=False, ignore_group=ignore)
    return [os.path.relpath(file, start=root) for file in files]


def unasked_packages(spec: ImageSpec) -> list[str]:
    """flytekit in the caller's version, unless the spec names it or installs from a lock file."""
    if spec.requirements and _LOCK_FILE.match(os.path.basename(spec.requirements)):
        return []
    if any(_names_flytekit(line) for line in [*_requirement_lines(spec), *(spec.packages or [])]):
        return []
    version = flytekit.__version__
    return ["flytekit"] if not version or "dev" in version else [f"flytekit=={version}"]


def _requirement_lines(spec: ImageSpec) -> list[str]:
    """As flytekit reads any file; of projects and scripts, which only imagespec reads, the quoted texts."""
    if not spec.requirements:
        return []
    text = Path(spec.requirements).read_text(encoding="utf-8", errors="replace")
    if spec.requirements.endswith((".toml", ".py")):
        return re.findall(r"""["']([^"'\n]+)["']""", text)
    return [line.strip() for line in text.splitlines()]


def _names_flytekit(requirement: str) -> bool:
    name = re.match(r"[\w-]+", requirement)
    return name is not None and name.group() == "flytekit"
