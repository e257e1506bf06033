"""The picture that a plate is laid out for: its size, its margins, its least letters."""

import math
from dataclasses import dataclass

from kzmark.formats._drawn import enlargement
from kzmark.notices.badge import PAD, Metrics
from kzmark.notices.style import NoticeStyle


@dataclass(frozen=True, slots=True)
class Sheet:
    """The picture that a plate is laid out for.

    Attributes:
        width: Displayed width.
        height: Displayed height.
        style: What the notice says and looks like.
        vector: Whether edges may fall anywhere; the least size in pixels is then that of the
            drawing as it is looked at.
    """

    width: float
    height: float
    style: NoticeStyle
    vector: bool

    def metrics(self, shortest: float) -> Metrics:
        """Return the proportions for a picture with this shortest side."""
        rules = self.style.profile.image
        if self.vector:
            least = rules.min_cap / enlargement(max(self.width, self.height))
            return Metrics(max(least, rules.cap_share * shortest), whole=False)
        return Metrics(max(rules.min_cap, _up(rules.cap_share * shortest)), whole=True)

    @property
    def margins(self) -> tuple[float, float]:
        """Safe margins at the sides and at top and bottom."""
        share = self.style.profile.image.margin_share
        across, down = share * self.width, share * self.height
        return (across, down) if self.vector else (_up(across), _up(down))

    def indent(self, core: tuple[float, float], metrics: Metrics) -> float:
        """Return how far a core stands from the left end of a box that spans the picture."""
        wanted = self.margins[0] - metrics.of(PAD)
        return max(0, min(wanted, self.width - core[0]))


def _up(value: float) -> int:
    return math.ceil(value - 1e-9)
