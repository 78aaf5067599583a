"""The one error of this package."""

from __future__ import annotations

import click


class ImagespecError(click.ClickException, RuntimeError):
    """An image that was not built: `pyflyte` prints it without a traceback, programs catch it as a RuntimeError.

    `code` is imagespec's own, such as `UNAUTHORIZED`, where the failure has one.
    """

    def __init__(self, message: str, hint: str | None = None, code: str | None = None):
        self.reason = message
        self.hint = hint
        self.code = code
        text = f"{message} [{code}]" if code else message
        super().__init__(f"{text}\nhint: {hint}" if hint else text)
