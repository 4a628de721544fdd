"""The `release` section of project.yml: packages and pushes."""

from __future__ import annotations

from pydantic import Field, field_validator

from kit.errors import UsageError
from kit.project_section import Section
from kit.release.litert.config import LiteRT


class Breaking(Section):
    """A declared change of the signatures that breaks clients; it holds against one version and no later one."""

    version: int = Field(ge=0, description="the version whose clients will have to change")
    why: str = Field(min_length=1)


class Release(Section):
    """The conditions for pushing a package, and how many versions stay."""

    targets: tuple[str, ...] = Field(
        default=(), description="servers that must know every operation, such as `tensorflow_serving 2.20`"
    )
    breaking: Breaking | None = None
    sample_rows: int = Field(default=3, ge=1, le=100, description="rows in the sample request of a package")
    max_load_seconds: float = Field(
        default=120,
        gt=0,
        allow_inf_nan=False,
        description="from the start of a server process until it is ready",
    )
    max_memory_mb: float = Field(
        default=4096, gt=0, allow_inf_nan=False, description="peak memory of the server process"
    )
    max_latency_ms: float = Field(
        default=1000,
        gt=0,
        allow_inf_nan=False,
        description="median time of the sample request, one at a time, once the server is warm",
    )
    litert: LiteRT = LiteRT()
    keep_versions: int = Field(
        default=5, ge=1, description="how many of the newest pushed versions stay in the serving folder"
    )

    @field_validator("targets", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("targets")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # The table is read only if a target is named.
        from kit.release.operations import parse_target  # noqa: PLC0415

        for target in value:
            try:
                parse_target(target)
            except UsageError as error:  # whoever reads project.yml says the file and the line
                raise ValueError(str(error)) from None
        return value
