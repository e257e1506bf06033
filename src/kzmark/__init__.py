"""Marks AI-generated content as Article 21 of Kazakhstan's law on AI asks.

A stamp is a machine-readable mark and a notice that a person sees, checked on the finished file;
a verifier says of any file which of the two it carries. Importing this package loads no
third-party module: each name is imported on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kzmark._limits import Limits
    from kzmark.api import inspect, stamp, verify
    from kzmark.batch import Job, Result, stamp_many, verify_many
    from kzmark.errors import KzmarkError
    from kzmark.mark import Mark, Responsible, System
    from kzmark.policy import Policy
    from kzmark.report import Report, Verdict
    from kzmark.stamper import Stamped, Stamper
    from kzmark.statement import Statement

__version__: Final = "0.1.0"

_HOME: Final = {
    "Job": "batch",
    "KzmarkError": "errors",
    "Limits": "_limits",
    "Mark": "mark",
    "Policy": "policy",
    "Report": "report",
    "Responsible": "mark",
    "Result": "batch",
    "Stamped": "stamper",
    "Stamper": "stamper",
    "Statement": "statement",
    "System": "mark",
    "Verdict": "report",
    "inspect": "api",
    "stamp": "api",
    "stamp_many": "batch",
    "verify": "api",
    "verify_many": "batch",
}

__all__ = [
    "Job",
    "KzmarkError",
    "Limits",
    "Mark",
    "Policy",
    "Report",
    "Responsible",
    "Result",
    "Stamped",
    "Stamper",
    "Statement",
    "System",
    "Verdict",
    "__version__",
    "inspect",
    "stamp",
    "stamp_many",
    "verify",
    "verify_many",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
