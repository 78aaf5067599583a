"""Registers `builder="imagespec"` with flytekit, which loads this module by its entry point.

Where there is no flytekit, flyte-sdk v2 loads its builder (sdk.py) by an entry point of its own.
"""

from __future__ import annotations

from importlib.util import find_spec

from .errors import ImagespecError

__all__ = ["ImagespecError"]

if find_spec("flytekit"):
    from .builder import ImagespecBuilder
    from .registration import DEFAULT_PRIORITY, register

    __all__ += ["DEFAULT_PRIORITY", "ImagespecBuilder", "register"]

    register()
