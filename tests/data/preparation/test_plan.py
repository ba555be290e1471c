import tarfile
from pathlib import Path
from typing import Any

import pytest

from spatialvision.data.preparation.plan import plan_training, plan_validation
from spatialvision.errors import DataError


def test_class_tars_are_found_where_they_lie(archives: Any) -> None:
    path, expected = archives.training(classes=3, images=4)
    plan = plan_training(path)
    assert [source.wnid for source in plan.classes] == ["n01440764", "n01440765", "n01440766"]
    found = {}
    with path.open("rb") as file:
        for source in plan.classes:
            for member in source.images(file.fileno()):
                file.seek(member.start)
                found[f"{source.wnid}/{member.name}"] = file.read(member.size)
    assert found == expected
    assert plan.refused == ()


def test_validation_images_go_by_their_number(archives: Any) -> None:
    path, labels, expected = archives.validation(images=10)
    plan = plan_validation(path, labels)
    names = [f"{source.wnid}/{member.name}" for source in plan.classes for member in source.images(-1)]
    assert sorted(names) == sorted(expected)
    assert sum(source.size for source in plan.classes) == sum(map(len, expected.values()))


def test_an_image_without_a_label_is_an_error(archives: Any) -> None:
    path, labels, _ = archives.validation(images=3)
    with pytest.raises(DataError, match=r"ILSVRC2012_val_00000003\.JPEG has no label; there are 2 labels"):
        plan_validation(path, labels[:2])


def test_what_is_not_expected_is_listed_and_left_out(archives: Any) -> None:
    good = archives.class_tar(archives.class_images("n01440764", 1))
    items = [
        archives.special("./", tarfile.DIRTYPE),
        archives.regular("n01440764.tar", good),
        archives.regular("n01440764.tar", good),
        archives.regular("../n01443537.tar", good),
        archives.regular("/tmp/n01443537.tar", good),
        archives.regular("README\n", b"hello"),
        archives.special("n01443537.tar", tarfile.SYMTYPE, "/etc/passwd"),
    ]
    plan = plan_training(archives.write("a.tar", archives.tar(items)))
    assert [source.wnid for source in plan.classes] == ["n01440764"]
    assert list(plan.refused) == [
        "'n01440764.tar': a second member of this name",
        "'../n01443537.tar': its name leads out of the folder",
        "'/tmp/n01443537.tar': its name leads out of the folder",
        r"'README\n': its name is not expected",
        "'n01443537.tar': a symbolic link",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "truncated: its end mark is missing"),
        (b"no tar at all" * 100, "corrupt: no header at byte 0"),
        (bytes(10240), "it has no members"),
    ],
)
def test_what_is_no_tar_is_an_error(archives: Any, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"a.tar is no whole tar: {message}.*; fetch it again"):
        plan_training(archives.write("a.tar", content))


def test_every_cut_of_an_archive_is_noticed(archives: Any) -> None:
    """At each block's end, and within it: none passes for a whole archive until its end mark is there."""
    files = {f"n0000000{number}.tar": bytes(700) for number in range(3)}
    whole = archives.tar(archives.regular(name, content) for name, content in files.items())
    end = 3 * (512 + 1024)
    for size in [*range(512, end + 512, 512), *range(100, end + 512, 333)]:
        with pytest.raises(DataError, match="is no whole tar"):
            plan_training(archives.write("a.tar", whole[:size]))
    assert len(plan_training(archives.write("a.tar", whole[: end + 1024])).classes) == 3


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*none.tar: No such file"):
        plan_training(tmp_path / "none.tar")
    with pytest.raises(DataError, match="Is a directory"):
        plan_training(tmp_path)


def test_fingerprints_tell_labels_apart_but_not_paths(archives: Any, tmp_path: Path) -> None:
    path, labels, _ = archives.validation(images=6)
    first = plan_validation(path, labels).fingerprint()
    assert plan_validation(path, labels[::-1]).fingerprint() != first
    assert plan_validation(path.rename(tmp_path / "other.tar"), labels).fingerprint() == first
