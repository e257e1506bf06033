"""Builds the fast core. Everything else stands in pyproject.toml.

The extension is optional: without a compiler the package installs all the same and takes its
pure Python paths.
"""

from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
SOURCES = Path("src/kzmark/native/c")
EXTENSIONS = {  # name in kzmark.native → its sources
    "_jpeg": (
        *("module", "splice", "take", "phase", "runs", "stencil", "plate", "transform", "coding"),
        *("region", "planes", "samples", "reduced", "scan", "frame", "huffman", "bits"),
    ),
    "_png": (
        *("pngmodule", "pngsplice", "pngstream", "pngrows", "pngroom"),
        *("inflate", "inflate_header", "inflate_table", "inflate_source"),
        *("deflate", "deflate_words", "deflate_sink"),
    ),
}


class BuildExt(build_ext):
    """Asks the compilers that know the flag for their best; the parse loop gains a fifth."""

    def build_extension(self, ext: Extension) -> None:
        """Build one extension, with the flags of its compiler."""
        if self.compiler.compiler_type == "unix":
            ext.extra_compile_args = ["-O3", "-std=c11", "-fvisibility=hidden"]
        elif self.compiler.compiler_type == "msvc":
            ext.extra_compile_args = ["/O2", "/std:c11"]
        super().build_extension(ext)


setup(
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
    cmdclass={"build_ext": BuildExt},
    ext_modules=[
        Extension(
            f"kzmark.native.{name}",
            [f"{SOURCES.as_posix()}/{part}.c" for part in parts],
            depends=[path.relative_to(ROOT).as_posix() for path in (ROOT / SOURCES).glob("*.h")],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            py_limited_api=True,
            optional=True,
        )
        for name, parts in EXTENSIONS.items()
    ],
)
