"""The notes say what the table shows, and nothing of what it does not."""

from spatialvision.report.explanations import explanations


def row(n: int, seeds_p: float | None, images_p: float | None) -> dict[str, object]:
    method = "paired t, 3 seeds" if seeds_p is not None else None
    return {"n": n, "seeds_p": seeds_p, "images_p": images_p, "seeds_test": method}


def test_several_seeds() -> None:
    text = "\n".join(explanations([row(3, None, None), row(3, 0.1, 0.2)], "plain"))
    for expected in (
        "Student's t",
        "Difference: to plain",
        "would another seed change it? By paired t, 3 seeds.",
        "would other test images change it?",
        "a randomisation test",
        "Holm",
    ):
        assert expected in text
    assert "1 seed" not in text


def test_single_runs_have_no_interval_over_seeds() -> None:
    text = "\n".join(explanations([row(1, None, None), row(1, None, 0.2)], "plain"))
    assert "1 seed: ± is the 95 % interval over images (bootstrap)" in text
    assert "McNemar's exact test" in text
    assert "another seed change" not in text
    assert "over seeds (Student's t)" not in text


def test_one_group_needs_no_words_on_differences() -> None:
    assert explanations([row(3, None, None)], "plain") == [
        "Mean: ± is its 95 % interval over seeds (Student's t)."
    ]
