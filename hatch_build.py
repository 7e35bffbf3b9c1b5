"""Builds the codec's accelerator in place, for hatchling and for people: `python hatch_build.py`.

Where there is no C compiler, or no Cython, there is none, and the runtime uses its portable codec. The
variables CFLAGS and LDFLAGS count, as they do for any extension.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
SOURCE = ROOT / "runtime" / "avrorpc" / "codec" / "_native.pyx"
MODULE = "avrorpc.codec._native"


class NativeBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the accelerator into wheels and editable installs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it, unless an editable install finds it as new as its source."""
        if self.target_name != "wheel":
            return
        library = fresh() if version == "editable" else None
        library = library or build()
        if library is None:
            self.app.display_warning("avrorpc: no accelerator was built; the portable codec is used")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["artifacts"].append(library.relative_to(ROOT).as_posix())


def fresh() -> Path | None:
    """Return the library of this Python, if it is newer than what it is built from."""
    from setuptools.command.build_ext import build_ext  # noqa: PLC0415 - one of the build's own needs
    from setuptools.dist import Distribution  # noqa: PLC0415

    library = ROOT / "runtime" / build_ext(Distribution()).get_ext_filename(MODULE)
    if not library.exists():
        return None
    newest = max(path.stat().st_mtime for path in (SOURCE, Path(__file__)))
    return library if library.stat().st_mtime > newest else None


def build(folder: Path = ROOT / "runtime") -> Path | None:
    """Build the library into a folder of packages, and return it; None where that cannot be."""
    try:
        from Cython.Build import cythonize  # noqa: PLC0415 - absent in builds without isolation, perhaps
        from setuptools import Extension  # noqa: PLC0415
        from setuptools.command.build_ext import build_ext  # noqa: PLC0415
        from setuptools.dist import Distribution  # noqa: PLC0415
    except ImportError as error:
        print(f"avrorpc: {error}", file=sys.stderr)
        return None
    extension = Extension(MODULE, [str(SOURCE)], extra_compile_args=["-O3", "-g0"])
    with tempfile.TemporaryDirectory() as temporary:
        (translated,) = cythonize([extension], build_dir=temporary, quiet=True, force=True)
        translated.optional = True  # without a compiler there is a warning, and no library
        command = build_ext(Distribution({"name": "avrorpc", "ext_modules": [translated]}))
        command.build_temp, command.build_lib = temporary, str(folder)
        command.ensure_finalized()
        library = folder / command.get_ext_filename(MODULE)
        library.unlink(missing_ok=True)  # one that is stale must not pass for a new one
        command.run()
    return library if library.exists() else None


if __name__ == "__main__":
    built = build()
    print(f"built {built.relative_to(ROOT)}" if built else "no accelerator was built")
    sys.exit(built is None)
