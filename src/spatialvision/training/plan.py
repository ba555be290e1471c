"""When things happen: a recipe's lengths and intervals as step numbers."""

from dataclasses import dataclass

from spatialvision.config.experiment import Experiment
from spatialvision.config.fields import Length
from spatialvision.data.order import steps_per_epoch


@dataclass(frozen=True)
class Plan:
    """Step counts of one run; ``images`` are those of an epoch, intervals are in steps, at least 1.

    ``keep_every``: at these steps a checkpoint is saved as well, and stays for good; None: no such step.
    """

    images: int
    batch_size: int
    steps_per_epoch: int
    total_steps: int
    log_every: int
    evaluate_every: int
    save_every: int
    keep_every: int | None = None

    def logs_at(self, step: int) -> bool:
        """Whether a row on the training split is due after ``step`` steps."""
        return self._due(step, self.log_every)

    def evaluates_at(self, step: int) -> bool:
        """Whether the splits are measured after ``step`` steps."""
        return self._due(step, self.evaluate_every)

    def saves_at(self, step: int) -> bool:
        """Whether a checkpoint is due after ``step`` steps."""
        return self._due(step, self.save_every) or (step > 0 and self.keeps_at(step))

    def keeps_at(self, step: int) -> bool:
        """Whether a checkpoint of ``step`` steps stays for good."""
        return self.keep_every is not None and step % self.keep_every == 0

    def _due(self, step: int, interval: int) -> bool:
        return step > 0 and (step % interval == 0 or step == self.total_steps)

    def epochs_done(self, step: int) -> float:
        """Steps as epochs."""
        return step / self.steps_per_epoch

    def images_in(self, position: int) -> int:
        """Size of the batch at a position of the epoch, over all processes."""
        return min(self.batch_size, self.images - position * self.batch_size)


def make_plan(experiment: Experiment, images: int) -> Plan:
    """The plan of an experiment on a training split of so many images."""
    images = experiment.data.epoch_images or images
    per_epoch = steps_per_epoch(images, experiment.batch_size, experiment.drop_last)
    total = experiment.total_steps(per_epoch)

    def interval(length: Length) -> int:
        return max(1, length.in_steps(per_epoch, total))

    keep_every = experiment.checkpoint.keep_every
    return Plan(
        images=images,
        batch_size=experiment.batch_size,
        steps_per_epoch=per_epoch,
        total_steps=total,
        log_every=interval(experiment.log.every),
        evaluate_every=interval(experiment.evaluation.every),
        save_every=interval(experiment.checkpoint.every),
        keep_every=None if keep_every is None else interval(keep_every),
    )
