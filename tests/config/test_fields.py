import pytest
from pydantic import BaseModel, ValidationError

from spatialvision.config.experiment import AugmentationFields, Data, Experiment
from spatialvision.config.fields import Block, Fields, Length, block_schema, dotted


class Example(Fields):
    number: float = 1.0
    count: int | None = None


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", float("nan"), float("inf")])
def test_numbers_are_finite(value: object) -> None:
    with pytest.raises(ValidationError, match="finite number"):
        Example.model_validate({"number": value})


def test_fields_are_closed_and_frozen() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Example.model_validate({"numbr": 1})
    with pytest.raises(ValidationError, match="frozen"):
        Example().number = 2.0


@pytest.mark.parametrize(
    ("length", "steps"),
    [
        (Length(epochs=2), 20),
        (Length(epochs=0.25), 2),
        (Length(epochs=0.36), 4),
        (Length(steps=7), 7),
        (Length(steps=0), 0),
        (Length(share=0.5), 150),
        (Length(share=0.333333), 100),
        (Length(share=1), 300),
        (Length(share=0), 0),
    ],
)
def test_length_in_steps(length: Length, steps: int) -> None:
    assert length.in_steps(10, 300) == steps


@pytest.mark.parametrize(
    "given", [{}, {"epochs": 1, "steps": 1}, {"epochs": None}, {"steps": 1, "share": 0.5}]
)
def test_a_length_is_epochs_or_steps_or_a_share(given: dict) -> None:
    with pytest.raises(ValidationError, match=r"one of \{epochs: n\}, \{steps: n\} and \{share: "):
        Length.model_validate(given)


def test_a_share_is_at_most_the_whole() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        Length(share=1.5)


@pytest.mark.parametrize(
    "length",
    [
        Length(epochs=0.5),
        Length(steps=3),
        Length(share=0.25),
        Length(epochs=0),
        Length(steps=0),
        Length(share=0),
    ],
)
def test_a_length_survives_being_written(length: Length) -> None:
    written = length.model_dump(mode="json")
    assert len(written) == 1
    assert Length.model_validate(written) == length


def test_nested_names_are_joined_by_dots() -> None:
    assert dotted({"a": {"b": {"c": 1}, "d": 2}, "e.f": 3, "g": {}}) == {"a.b.c": 1, "a.d": 2, "e.f": 3}


def test_a_block_keeps_its_options() -> None:
    block = Block.model_validate({"name": "net", "width": 3})
    assert block.options == {"width": 3}
    assert Data(name="pictures").options == {}, "validation is a field, no option"


def test_a_written_block_equals_the_one_it_came_from() -> None:
    block = Block.model_validate({"name": "net", "sizes": (1, 2), "nested": {"pairs": [[1, 2], (3, 4)]}})
    assert Block.model_validate(block.model_dump(mode="json")) == block
    assert block.options == {"sizes": (1, 2), "nested": {"pairs": ((1, 2), (3, 4))}}


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        ("augmentation", AugmentationFields),
        ("distortion", Block),
        ("data", Data),
        ("seed", None),
        ("steps", None),
    ],
)
def test_block_schema_looks_through_optional(field: str, schema: type[BaseModel] | None) -> None:
    assert block_schema(Experiment.model_fields[field].annotation) is schema
