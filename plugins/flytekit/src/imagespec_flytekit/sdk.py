"""The builder of flyte-sdk v2: images that are lists of layers, as specs upon specs. Nothing here imports flytekit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flyte._build import ImageBuild
from flyte._image import (
    AptPackages,
    Commands,
    DockerIgnore,
    Env,
    Image,
    Layer,
    PipPackages,
    PoetryProject,
    Requirements,
    UVProject,
    UVScript,
    WorkDir,
)

from .cli import build
from .errors import ImagespecError


class SdkImageBuilder:
    """`image.builder: imagespec` in the configuration, or FLYTE_IMAGE_BUILDER=imagespec."""

    async def build_image(
        self, image: Image, dry_run: bool = False, wait: bool = True, force: bool = False
    ) -> ImageBuild:
        """Builds and pushes the image unless it exists; its name has a digest then. It is waited for in any case.

        Raises ImagespecError, also for what has no counterpart in a spec.
        """
        options = ["--plan"] if dry_run else ["--push"]
        # flyte builds images of this tag each time.
        if force or image._final_tag == "latest":
            options.append("--force")
        images = await asyncio.to_thread(build, spec_fields(image), options)
        return ImageBuild(uri=image.uri if dry_run else images[-1]["reference"], remote_run=None)

    def get_checkers(self) -> list[type[Unasked]]:
        return [Unasked]


class Unasked:
    """Says that no image exists: whether it does is asked while building, and not to know it is an error there."""

    @classmethod
    async def image_exists(cls, repository: str, tag: str, arch: tuple[str, ...] = ("linux/amd64",)) -> str | None:
        return None


def spec_fields(image: Image) -> dict[str, Any]:
    """The image as the spec that imagespec reads.

    Within a spec, Debian packages come first, then Python packages, then commands. Where layers go back in this order,
    a further spec stands upon the one before, in the same repository.
    """
    if image.dockerfile:
        raise _refused("a Dockerfile", "Say with layers what it does.")
    stages = [_Stage()]
    for layer in image._layers:
        if not stages[-1].take(layer):
            stages.append(_Stage())
            stages[-1].take(layer)
    shared = {"name": image.name, "registry": image.registry, "platform": ",".join(image.platform)}
    base: str | dict[str, Any] | None = image.base_image
    for stage in stages:
        base = {**shared, "base_image": base, **stage.fields}
    return {**base, "tag_format": image._final_tag}


#: Ranks within a spec.
_APT, _PYTHON, _COMMANDS = range(3)


@dataclass
class _Stage:
    """The layers of one spec."""

    fields: dict[str, Any] = field(default_factory=dict)
    rank: int = _APT
    options: dict[str, Any] | None = None

    def take(self, layer: Layer) -> bool:
        """Whether the layer has its place in this stage."""
        if getattr(layer, "secret_mounts", None):
            raise _refused("secret_mounts", "Put credentials where uv and pip of this machine find them, as .netrc.")
        if isinstance(layer, DockerIgnore):
            return True
        if isinstance(layer, Env):
            self.fields.setdefault("env", {}).update(layer.env_vars)
            return True
        if isinstance(layer, WorkDir):
            self.fields["workdir"] = layer.workdir
            return True
        if isinstance(layer, AptPackages):
            return self._append("apt_packages", layer.packages, _APT)
        if isinstance(layer, Commands):
            # Each runs in a shell of its own, as with RUN.
            return self._append("commands", (f"( {command}\n)" for command in layer.commands), _COMMANDS)
        return self._install(layer)

    def _append(self, name: str, values: Iterable[str], rank: int) -> bool:
        if rank < self.rank:
            return False
        self.rank = rank
        self.fields.setdefault(name, []).extend(values)
        return True

    def _install(self, layer: Layer) -> bool:
        """Python packages: those of equal options are resolved together; a file has a stage of its own."""
        file = _requirements_of(layer)
        options = _options_of(layer)
        fits = self.rank <= _PYTHON and self.options in (None, options)
        if not fits or (file and ("requirements" in self.fields or "packages" in self.fields)):
            return False
        self.options = options
        self.rank = _PYTHON
        self.fields.update(options)
        if file:
            self.fields["requirements"] = str(file.absolute())
            # Beside a file nothing else is installed: the next packages begin a stage.
            self.rank = _COMMANDS
        packages = getattr(layer, "packages", None)
        if packages:
            self.fields.setdefault("packages", []).extend(packages)
        return True


def _requirements_of(layer: Layer) -> Path | None:
    if isinstance(layer, Requirements):
        return layer.file
    if isinstance(layer, UVScript):
        return layer.script
    if isinstance(layer, PipPackages):
        return None
    if not isinstance(layer, (UVProject, PoetryProject)):
        raise _refused(f"a layer of {type(layer).__name__}", "Build it with flyte's own builder.")
    if layer.project_install_mode != "dependencies_only":
        raise _refused("project_install_mode install_project", "Install its dependencies only.")
    return layer.poetry_lock if isinstance(layer, PoetryProject) else layer.uvlock or layer.pyproject


def _options_of(layer: Any) -> dict[str, Any]:
    """Of pip, as a spec names them."""
    words = ["--pre" if getattr(layer, "pre", False) else "", layer.extra_args or ""]
    options = {
        "pip_index": getattr(layer, "index_url", None),
        "pip_extra_index_url": list(getattr(layer, "extra_index_urls", None) or []) or None,
        "pip_extra_args": " ".join(filter(None, words)) or None,
    }
    return {name: value for name, value in options.items() if value is not None}


def _refused(what: str, hint: str) -> ImagespecError:
    return ImagespecError(f"imagespec cannot build an image with {what}", hint)
