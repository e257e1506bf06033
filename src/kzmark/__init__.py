"""Marks AI-generated content as Article 21 of Kazakhstan's law on AI asks.

A stamp is a machine-readable mark and a notice that a person sees, checked on the finished file;
a verifier says of any file which of the two it carries. Importing this package loads no
third-party module: each name is imported on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from kzmark import errors, vocabulary
    from kzmark._limits import Limits
    from kzmark.answer import Answer
    from kzmark.api import inspect, stamp, verify
    from kzmark.batch import Job, Result, Stop, stamp_many, verify_many
    from kzmark.errors import KzmarkError
    from kzmark.executors import connect
    from kzmark.mark import Mark, Responsible, System
    from kzmark.plan import Plan
    from kzmark.policy import Policy, Signed, article_21
    from kzmark.policy_file import from_file as load_policy
    from kzmark.profile import Profile
    from kzmark.profile import load as load_profile
    from kzmark.report import Evidence, Finding, Report, Verdict
    from kzmark.signing.identity import Identity, new_identity
    from kzmark.signing.identity import load as load_identity
    from kzmark.signing.spec import IdentitySpec
    from kzmark.speaker import AnswerStream, AsyncAnswerStream
    from kzmark.stamper import Stamped, Stamper
    from kzmark.statement import Statement

__version__: Final = "0.1.0"

_HOME: Final = {  # where a name is made, and its name there if it is another
    "Answer": "answer",
    "AnswerStream": "speaker",
    "AsyncAnswerStream": "speaker",
    "Evidence": "report",
    "Finding": "report",
    "Identity": "signing.identity",
    "IdentitySpec": "signing.spec",
    "Job": "batch",
    "KzmarkError": "errors",
    "Limits": "_limits",
    "Mark": "mark",
    "Plan": "plan",
    "Policy": "policy",
    "Profile": "profile",
    "Report": "report",
    "Responsible": "mark",
    "Result": "batch",
    "Signed": "policy",
    "Stamped": "stamper",
    "Stamper": "stamper",
    "Statement": "statement",
    "Stop": "batch",
    "System": "mark",
    "Verdict": "report",
    "article_21": "policy",
    "connect": "executors",
    "inspect": "api",
    "load_identity": "signing.identity:load",
    "load_policy": "policy_file:from_file",
    "load_profile": "profile:load",
    "new_identity": "signing.identity",
    "stamp": "api",
    "stamp_many": "batch",
    "verify": "api",
    "verify_many": "batch",
}
_MODULES: Final = ("errors", "vocabulary")

__all__ = [
    "Answer",
    "AnswerStream",
    "AsyncAnswerStream",
    "Evidence",
    "Finding",
    "Identity",
    "IdentitySpec",
    "Job",
    "KzmarkError",
    "Limits",
    "Mark",
    "Plan",
    "Policy",
    "Profile",
    "Report",
    "Responsible",
    "Result",
    "Signed",
    "Stamped",
    "Stamper",
    "Statement",
    "Stop",
    "System",
    "Verdict",
    "__version__",
    "article_21",
    "connect",
    "errors",
    "inspect",
    "load_identity",
    "load_policy",
    "load_profile",
    "new_identity",
    "stamp",
    "stamp_many",
    "verify",
    "verify_many",
    "vocabulary",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, other = _HOME[name].partition(":")
    value = getattr(import_module(f"{__name__}.{module}"), other or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
