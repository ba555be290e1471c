import io

from rich.console import Console

from spatialvision.data.preparation.amounts import size_text
from spatialvision.data.preparation.progress import ProgressReport


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_rate_and_time_left_are_those_of_this_call() -> None:
    clock = Clock()
    report = ProgressReport(
        "train", 138_000_000, size_text, Console(quiet=True), done=100_000_000, clock=clock
    )
    clock.now += 2
    report.advance(8_000_000)
    assert report.text() == "108 MB of 138 MB · 4.00 MB/s · 0:08 left"


def test_without_a_total_and_without_a_rate_no_time_is_told() -> None:
    clock = Clock()
    report = ProgressReport("file", 0, size_text, Console(quiet=True), clock=clock)
    clock.now += 1
    report.advance(5000)
    assert report.text() == "5.00 kB · 5.00 kB/s"
    still = ProgressReport("file", 10, size_text, Console(quiet=True), clock=clock)
    clock.now += 1
    assert still.text() == "0 bytes of 10 bytes · 0 bytes/s"


def test_a_log_gets_a_line_a_minute_and_one_at_the_end() -> None:
    clock, lines = Clock(), io.StringIO()
    with ProgressReport("train", 1000, size_text, Console(file=lines, width=40), clock=clock) as report:
        for _ in range(13):
            clock.now += 10
            report.advance(50)
        shown = lines.getvalue().splitlines()
        assert shown == [
            "train: 300 bytes of 1.00 kB · 5 bytes/s · 2:20 left",
            "train: 600 bytes of 1.00 kB · 5 bytes/s · 1:20 left",
        ]
    assert lines.getvalue().splitlines()[2:] == ["train: 650 bytes of 1.00 kB · 5 bytes/s · 1:10 left"]


def test_a_terminal_has_a_bar() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    clock = Clock()
    with ProgressReport("train", 1000, size_text, console, clock=clock) as report:
        clock.now += 1
        report.advance(500)
        report._bar.refresh()
    assert "train" in console.file.getvalue()  # type: ignore[attr-defined]
    assert "500 bytes of 1.00 kB" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_quiet_console_shows_nothing() -> None:
    file = io.StringIO()
    with ProgressReport("train", 10, size_text, Console(file=file, quiet=True)) as report:
        report.advance(10)
    assert file.getvalue() == ""
