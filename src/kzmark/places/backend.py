"""Backends of fsspec: found by the scheme of a URL, opened, and asked in their own words."""

import errno
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from kzmark.places import refusal
from kzmark.places.url import split

if TYPE_CHECKING:
    from kzmark.places import Facts, Place

# A put there is seen whole or not at all, and can be asked to create only.
OBJECT_STORES: Final = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory"})
_VERSIONS: Final = (  # what tells one content from another, the surest first
    "ETag",
    "etag",
    "generation",
    "checksum",
    "md5Hash",
    "mtime",
    "LastModified",
    "last_modified",
    "Last-Modified",
    "updated",
    "modified",
    "created",
)


def opened(place: "Place") -> tuple[Any, str]:
    """Return the file system of a URL, shared by all its objects, and the name it has there.

    Raises:
        RequestError: If there is no such scheme.
        BackendMissingError: If the backend is not installed.
        InputError: If the backend refuses its own settings.
    """
    scheme = split(place.url)[0]
    try:
        from fsspec.registry import get_filesystem_class, known_implementations, registry

        if scheme not in registry and scheme not in known_implementations:
            raise refusal.unknown(place)
        kind = get_filesystem_class(scheme)
    except ImportError as error:
        raise refusal.missing(place, error) from error
    with refusal.told(place, writing=False):
        options = kind._get_kwargs_from_urls(place.url)  # noqa: SLF001 - as fsspec.core does
        return _made(kind, options), kind._strip_protocol(place.url)  # noqa: SLF001


def facts_of(info: dict[str, Any]) -> "Facts":
    """Return the facts in what a backend tells of an object; a listing tells the same."""
    from kzmark.places import Facts

    version = next((info[key] for key in _VERSIONS if info.get(key)), None)
    if isinstance(version, datetime):
        version = version.timestamp()
    return Facts.of(int(info.get("size") or 0), str(version).strip('"') if version else None)


def _made(kind: Any, options: dict[str, Any]) -> Any:
    """Open a backend without its cache of listings: it would grow, and tell of old files."""
    try:
        return kind(**options, use_listings_cache=False)
    except TypeError:  # a backend that knows no such word keeps none
        return kind(**options)


def said_of(scheme: str, mime: str) -> dict[str, Any]:
    """Return what to tell a store about an object's kind, so that browsers show a picture."""
    if not mime or scheme == "memory":
        return {}
    if scheme in {"s3", "s3a"}:
        return {"ContentType": mime}
    if scheme in {"gs", "gcs"}:
        return {"content_type": mime}
    return {"content_settings": {"content_type": mime}}


def is_bad_range(error: Exception) -> bool:
    """Return whether a store says that an object has no such bytes (HTTP 416)."""
    said = f"{getattr(error, 'code', '')} {error}".lower()
    return getattr(error, "errno", None) == errno.EINVAL or "416" in said or "range" in said
