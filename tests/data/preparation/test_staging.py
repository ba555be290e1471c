import os
from pathlib import Path
from typing import Any

from spatialvision.data.preparation.plan import plan_training, plan_validation
from spatialvision.data.preparation.record import Record
from spatialvision.data.preparation.staging import Staging


def begun(archives: Any, target: Path) -> Staging:
    """One class done, one half-done."""
    staging = Staging(target, "train")
    staging.take_up(plan_training(archives.training()[0]))
    for wnid in ("n01440764", "n01440765"):
        staging.partial(wnid).mkdir()
        (staging.partial(wnid) / "image").write_text(wnid)
    staging.commit(["n01440764"], ["n01440764: one"])
    return staging


def test_a_second_call_keeps_what_is_done_and_sweeps_the_rest(archives: Any, tmp_path: Path) -> None:
    begun(archives, tmp_path)
    again = Staging(tmp_path, "train")
    again.take_up(plan_training(tmp_path / "train.tar"))
    assert again.finished() == {"n01440764"}
    assert list(again.folder.glob(".*")) == []
    assert again.refused() == ("n01440764: one",)


def test_what_a_killed_call_noted_is_not_noted_twice(archives: Any, tmp_path: Path) -> None:
    """Killed after the note, before the renaming: the class is extracted again, its refusals come again."""
    begun(archives, tmp_path)
    (tmp_path / ".preparation" / "train" / "n01440764").rename(tmp_path / "gone")
    again = Staging(tmp_path, "train")
    again.take_up(plan_training(tmp_path / "train.tar"))
    again.partial("n01440764").mkdir()
    again.commit(["n01440764"], ["n01440764: one", "n01440764: two"])
    assert again.refused() == ("n01440764: one", "n01440764: two")


def test_another_archive_begins_anew(archives: Any, tmp_path: Path) -> None:
    """The same path, but another time of change: nobody knows what of the old one still holds."""
    begun(archives, tmp_path)
    os.utime(tmp_path / "train.tar", ns=(1, 1))
    again = Staging(tmp_path, "train")
    again.take_up(plan_training(tmp_path / "train.tar"))
    assert again.finished() == set()
    assert again.refused() == ()


def test_other_labels_begin_anew(archives: Any, tmp_path: Path) -> None:
    path, labels, _ = archives.validation()
    for given, kept in ((labels, False), (labels, True), (labels[::-1], False)):
        staging = Staging(tmp_path, "val")
        staging.take_up(plan_validation(path, given))
        assert (staging.finished() == {"n01440764"}) == kept
        if not kept:
            staging.partial("n01440764").mkdir()
            staging.commit(["n01440764"])


def test_nothing_is_in_its_place_before_all_is(archives: Any, tmp_path: Path) -> None:
    staging = begun(archives, tmp_path)
    assert not (tmp_path / "train").exists()
    staging.publish()
    assert archives.contents(tmp_path / "train") == {"n01440764/image": b"n01440764"}
    assert staging.refused() == ("n01440764: one",)


def test_a_record_survives_its_file(archives: Any, tmp_path: Path) -> None:
    record = Record(1, 2**62 + 1, "contents", "md5", ("one", "two"))
    assert Record.read(tmp_path / "record.json") is None
    record.write(tmp_path / "record.json")
    assert Record.read(tmp_path / "record.json") == record
