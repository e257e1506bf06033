"""What a URL is made of, as text: no backend is asked, and nothing is opened."""

import re
from typing import Final
from urllib.parse import unquote

from kzmark.errors import RequestError

WEB: Final = frozenset({"http", "https"})
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+._-]+)://")  # two letters or more: C:// is a drive
_CHAIN: Final = re.compile(r"[\w+.-]+(?:::[\w+.-]*)+://")
_COLLAPSED: Final = re.compile(r"(s3a?|gc?s|az|abfss?|memory|https?|file|sftp|hdfs):[/\\](?![/\\])")
_SECRET: Final = re.compile(
    r"([?&;][^=&#\s]*(?:sig|token|key|secret|passw|credential|auth)[^=&#\s]*=)[^&#\s'\")]+",
    re.IGNORECASE,
)


def is_url(text: str) -> bool:
    """Return whether a name is a URL; everything else is a path.

    Raises:
        RequestError: If it is a chain of URLs.
    """
    if _CHAIN.match(text):
        raise RequestError(
            "a chain of URLs",
            source=hidden(text),
            hint="name the object itself, as s3://bucket/key",
        )
    return _URL.match(text) is not None


def normal(text: str) -> str:
    """Return a URL with its scheme in small letters; the rest stays as it is.

    Raises:
        RequestError: If it holds a password.
    """
    scheme, rest = split(text)
    who, at, _ = rest.partition("/")[0].rpartition("@")
    if at and ":" in who:
        raise RequestError(
            "a password in a URL",
            source=f"{scheme}://…@{rest.partition('/')[0].rpartition('@')[2]}",
            hint="give it by the environment or by the settings of the backend",
        )
    return f"{scheme}://{rest}"


def split(url: str) -> tuple[str, str]:
    """Return the scheme in small letters, and what comes after `://`."""
    scheme, _, rest = url.partition("://")
    return scheme.lower(), rest


def is_collapsed(text: str) -> bool:
    """Return whether a path looks like a URL that `pathlib` has taken a slash from."""
    return _COLLAPSED.match(text) is not None


def name(url: str) -> str:
    """Return the last part of a URL's path, without what a web address asks of the server."""
    scheme, rest = split(url)
    if scheme in WEB:
        return unquote(_without_query(rest).rstrip("/").rpartition("/")[2])
    return rest.rstrip("/").rpartition("/")[2]


def parent(url: str) -> str:
    """Return the URL of the folder; a bucket, a host or a root is its own."""
    scheme, rest = split(url)
    if scheme in WEB:
        rest = _without_query(rest)
    kept = rest.rstrip("/")
    above, slash, _ = kept.rpartition("/")
    return f"{scheme}://{above or '/'}" if slash else f"{scheme}://{kept}"


def join(url: str, inside: str) -> str:
    """Return the URL of something below a folder, `/` between its parts."""
    above = url.rstrip("/")
    return (
        f"{above}/{inside}" if "://" in above else f"{url}{inside}"
    )  # of the root all was slashes


def beside(url: str, suffix: str) -> str:
    """Return a URL with a suffix more at the end of its name."""
    scheme, rest = split(url)
    if scheme not in WEB:
        return url + suffix
    path = _without_query(rest)
    return f"{scheme}://{path}{suffix}{rest[len(path) :]}"


def hidden(text: str) -> str:
    """Return a text without what looks like a secret in the query of a URL."""
    return _SECRET.sub(r"\1…", text)


def _without_query(rest: str) -> str:
    return re.split(r"[?#]", rest, maxsplit=1)[0]
