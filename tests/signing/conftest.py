import io
from collections.abc import Callable

import pytest
from tests.conftest import make_mark
from tests.signing import authority

from kzmark.mark import Mark
from kzmark.signing import c2pa
from kzmark.signing.identity import Identity, new_identity

Signing = Callable[..., bytes]


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("signing") / "identity", organisation="ТОО Пример")


@pytest.fixture(scope="session")
def signer(identity: Identity) -> c2pa.Signer:
    return c2pa.Signer(identity)


@pytest.fixture(scope="session")
def root() -> authority.Made:
    return authority.root()


@pytest.fixture
def signed(signer: c2pa.Signer) -> Signing:
    def sign(
        data: bytes,
        mime: str = "image/jpeg",
        *,
        mark: Mark | None = None,
        by: c2pa.Signer | None = None,
        parent: bytes | None = None,
    ) -> bytes:
        target = io.BytesIO()
        c2pa.sign(
            io.BytesIO(data),
            target,
            mark=mark or make_mark(),
            mime=mime,
            signer=by or signer,
            parent=None if parent is None else io.BytesIO(parent),
        )
        return target.getvalue()

    return sign
