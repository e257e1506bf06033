"""`python -m kzmark`."""

import sys

from kzmark.cli import main

if __name__ == "__main__":
    sys.exit(main())
