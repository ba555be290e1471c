"""The schema of a recipe: every field, its type, default and meaning. Defaults live here only."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from spatialvision.config.fields import Block, Fields, Length, dotted, frozen

Share = Annotated[float, Field(ge=0, le=1)]


class About(Fields):
    """What the recipe asks, where it comes from, what it costs and what was reported."""

    question: str = Field("", description="what a run of this recipe answers")
    source: str = Field("", description="paper or project that it follows")
    cost: str = Field("", description="roughly how long it takes, on what")
    reported: float | None = Field(None, description="published test accuracy in percent")
    reported_train: float | None = Field(None, description="published accuracy on training images in percent")
    reported_on: str = Field("", description="dataset that published numbers are about")
    reference: float | None = Field(
        None, description="published accuracy in percent that the family starts from, a line in its chart"
    )
    reported_note: str = Field("", description="how the published number came about")
    row: str = Field("", description="row of the family's table that the recipe stands in, such as a model")
    column: str = Field("", description="column of it, such as a dataset")


class Data(Block):
    """The dataset, what is held out of it and how its images reach the model; other keys are its own options."""

    validation: float = Field(0.1, ge=0, lt=1, description="share of the training split held out for choices")
    smallest_size: int | None = Field(
        None, ge=1, description="smaller images are padded with black to this height and width, centred"
    )
    normalise: bool = Field(
        True, description="subtract the training images' mean and divide by their std; false leaves [0, 1]"
    )
    repeats: int = Field(
        1,
        ge=1,
        description="copies of a training image in a row, each augmented anew, dealt to different processes",
    )
    epoch_images: int | None = Field(
        None, ge=1, description="training images in an epoch, copies counted; null: as many as the split has"
    )


class AugmentationFields(Fields):
    """Random changes of each training image, one batched warp; black outside the image."""

    crop_padding: int = Field(0, ge=0, description="random crop after padding by so many pixels")
    horizontal_flip: bool = Field(False, description="mirror every second image")
    rotation_deg: float = Field(0.0, ge=0, le=180, description="rotation, uniform within ± this")
    scale: tuple[float, float] = Field((1.0, 1.0), description="magnification, uniform between these")
    shift: float = Field(
        0.0, ge=0, le=1, description="shift in x and y, uniform within ± this share of the size"
    )
    colour_jitter: tuple[Share, Share, Share] = Field(
        (0.0, 0.0, 0.0),
        description="factors on brightness, contrast and saturation, uniform within 1 ± these",
    )

    @field_validator("scale")
    @classmethod
    def _scale_rises(cls, scale: tuple[float, float]) -> tuple[float, float]:
        if not 0 < scale[0] <= scale[1]:
            raise ValueError(f"expected 0 < lowest ≤ highest, got {list(scale)}")
        return scale


class Optimizer(Fields):
    """PyTorch's optimizer of that name."""

    name: Literal["sgd", "adam", "adamw"] = Field("sgd", description="which one")
    lr: float = Field(gt=0, description="peak learning rate")
    lr_base_size: int | None = Field(
        None,
        ge=1,
        description="`lr` is meant for batches of so many images and grows in proportion to batch_size, such as 256 "
        "(linear scaling rule, https://arxiv.org/abs/1706.02677, section 2.1); null: it is meant for any",
    )
    weight_decay: float = Field(0.0, ge=0, description="L2 penalty (sgd, adam) or decoupled decay (adamw)")
    decayed: Literal["all", "weights"] = Field(
        "all", description="what weight_decay acts on; weights: not on biases, scales and other vectors"
    )
    momentum: float = Field(0.0, ge=0, lt=1, description="momentum (sgd)")
    nesterov: bool = Field(False, description="Nesterov momentum (sgd)")
    betas: tuple[float, float] = Field((0.9, 0.999), description="averaging factors (adam, adamw)")
    eps: float = Field(1e-8, gt=0, description="term under the fraction bar (adam, adamw)")
    lr_factors: dict[str, Annotated[float, Field(ge=0)]] = Field(
        {},
        description="factors on the learning rate of some parameters, by what their dotted names begin with, "
        "such as {transformer: 0.1} for a whole spatial transformer; the longest that fits counts",
    )

    @field_validator("lr_factors", mode="before")
    @classmethod
    def _dotted(cls, factors: Any) -> Any:
        return dotted(factors) if isinstance(factors, Mapping) else factors

    @field_validator("momentum", "nesterov", "betas", "eps")
    @classmethod
    def _only_what_it_has(cls, value: Any, info: ValidationInfo) -> Any:
        name, field = info.data.get("name"), str(info.field_name)
        of_sgd = field in ("momentum", "nesterov")
        if name and of_sgd != (name == "sgd") and value != cls.model_fields[field].default:
            raise ValueError(f"{name} has no such option")
        return value


class Schedule(Fields):
    """The learning rate as a factor of `optimizer.lr`, a pure function of the step."""

    name: Literal["constant", "linear", "cosine", "step"] = Field(
        "constant", description="shape after warm-up"
    )
    warmup: Length = Field(Length(steps=0), description="linear rise from `start_factor` to 1")
    start_factor: float = Field(0.0, ge=0, description="factor at step 0 of the warm-up")
    end_factor: float = Field(0.0, ge=0, description="factor at the end (linear, cosine)")
    step_every: Length = Field(Length(epochs=30), description="interval between drops (step)")
    step_factor: float = Field(0.1, gt=0, description="factor of each drop (step)")


