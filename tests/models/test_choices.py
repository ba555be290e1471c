import pytest

from spatialvision.models.choices import choose


def test_a_name_stands_for_its_thing():
    assert choose("norm", "batch", {"batch": 1, "group": 2}) == 1


def test_others_are_named_with_the_choices():
    with pytest.raises(ValueError, match="norm: expected one of batch, group; got 'layer'"):
        choose("norm", "layer", {"batch": 1, "group": 2})
