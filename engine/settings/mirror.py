"""Settings of mirrors: where this machine keeps what it reads of an output or a lake in an object store."""

from pydantic import Field

from engine.settings.frozen import Frozen, RunSettings


class MirrorSettings(Frozen):
    """Where mirrors lie, and how long they keep what nobody reads. Grain: one machine."""

    folder: str = Field(
        "",
        description="Folder of mirrors; empty: `darkshelf/mirrors` in the user's folder of data (`XDG_DATA_HOME`). "
        "Read from the environment alone.",
    )
    keep_days: int = Field(
        30, ge=1, le=3660, description="Files of a mirror that nobody read for so long go; they are brought again."
    )


class MachineSettings(RunSettings):
    """What is told of this machine, and to no single verb; it stands in the environment."""

    mirror: MirrorSettings = MirrorSettings()
