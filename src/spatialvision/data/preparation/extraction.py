"""The extraction of one archive by several processes, with its MD5 computed beside it."""

from collections.abc import Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from functools import partial

from rich.console import Console

from spatialvision.data.preparation.amounts import size_text
from spatialvision.data.preparation.digest import WrongArchiveError, check_md5, file_md5
from spatialvision.data.preparation.extract import Extracted, extract_class
from spatialvision.data.preparation.listing import listed
from spatialvision.data.preparation.plan import Plan
from spatialvision.data.preparation.progress import ProgressReport
from spatialvision.data.preparation.staging import Staging
from spatialvision.data.preparation.workers import MOMENT, Workers, outcome
from spatialvision.errors import DataError
from spatialvision.signals import StopSignal


@dataclass(frozen=True)
class Extraction:
    """One archive on its way into a folder.

    Attributes:
        plan: what the archive holds.
        staging: where its classes go.
        md5: what the archive's must be; empty accepts any, and none is computed.
        stop: asked after each class.
    """

    plan: Plan
    staging: Staging
    md5: str
    stop: StopSignal

    @property
    def size(self) -> int:
        """Bytes of all classes in the archive."""
        return sum(source.size for source in self.plan.classes)

    @property
    def size_left(self) -> int:
        """Bytes of those classes that are not done."""
        finished = self.staging.finished()
        return sum(source.size for source in self.plan.classes if source.wnid not in finished)

    @property
    def _md5_is_unknown(self) -> bool:
        return bool(self.md5) and not self.staging.record.md5

    def run(self, processes: int, console: Console) -> None:
        """Extract what is not done yet, and bring the split to its place.

        Raises:
            DataError: the archive has another MD5, of which nothing is kept then, or a class in it is damaged; the
                others are kept.
            OSError: the disk refuses; what is done stays.
            Stopped: on a signal; what is done stays.
        """
        try:
            # One more process than asked for reads the whole archive, if its MD5 is still to be computed.
            with Workers(processes + self._md5_is_unknown) as workers:
                self._run(workers, console)
        except WrongArchiveError:
            self.staging.discard()
            raise
        self.staging.publish()

    def _run(self, workers: Workers, console: Console) -> None:
        name, size = self.staging.place.name, self.size
        digest, failures = self._begin_digest(workers), []
        with ProgressReport(name, size, size_text, console, size - self.size_left) as report:
            for results in workers.results(self._jobs()):
                failures += self._commit(results)
                report.advance(sum(result.size for result in results))
                self._check(digest)
        if not digest.done():
            console.print(f"{name}: extracted; the archive's MD5 is still being computed", highlight=False)
        while wait([digest], timeout=MOMENT).not_done:
            self._check_stop()
        self._check(digest)
        if failures:
            raise DataError(f"{self.plan.archive}: {listed('damaged classes', failures)}")

    def _jobs(self) -> Iterator[partial[Extracted]]:
        finished = self.staging.finished()
        for source in self.plan.classes:
            if source.wnid not in finished:
                yield partial(extract_class, self.plan.archive, source, self.staging.partial(source.wnid))

    def _begin_digest(self, workers: Workers) -> Future[str]:
        if self._md5_is_unknown:
            return workers.begin(partial(file_md5, self.plan.archive))
        known: Future[str] = Future()
        known.set_result(self.staging.record.md5)
        return known

    def _commit(self, results: list[Extracted]) -> list[str]:
        """Bring finished classes to their place; why the others failed."""
        good = [result for result in results if not result.failure]
        if good:
            refused = [line for result in good for line in result.refused]
            self.staging.commit([result.wnid for result in good], refused)
        return [result.failure for result in results if result.failure]

    def _check(self, digest: Future[str]) -> None:
        self._check_stop()
        if digest.done() and outcome(digest) != self.staging.record.md5:
            check_md5(self.plan.archive, outcome(digest), self.md5)
            self.staging.note(replace(self.staging.record, md5=outcome(digest)))

    def _check_stop(self) -> None:
        if self.stop.received:
            done, name = len(self.staging.finished()), self.staging.place.name
            state = f"{done:,} of {len(self.plan.classes):,} classes of {name!r} are extracted"
            raise self.stop.error(self.stop.received, state)
