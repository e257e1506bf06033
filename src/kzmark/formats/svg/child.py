"""A process of its own that renders one SVG: what hangs or dies here, hangs or dies here alone.

Run as a script: the SVG comes on standard input, options as one JSON argument, PNG goes out.
"""

import json
import sys
from typing import Final

_MEMORY: Final = 3 << 30  # bytes of address space


def main() -> None:
    """Render standard input to standard output."""
    options = json.loads(sys.argv[1])
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass  # Windows, or a limit already lower: time is bounded by who started us
    import resvg_py

    png = resvg_py.svg_to_bytes(svg_string=sys.stdin.buffer.read().decode(), **options)
    sys.stdout.buffer.write(png)


if __name__ == "__main__":
    main()
