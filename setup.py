"""Builds the fast core. Everything else stands in pyproject.toml.

The extension is optional: without a compiler the package installs all the same and takes its
pure Python paths.
"""

from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
SOURCES = Path("src/kzmark/native/c")
PARTS = ("module", "splice", "coding", "plate", "scan", "bits", "huffman")


class BuildExt(build_ext):
    """Asks the compilers that know the flag for their best; the parse loop gains a fifth."""

    def build_extension(self, ext: Extension) -> None:
        """Build one extension, with the flags of its compiler."""
        if self.compiler.compiler_type == "unix":
            ext.extra_compile_args = ["-O3", "-std=c11", "-fvisibility=hidden"]
        super().build_extension(ext)


setup(
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
    cmdclass={"build_ext": BuildExt},
    ext_modules=[
        Extension(
            "kzmark.native._jpeg",
            [f"{SOURCES.as_posix()}/{part}.c" for part in PARTS],
            depends=[path.relative_to(ROOT).as_posix() for path in (ROOT / SOURCES).glob("*.h")],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            py_limited_api=True,
            optional=True,
        )
    ],
)
