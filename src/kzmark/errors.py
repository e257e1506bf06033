"""Everything kzmark raises, grouped by who can put it right.

KzmarkError
  MediaError                   the file
    UnknownFormatError           no adapter recognises it
    UnsupportedMediaError        a kind of a known format that kzmark cannot work on
    MalformedMediaError          it breaks the rules of its own format
    LimitExceededError           it asks for more than `Limits` allow
  RequestError                 the caller
    PolicyUnsatisfiableError     the file cannot carry what the policy needs
    OutputExistsError            the target exists and overwriting was not asked for
    MarkExistsError              the file carries another mark and `replace` was not given
    ProfileError                 a profile file breaks its own rules
    RecordError                  a record breaks the schema of the mark
  InstallationError            the machine
    BackendMissingError          an optional backend is not installed
    InputError                   a source could not be read
    OutputError                  a target could not be written
    UnrecordedError              an output was written, but the audit log could not say so
    IdentityError                key, certificate or time stamp service failed
    ClusterError                 a cluster cannot be reached, or cannot run this kzmark
    WorkerLostError              a worker died under its work; the work can be done again
  CheckError                   kzmark itself: a finished output did not pass its own check
  InternalError                kzmark itself: a batch met what nobody foresaw
  NotCompliantError            the verdict, raised by `Report.raise_for_verdict` only
"""


class KzmarkError(Exception):
    """Root of every error raised on purpose.

    Attributes:
        message: What went wrong, in words; lower case, no full stop.
        source: The file it is about, or an empty string.
        hint: What to do next, or an empty string.
    """

    code = "error"

    def __init__(self, message: str, *, source: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.source}: {self.message}" if self.source else self.message

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes whole, whatever the constructor of a leaf asks for."""
        return _restored, (type(self), self.message, dict(self.__dict__))

    def to_dict(self) -> dict[str, str]:
        """Return `{code, message, hint}`, as `--json` prints it."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


def _restored(kind: type[KzmarkError], message: str, facts: dict[str, object]) -> KzmarkError:
    error = kind.__new__(kind, message)
    error.__dict__.update(facts)
    return error


class MediaError(KzmarkError):
    """The file is at fault."""

    code = "media"


class UnknownFormatError(MediaError):
    """No adapter recognises the file."""

    code = "unknown-format"


class UnsupportedMediaError(MediaError):
    """The file is whole, but of a kind of its format that kzmark cannot work on."""

    code = "unsupported"


class MalformedMediaError(MediaError):
    """The file breaks the rules of its own format."""

    code = "malformed"


class LimitExceededError(MediaError):
    """The file asks for more than `Limits` allow."""

    code = "limit"


class RequestError(KzmarkError):
    """The caller asked for something that cannot be."""

    code = "request"


class PolicyUnsatisfiableError(RequestError):
    """The file cannot carry what the policy needs."""

    code = "unsatisfiable"


class OutputExistsError(RequestError):
    """The target exists and overwriting was not asked for."""

    code = "output-exists"


class MarkExistsError(RequestError):
    """The file carries a different mark and `replace` was not given."""

    code = "mark-exists"


class ProfileError(RequestError):
    """A profile file breaks its own rules."""

    code = "profile"


class RecordError(RequestError):
    """A record breaks the schema of the mark."""

    code = "record"


class InstallationError(KzmarkError):
    """The machine lacks something."""

    code = "installation"


class BackendMissingError(InstallationError):
    """An optional backend is not installed.

    Attributes:
        backend: Import name of the missing package.
        extra: Extra of kzmark that brings it.
    """

    code = "backend-missing"

    def __init__(
        self, backend: str, *, extra: str, source: str = "", doing: str = "reading this format"
    ) -> None:
        super().__init__(
            f"{doing} needs {backend}",
            source=source,
            hint=f"pip install 'kzmark[{extra}]'",
        )
        self.backend = backend
        self.extra = extra


class InputError(InstallationError):
    """A source could not be read: it is not there, or the machine refuses."""

    code = "input"


class OutputError(InstallationError):
    """A target could not be written; what stood there before is intact."""

    code = "output"


class UnrecordedError(InstallationError):
    """The output was written and passed its check, but the audit log could not say so.

    Attributes:
        output: Path of the output, or an empty string if it went to a stream.
        mark_id: Id of the mark it carries; the log has the intent of this id.
    """

    code = "unrecorded"

    def __init__(self, message: str, *, output: str, mark_id: str, source: str = "") -> None:
        super().__init__(
            message,
            source=source,
            hint=f"{output or 'the output'} is finished (mark {mark_id}); put the log right",
        )
        self.output = output
        self.mark_id = mark_id


class IdentityError(InstallationError):
    """Key, certificate or time stamp service failed."""

    code = "identity"


class ClusterError(InstallationError):
    """A cluster cannot be reached, went away, or its workers cannot run this kzmark."""

    code = "cluster"


class WorkerLostError(InstallationError):
    """A worker died under its work: whether outputs were written is not known; do it again."""

    code = "worker-lost"


class CheckError(KzmarkError):
    """A finished output did not pass kzmark's own check, so it was not kept."""

    code = "check"


class InternalError(KzmarkError):
    """A batch met an exception that nobody foresaw; the other files went on. `__cause__` has it."""

    code = "internal"


class NotCompliantError(KzmarkError):
    """The verdict is not `compliant`; raised by `Report.raise_for_verdict` only."""

    code = "not-compliant"
