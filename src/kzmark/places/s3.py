"""What S3 can do beyond fsspec's common words: a look without a listing, a listing page by page."""

import errno
from collections.abc import Iterator
from typing import Any


def speaks(system: Any) -> bool:
    """Return whether a file system of fsspec is that of S3."""
    return hasattr(system, "call_s3") and hasattr(system, "split_path")


def info(system: Any, path: str) -> dict[str, Any] | None:
    """Return what S3 tells of one object, by one request; nothing if the system is another.

    The common `info` lists as well when there is no such object, which costs twelve times as much.

    Raises:
        FileNotFoundError: If there is no such object.
    """
    if not speaks(system):
        return None
    bucket, key, version = system.split_path(path)
    if not key or version:
        return None
    found = system.call_s3("head_object", Bucket=bucket, Key=key)
    return {"ETag": found["ETag"], "size": found["ContentLength"], "type": "file"}


def pages(system: Any, path: str) -> Iterator[list[dict[str, Any]]]:
    """Yield all objects below a folder, a thousand at a time, in the order of their keys.

    Memory stays flat however many there are; the common `walk` holds a folder at once.
    """
    bucket, key, _ = system.split_path(path)
    prefix = f"{key.rstrip('/')}/" if key else ""
    more: dict[str, str] = {}
    while True:
        page = system.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, **more)
        yield [
            {**one, "name": f"{bucket}/{one['Key']}", "size": one["Size"]}
            for one in page.get("Contents", ())
        ]
        if not page.get("IsTruncated"):
            return
        more = {"ContinuationToken": page["NextContinuationToken"]}


def knows_no_condition(error: Exception) -> bool:
    """Return whether a store of S3's kind turned down a conditional put because it has none."""
    return getattr(error, "errno", None) == errno.ENOSYS