class Evaluation(Fields):
    """Measuring while training; test results are logged and never choose a checkpoint or stop a run."""

    every: Length = Field(Length(epochs=1), description="interval between measurements")
    splits: tuple[Literal["train", "validation", "test"], ...] = Field(
        ("validation", "test"), description="what is measured; a split that does not exist is left out"
    )
    train_images: int | None = Field(
        None, ge=1, description="of the training split only the first so many are measured; null: all"
    )
    evaluators: tuple[str, ...] = Field(
        ("accuracy", "predictions", "sampler"),
        description="what looks at the trained model, accuracy always among it; those that do not apply are left out",
    )
    batch_size: int = Field(500, ge=1, description="images at a time")

    @field_validator("evaluators")
    @classmethod
    def _results_are_measured(cls, evaluators: tuple[str, ...]) -> tuple[str, ...]:
        if "accuracy" not in evaluators:
            raise ValueError(
                f"expected 'accuracy' among them, a run's results are its; got {list(evaluators)}"
            )
        return evaluators


class Checkpoint(Fields):
    """When the whole state of a run is saved; a signal saves it at once, the end of training always."""

    every: Length = Field(Length(epochs=1), description="interval between checkpoints")
    keep: int = Field(2, ge=1, description="how many of the newest stay")
    keep_every: Length | None = Field(
        None, description="interval at which one is saved and stays for good, beside the newest; null: none"
    )


class Log(Fields):
    """What is written beside the results; may change when a run continues."""

    every: Length = Field(Length(epochs=1), description="interval between rows on the training split")
    tensorboard: bool = Field(True, description="write TensorBoard events")


class Experiment(Fields):
    """One training run, complete: together with code, data and thread count it determines the weights."""

    about: About = Field(About(), description="question, source, cost, reported result")
    seed: int = Field(0, ge=0, description="fixes initial weights, order, augmentation, dropout")
    epochs: float | None = Field(None, gt=0, description="length of training in epochs")
    steps: int | None = Field(None, gt=0, description="length of training in steps")
    batch_size: int = Field(64, ge=1, description="images a step, over all processes")
    drop_last: bool = Field(False, description="leave out the last, smaller batch of an epoch")
    data: Data = Field(description="dataset and its options")
    distortion: Block | None = Field(None, description="how all images are distorted, test images included")
    augmentation: AugmentationFields = Field(
        AugmentationFields(), description="random changes of training images"
    )
    model: Block = Field(description="model and its options")
    upgrades: dict[str, dict[str, Any]] = Field(
        {},
        description="changes to the built model, name to options, in this order, each on what the ones before it "
        "left (one that wraps the model comes last); null leaves one out",
    )
    objective: Block = Field(Block(name="cross_entropy"), description="loss and metrics, with options")
    optimizer: Optimizer = Field(description="optimizer and its settings")
    schedule: Schedule = Field(Schedule(), description="learning rate over time")
    clip_norm: float | None = Field(None, gt=0, description="largest global norm of the gradient")
    accumulate: int = Field(
        1,
        ge=1,
        description="parts in which a batch is computed, shared out among the processes: with fewer of them each "
        "computes more parts, and the batch stays",
    )
    ema: float | None = Field(
        None, gt=0, lt=1, description="decay of the weights' moving average, used in evaluation"
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="of matrix products and convolutions"
    )
    channels_last: bool = Field(True, description="memory format of images and convolutions")
    compile: bool = Field(False, description="torch.compile the training step")
    threads: int | None = Field(None, ge=1, description="CPU threads a process; null: PyTorch's choice")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where to compute; auto: a GPU if there is one"
    )
    processes: int = Field(1, ge=1, description="processes that share each batch, on GPUs one a process")
    timeout_seconds: float = Field(
        60,
        gt=0,
        description="how long processes wait for one that gets nothing done, before the run is ended",
    )
    evaluation: Evaluation = Field(Evaluation(), description="measuring while training")
    checkpoint: Checkpoint = Field(Checkpoint(), description="saving the state")
    log: Log = Field(Log(), description="rows and events")

    @field_validator("upgrades", mode="before")
    @classmethod
    def _without_those_left_out(cls, upgrades: Any) -> Any:
        if not isinstance(upgrades, Mapping):
            return {} if upgrades is None else upgrades
        return frozen({name: options for name, options in upgrades.items() if options is not None})

    # A field's own validator speaks even when other fields are wrong too; a model's would stay silent.
    @field_validator("steps")
    @classmethod
    def _length_is_given(cls, steps: int | None, info: ValidationInfo) -> int | None:
        if "epochs" in info.data and (info.data["epochs"] is None) == (steps is None):
            raise ValueError("expected the length of training: either epochs=n or steps=n")
        return steps

    @property
    def peak_learning_rate(self) -> float:
        """Of the whole batch: `optimizer.lr`, scaled if that is meant for batches of another size."""
        base_size = self.optimizer.lr_base_size
        return self.optimizer.lr * (1 if base_size is None else self.batch_size / base_size)

    def total_steps(self, steps_per_epoch: int) -> int:
        """Optimizer steps of the whole run."""
        return max(1, self.steps or round((self.epochs or 0) * steps_per_epoch))


MAY_CHANGE_ON_RESUME = ("about", "data.workers", "device", "processes", "timeout_seconds", "log")
