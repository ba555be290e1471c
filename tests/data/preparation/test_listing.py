from spatialvision.data.preparation.listing import SHOWN, listed


def test_a_few_lines_are_all_shown() -> None:
    assert listed("damaged classes", ["one", "two"]) == "2 damaged classes:\n  one\n  two"


def test_of_many_lines_the_first_are_shown_and_the_others_counted() -> None:
    lines = listed("members", [f"line {number}" for number in range(1234)]).splitlines()
    assert len(lines) == 1 + SHOWN + 1
    assert (lines[0], lines[-1]) == ("1,234 members:", "  and 1,214 more")
