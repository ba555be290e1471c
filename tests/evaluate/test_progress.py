import io

import pytest
from rich.console import Console

from spatialvision.evaluate.progress import Bars, untracked


def test_a_terminal_shows_what_is_done_and_how_far() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with Bars(console)("robustness: grid", 4) as advance:
        for _ in range(3):
            advance()
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "robustness: grid" in shown
    assert "75 %" in shown


@pytest.mark.parametrize(("terminal", "visible"), [(False, True), (True, False)])
def test_nothing_is_shown_elsewhere(terminal: bool, visible: bool) -> None:
    console = Console(file=io.StringIO(), force_terminal=terminal)
    with Bars(console, visible)("work", 2) as advance:
        advance()
    assert console.file.getvalue().strip() == ""  # type: ignore[attr-defined]


def test_the_check_can_end_the_work() -> None:
    def stop() -> None:
        raise KeyboardInterrupt("told to stop")

    with (
        pytest.raises(KeyboardInterrupt, match="told to stop"),
        Bars(Console(file=io.StringIO()), check=stop)("work", 2) as advance,
    ):
        advance()


def test_untracked_work_goes_on_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    with untracked("work", 1) as advance:
        assert [advance() for _ in range(2)] == [None, None]  # type: ignore[func-returns-value]
    assert capsys.readouterr() == ("", "")
