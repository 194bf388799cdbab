"""How often garbage is looked for."""

import gc

import pytest

from runtime.garbage import SELDOM, collecting_seldom


def test_it_is_looked_for_seldom_and_as_before_once_that_is_over() -> None:
    """Also where it ended with an error."""
    before = gc.get_threshold()
    with pytest.raises(LookupError), collecting_seldom():
        assert gc.get_threshold() == SELDOM
        raise LookupError
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
