import pytest

from spatialvision.data.preparation.names import CLASS_ARCHIVE, VALIDATION_IMAGE, named, training_image
from spatialvision.data.preparation.tar import Member


def oddity(name: str, pattern: str) -> str:
    patterns = {"archive": CLASS_ARCHIVE, "val": VALIDATION_IMAGE, "train": training_image("n01440764")}
    return named(Member(name, 0, 1), patterns[pattern]).oddity


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("n01440764.tar", "archive"),
        ("n01440764_10026.JPEG", "train"),
        ("ILSVRC2012_val_00050000.JPEG", "val"),
    ],
)
def test_official_names_are_expected(name: str, pattern: str) -> None:
    assert oddity(name, pattern) == ""


@pytest.mark.parametrize(
    "name",
    ["/n01440764_1.JPEG", "../n01440764_1.JPEG", "a/../../n01440764_1.JPEG", "/etc/passwd", ".."],
)
@pytest.mark.fault("archive")
def test_names_that_lead_out_are_called_so(name: str) -> None:
    assert oddity(name, "train") == "its name leads out of the folder"


@pytest.mark.parametrize(
    "name",
    [
        "n01443537_1.JPEG",
        "n01440764_1.JPEG\n",
        "n01440764_١.JPEG",
        "n01440764_1.jpeg",
        "a/n01440764_1.JPEG",
        "n01440764_1.JPEG.sh",
        ".n01440764_1.JPEG",
        "",
        "n01440764_1\0.JPEG",
    ],
)
@pytest.mark.fault("archive")
def test_other_names_are_not_expected(name: str) -> None:
    assert oddity(name, "train") == "its name is not expected"


def test_what_is_odd_already_stays_so() -> None:
    link = Member("/x", 0, 0, "a symbolic link")
    assert named(link, CLASS_ARCHIVE) is link
