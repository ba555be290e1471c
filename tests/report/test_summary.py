"""The summary: best, earliest step, last, and the run."""

import json
import re
from collections.abc import Callable

from spatialvision.runs.directory import METRICS


def test_the_table_in_full(make_run: Callable, command: Callable) -> None:
    make_run("made/a", 0, [0.5, 0.9, 0.9, 0.8], about={"reported": 91.0})
    make_run("made/a", 1, [0.7, 0.95])
    code, printed, errors = command("summary", "made")
    assert (code, errors) == (0, "")
    assert printed == (
        "## accuracy on test\n\n"
        "| best, % (chosen on the test set) | earliest step | last, % | reported, % | run |\n"
        "| ---: | ---: | ---: | ---: | --- |\n"
        "| 95.00 | 20 | 95.00 | – | runs/made/a/s1 |\n"
        "| 90.00 | 20 | 80.00 | 91.00 | runs/made/a/s0 |\n\n"
        "## accuracy on validation\n\n"
        "| best, % | earliest step | last, % | run |\n"
        "| ---: | ---: | ---: | --- |\n"
        "| 85.00 | 20 | 85.00 | runs/made/a/s1 |\n"
        "| 80.00 | 20 | 70.00 | runs/made/a/s0 |\n\n"
    )


def test_unfinished_runs_are_marked(make_run: Callable, command: Callable) -> None:
    make_run("made/a", 0, [0.5, 0.6])
    make_run("made/a", 1, [0.7], state="running")
    make_run("made/b", 2, [], state="failed")
    printed = command("summary")[1]
    assert "| 70.00 | 10 | 70.00 | runs/made/a/s1 | running at step 10 |" in printed
    assert "| 60.00 | 20 | 60.00 | runs/made/a/s0 |  |" in printed
    assert re.search(r"## not measured yet\n\n.*\n.*\n\| runs/made/b/s2 \| failed \|", printed)


def test_training_images_measured_as_they_are_have_a_table_of_their_own(
    make_run: Callable, command: Callable
) -> None:
    run = make_run("made/a", 0, [0.5], about={"reported": 40.0, "reported_train": 99.0})
    row = {"epoch": 1.0, "step": 10, "loss": 1.0}
    with (run.path / METRICS).open("a") as file:
        for each in (
            {**row, "split": "train", "accuracy": 0.25},
            {**row, "split": "train_clean", "accuracy": 0.75, "correct": 150, "images": 200},
        ):
            file.write(json.dumps(each) + "\n")
    printed = command("summary", "made")[1]
    assert (
        "## accuracy on train_clean\n\n"
        "| best, % | earliest step | last, % | reported, % | run |\n"
        "| ---: | ---: | ---: | ---: | --- |\n"
        "| 75.00 | 10 | 75.00 | 99.00 | runs/made/a/s0 |\n\n"
        "- The first 200 training images as they are, not augmented, in evaluation mode.\n"
    ) in printed
    assert "## accuracy on train\n\n| best, % (while learning) |" in printed


def test_equal_runs_are_sorted_by_path(make_run: Callable, command: Callable) -> None:
    for seed in (2, 0, 1):
        make_run("made/a", seed, [0.5])
    printed = command("summary", "made")[1].partition("## accuracy on validation")[0]
    assert re.findall(r"s\d", printed) == ["s0", "s1", "s2"]


def test_runs_and_tables_can_be_chosen(make_run: Callable, command: Callable) -> None:
    for recipe in ("made/a", "made/b"):
        for seed in range(2):
            make_run(recipe, seed, [0.5])
    printed = command("summary", "made", "seed=1", "--filter", "/a/", "--split", "test")[1]
    assert re.findall(r"##.*|runs/\S+", printed) == ["## accuracy on test", "runs/made/a/s1"]
    tables = re.findall("##.*", command("summary", "--split", "validation", "--split", "test")[1])
    assert tables == ["## accuracy on validation", "## accuracy on test"]


def test_a_split_that_there_is_not(make_run: Callable, command: Callable) -> None:
    make_run("made/a", 0, [0.5])
    expected = "spatialvision: --split: expected test or validation or train_clean or train, got 'tset'\n"
    assert command("summary", "--split", "tset") == (2, "", expected)
