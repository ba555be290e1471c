"""What the rates mean for the training: who waits for whom, and how long it all takes."""

from collections.abc import Iterator

from spatialvision.data.preparation.amounts import size_text, time_text
from spatialvision.doctor.finding import Finding, fine, warning
from spatialvision.doctor.rates import Rates

ENOUGH = 1.1
"""The workers should deliver a little more than the device takes."""


def judge_rates(
    rates: Rates, processes: int, workers: int, epoch_images: int, epochs: float
) -> Iterator[Finding]:
    """Findings on the disk, the workers, the device, and the length of the training.

    Args:
        processes: that train at a time, each with the rates of one.
        workers: that decode for each process.
        epoch_images: images in an epoch, copies counted.
        epochs: of the training.
    """
    # One process was measured. The others get no more from the disk than it delivers to all.
    loading, computing = min(processes * rates.loading, rates.disk), processes * rates.computing
    yield fine(f"disk: {rates.disk:,.0f} images/s, {size_text(rates.disk_bytes)}/s, read at random")
    yield fine(
        f"decoding: {loading:,.0f} images/s by {processes} × {workers} workers, reading included{_told(processes)}"
    )
    several = "processes" if processes > 1 else "process"
    yield fine(f"device: {computing:,.0f} images/s forward, back and step, by {processes} {several}")
    if loading >= ENOUGH * computing:
        yield fine("the device is the limit, as it should be")
    else:
        yield warning(f"{_who_is_slow(rates, loading)}; the device waits {_idle(loading, computing)}")
    seconds = epoch_images / min(loading, computing)
    yield fine(
        f"an epoch of {epoch_images:,} images takes about {time_text(seconds)}, {epochs:g} of them "
        f"{_long_time(seconds * epochs)}, measuring left out"
    )


def _told(processes: int) -> str:
    return f"; one process measured, {processes} reckoned" if processes > 1 else ""


def _long_time(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:,.1f} hours" if hours < 48 else f"{hours / 24:,.1f} days"


def _who_is_slow(rates: Rates, loading: float) -> str:
    if rates.disk < ENOUGH * loading:
        return "the disk is the limit: copy the images to one in this machine, best an SSD, or into memory if they fit"
    return (
        "decoding is the limit: try more data.workers, up to the cores, and pip install 'spatialvision[jpeg]'"
    )


def _idle(loading: float, computing: float) -> str:
    share = max(0.0, 1 - loading / computing)
    return f"{share:.0%} of the time" if share else "as soon as anything else uses the machine"
