"""Tables: a short one in the order of its rows' places, a long one printed as it grows."""

import io
from collections.abc import Sequence

from kzmark.cli.table import Listing, table, width


def lines(rows: Sequence[tuple[int, tuple[str, ...]]]) -> list[str]:
    out = io.StringIO()
    listing = Listing(("file", "verdict"), out)
    for place, row in rows:
        listing.add(place, row)
    listing.close()
    return out.getvalue().splitlines()


def test_rows_of_a_short_table_stand_by_their_places() -> None:
    found = lines([(2, ("c", "x")), (0, ("a", "x")), (1, ("b", "x"))])

    assert [line.split()[0] for line in found] == ["file", "────", "a", "b", "c"]


def test_a_short_listing_is_the_plain_table() -> None:
    rows = [(f"{number}" * (number + 1), "ok") for number in range(9)]

    assert "\n".join(lines(list(enumerate(rows)))) == table(("file", "verdict"), rows)


def test_a_long_table_is_printed_while_it_grows() -> None:
    out = io.StringIO()
    listing = Listing(("file", "verdict"), out)
    seen = []
    for number in range(2_000):
        listing.add(number, (f"{number}.jpg", "ok"))
        seen.append(out.getvalue().count("\n"))
    listing.close()

    assert seen[498] == 0
    assert seen[499] == 502
    assert seen[1_999] == 2_002
    assert out.getvalue().count("\n") == 2_002


def test_one_odd_name_makes_no_wide_table() -> None:
    rows = [(number, ("x" * (200 if number == 7 else 10), "ok")) for number in range(100)]

    found = lines(rows)

    assert sum(len(line) > 40 for line in found) == 1
    assert found[9] == "x" * 200 + "  ok"


def test_an_empty_listing_has_its_head() -> None:
    assert lines([]) == ["file  verdict", "────  ───────"]


def test_wide_letters_take_two_columns_and_marks_none() -> None:
    assert [width(text) for text in ("abc", "漢字", "й", "и\N{COMBINING BREVE}")] == [3, 4, 1, 1]
