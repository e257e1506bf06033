"""Plain text of 2 KB with its manifest in it (C2PA 2.4, A.8), beside c2patxt.

    python -m benchmarks.bench_text             2 KB in Kazakh and English, made here
    python -m benchmarks.bench_text FILE        a text of your own

c2patxt embeds a manifest and does nothing else: no notice, no check of what came out. kzmark's
answer is a string marked and checked (`Stamper.text`), its stamp a file read, marked and checked.
Each takes ten texts in a row before it is the next one's turn, and no text comes twice running.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks import clock
from benchmarks.bench_stamp import STATEMENT
from benchmarks.clock import Work

import kzmark
from kzmark.signing.algorithm import Algorithm
from kzmark.signing.identity import new_identity

SIZE = 2048
ROUNDS = 20
RUN = 10  # texts in a row
KINDS = 3 * RUN + 1  # different ones


def made(size: int = SIZE) -> str:
    """Return a text of about so many bytes."""
    lines = "Қазақстан туралы мәтін. Synthetic text by a model.\n" * size
    return lines.encode()[:size].decode("utf-8", "ignore")


def theirs(folder: Path) -> Callable[[str], str]:
    """Return c2patxt's way, with a key of the one kind that it signs with."""
    import c2patxt
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    new_identity(folder, algorithm=Algorithm.ED25519)
    key: Any = load_pem_private_key((folder / "leaf.key").read_bytes(), None)
    leaf = x509.load_pem_x509_certificates((folder / "chain.pem").read_bytes())[:1]
    signer = c2patxt.Signer(private_key=key, certificates=tuple(leaf), allow_nonconformant=True)
    model = c2patxt.Disclosure(media_type="text/plain", model_type="c2pa.types.model")
    return lambda text: c2patxt.embed(text, signer, model)


def works(text: str, folder: Path) -> dict[str, Work]:
    """Return what is measured, each once seen to do what it should."""
    stamper = kzmark.Stamper(STATEMENT, identity=new_identity(folder / "id"), embed_c2pa=True)
    texts = [f"{number:02} {text[3:]}" for number in range(KINDS)]
    sources = [folder / f"{number}.txt" for number in range(KINDS)]
    for source, one in zip(sources, texts, strict=True):
        source.write_text(one, encoding="utf-8")
    embed, target = theirs(folder / "ed25519"), folder / "stamped.txt"
    stamper.stamp(sources[0], target)
    assert kzmark.verify(target).verdict is kzmark.Verdict.COMPLIANT
    first, second, third = cycle(texts), cycle(texts), cycle(sources)
    return {
        "c2patxt embed": Work(lambda: embed(next(first)), in_a_row=RUN),
        "kzmark answer": Work(lambda: stamper.text(next(second)), in_a_row=RUN),
        "kzmark stamp": Work(lambda: stamper.stamp(next(third)), in_a_row=RUN),
    }


def section(rounds: int) -> str:
    """Return the part of the page of measurements."""
    with tempfile.TemporaryDirectory() as folder:
        spent = clock.compared(works(made(), Path(folder)), rounds=rounds * 2, least=5)
    rows = [
        f"| {name} | {one.cpu * 1e3:.2f} | {one.wall * 1e3:.2f} |" for name, one in spent.items()
    ]
    head = ["### Text of 2 KB, manifest in it", "", "| | CPU ms | wall ms |", "|---|---|---|"]
    return "\n".join([*head, *rows])


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args(argv)
    text = chosen.file.read_text(encoding="utf-8") if chosen.file else made()
    with tempfile.TemporaryDirectory() as folder:
        spent = clock.compared(works(text, Path(folder)), rounds=chosen.rounds, least=5)
    first = spent["c2patxt embed"]
    for name, one in spent.items():
        print(f"{name:14} {one.cpu * 1e3:6.2f} ms CPU  {first.cpu / one.cpu:5.2f} x c2patxt")
    return 0


if __name__ == "__main__":
    sys.exit(main())
