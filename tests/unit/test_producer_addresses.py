"""The addresses that are asked: the way that most names take makes what the careful way makes."""

import pytest
from yarl import URL

from producer.addresses import Addresses
from producer.windows import Window
from tests.polling import feed

WINDOW = Window(20_000, 20_015, "none", last=True)
AWKWARD = ["a/b", "..", "a b", "Å1", "%41", "a?b=c&d", "1#2", "a:b", ""]


@pytest.mark.parametrize("url", ["http://utility.test", "https://utility.test:8443/a%20b/Å/../c/"])
@pytest.mark.parametrize("name", ["735999100057526501", "abcXYZ019", *AWKWARD])
def test_a_name_is_asked_for_under_the_same_address_with_and_without_a_page(url: str, name: str) -> None:
    """With a page the whole address is made anew."""
    addresses = Addresses(feed(url=url))
    asked, paged = addresses.of(name, WINDOW, None), addresses.of(name, WINDOW, "2")
    assert str(asked) + "&page=2" == str(paged)
    assert asked == URL(str(asked)), "it is written as the HTTP client would write it"


def test_names_do_not_become_parts_of_the_path_or_query() -> None:
    found = {str(Addresses(feed()).of(name, WINDOW, None)) for name in AWKWARD}
    assert len(found) == len(AWKWARD)
    assert all(address.startswith("http://utility.test/") and address.count("?") == 1 for address in found)


def test_each_window_has_its_own_dates() -> None:
    addresses = Addresses(feed())
    later = Window(20_001, 20_016, "none", last=True)
    first, second, again = (addresses.of("1", window, None) for window in (WINDOW, later, WINDOW))
    assert first == again
    assert (first.query["from"], first.query["to"]) == ("2024-10-04", "2024-10-19")
    assert (second.query["from"], second.query["to"]) == ("2024-10-05", "2024-10-20")
