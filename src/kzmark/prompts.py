"""Prompts that other programs left in a file. kzmark writes none, and takes none out unasked.

What others wrote stays, so a prompt that came with the file is told of and not removed. Known are
the places and forms of the generators that write them: `parameters` (AUTOMATIC1111, Forge, Fooocus,
SwarmUI; in JPEG and WebP the EXIF user comment), `prompt` and `workflow` (ComfyUI; in WebP EXIF
make and model), InvokeAI's and NovelAI's fields.
"""

import re
from collections.abc import Sequence
from typing import Final

from kzmark.report import Evidence

_FIELDS: Final = frozenset(
    {
        "dream",
        "invokeai_graph",
        "invokeai_metadata",
        "invokeai_workflow",
        "parameters",
        "prompt",
        "sd-metadata",
        "workflow",
    }
)
_FORM: Final = re.compile(
    r'"(?:negative_?)?prompt"\s*:|\bNegative prompt:|\bSteps: \d+, Sampler:|^(?:prompt|workflow):',
    re.IGNORECASE,
)


def kept(evidence: Sequence[Evidence]) -> bool:
    """Say whether others' statements in a file hold a prompt, as far as reports repeat them."""
    said = [fact for piece in evidence for fact in piece.facts.items()]
    return any(name.casefold() in _FIELDS or _FORM.search(text) for name, text in said)
