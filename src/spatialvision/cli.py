"""The command line: thin commands that import what is heavy only when they run."""

import json
import shlex
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatialvision.errors import SpatialVisionError, StorageError

if TYPE_CHECKING:
    import numpy as np

    from spatialvision.runs.directory import Run

app = typer.Typer(
    name="spatialvision",
    help="Image classifiers that know where things are: train named recipes, evaluate and compare the runs.",
    epilog="First steps: 'spatialvision recipes' lists what there is; "
    "'spatialvision train stn-mnist/exp01-baseline data.name=fashion_mnist epochs=3' trains one of them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

RecipeArgument = Annotated[
    str, typer.Argument(help="A recipe's name (see 'recipes'), or the path of a YAML file.")
]
OverridesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FIELD=VALUE]...", help="Changes, such as epochs=3 optimizer.lr=0.1."),
]
ImportOption = Annotated[
    list[Path] | None,
    typer.Option("--import", help="A Python file that registers models, upgrades, datasets, objectives, …"),
]
DataRootOption = Annotated[
    Path | None,
    typer.Option(help="Folder of the datasets [default: $SPATIALVISION_DATA, else the user's cache folder]."),
]
SplitOption = Annotated[str, typer.Option(help="test, validation, train, or one such as test-rotated.")]
FormatOption = Annotated[
    str, typer.Option("--format", help="What is printed: terminal, markdown, csv or json.")
]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Never connect to a network.")]


@app.command(
    epilog="Example: spatialvision train stn-mnist/exp01-baseline data.name=fashion_mnist epochs=3 seed=1"
)
def train(
    recipe: RecipeArgument,
    overrides: OverridesArgument = None,
    name: Annotated[
        str | None,
        typer.Option(help="The run's folder [default: what differs from the recipe, and the seed]."),
    ] = None,
    runs_dir: Annotated[Path, typer.Option(help="Folder of all runs.")] = Path("runs"),
    data_root: DataRootOption = None,
    imports: ImportOption = None,
    init_from: Annotated[
        Path | None, typer.Option(help="Start from the weights of a run or of a .safetensors file.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Delete the run of that name first.")
    ] = False,
    offline: OfflineOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on the console.")] = False,
) -> None:
    """Train a recipe, or continue it where it stopped. The run directory holds everything."""
    from spatialvision.signals import StopSignal

    # Before the slow imports, so that a signal in the first seconds ends the run as well as one later.
    with StopSignal().installed() as stop:
        from spatialvision.distributed.process import end_worker
        from spatialvision.training.train import train as train_recipe
        from spatialvision.workbench import import_files, load_recipe

        import_files(imports or [])
        train_recipe(
            load_recipe(recipe, *(overrides or [])),
            runs_dir=runs_dir,
            name=name,
            data_root=data_root,
            offline=offline,
            overwrite=overwrite,
            init_from=init_from,
            quiet=quiet,
            stop=stop,
        )
        end_worker()


@app.command(
    epilog="Example: spatialvision sweep quickstart/plain-cnn quickstart/coordconv seed=0,1,2 optimizer.lr=1e-3,3e-3"
)
def sweep(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="RECIPE... [FIELD=VALUE,VALUE...]...",
            help="Recipes, or patterns such as 'quickstart/*', and values to combine.",
        ),
    ],
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs", min=1, help="Runs at a time, each in its own process with a share of cores and GPUs."
        ),
    ] = 1,
    runs_dir: Annotated[Path, typer.Option(help="Folder of all runs.")] = Path("runs"),
    data_root: DataRootOption = None,
    imports: ImportOption = None,
    offline: OfflineOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on the console.")] = False,
) -> None:
    """Train a grid of runs; finished ones are skipped, begun ones continued, failed ones reported at the end."""
    from functools import partial

    from spatialvision.signals import StopSignal

    with StopSignal().installed() as stop:
        from spatialvision.config.grid import expand, expand_recipes, split_arguments
        from spatialvision.training import sweep as sweeping
        from spatialvision.workbench import import_files

        import_files(imports or [])
        recipes, overrides = split_arguments(arguments)
        grid = sweeping.load_grid(expand_recipes(recipes), expand(overrides))
        train_all = sweeping.sweep
        if jobs > 1:
            from spatialvision.training.sweep_parallel import sweep_in_processes

            train_all = partial(sweep_in_processes, jobs=jobs)
        outcomes = train_all(
            grid, runs_dir=runs_dir, data_root=data_root, offline=offline, quiet=quiet, stop=stop
        )
    typer.echo("\n".join(sweeping.closing_lines(outcomes)))
    raise typer.Exit(max(outcome.exit_code for outcome in outcomes))


@app.command(
    epilog="Examples: 'spatialvision evaluate runs/stn-mnist/exp01-baseline/s123 accuracy --split test'; "
    "'spatialvision evaluate runs/stn-mnist/exp01-baseline/s123 cost robustness.images=1000' sets an option; "
    "'spatialvision evaluate … accuracy predictions --distortion rotated' measures turned images; "
    "'spatialvision evaluate … accuracy data.size=288' images in folders at another resolution."
)
def evaluate(
    run: Annotated[Path, typer.Argument(help="A finished run's folder.")],
    evaluators: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[EVALUATOR|EVALUATOR.OPTION=VALUE]... [data.size=PIXELS]",
            help="Which ones, see 'evaluators' [default: those that the run's training ends with]. With another "
            "size of the images, the results stand beside the others, as 'test-size-PIXELS'.",
        ),
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option(help="train, validation or test; may be repeated.")
    ] = None,
    distortion: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|{name: NAME, OPTION: VALUE}",
            help="Distort the images first; the results stand beside the others, as 'test-NAME'.",
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="auto, cpu or cuda [default: the run's own setting].")
    ] = None,
    data_root: DataRootOption = None,
    imports: ImportOption = None,
    offline: OfflineOption = False,
) -> None:
    """Evaluate a finished run again; each evaluator writes one file into the run."""
    from rich.console import Console

    from spatialvision.data.root import default_data_root
    from spatialvision.evaluate.evaluate import evaluate_run
    from spatialvision.evaluate.progress import Bars
    from spatialvision.report.figures import draw_figures
    from spatialvision.report.printing import print_terminal
    from spatialvision.report.temperatures import temperature_table
    from spatialvision.runs.directory import Run
    from spatialvision.workbench import import_files, registries

    opened = Run(run)
    registries()
    import_files([*sorted((run / "imports").glob("*.py")), *(imports or [])])
    for path in evaluate_run(
        opened,
        evaluators or [],
        split or [],
        data_root=data_root or default_data_root(),
        offline=offline,
        device=device,
        distortion=distortion,
        track=Bars(Console(stderr=True)),
    ):
        typer.echo(path)
        if path.name == "temperatures.json":
            print_terminal(temperature_table(path))
    for path in draw_figures(opened):
        typer.echo(path)


@app.command(
    epilog="Examples: 'spatialvision extract runs/stn-mnist/exp01-baseline/s123 --split train' writes "
    "evaluation/train/features.npz into the run; '… --to features.npz' writes elsewhere. In Python, "
    "numpy.load('features.npz')['features'] reads them."
)
def extract(
    run: Annotated[Path, typer.Argument(help="A finished run's folder.")],
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    to: Annotated[
        Path | None,
        typer.Option(help="The .npz file to write [default: evaluation/<split>/features.npz in the run]."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file that is there.")] = False,
    device: Annotated[
        str | None, typer.Option(help="auto, cpu or cuda [default: the run's own setting].")
    ] = None,
    data_root: DataRootOption = None,
    imports: ImportOption = None,
    offline: OfflineOption = False,
) -> None:
    """Write what the model makes of every image: the last linear layer's input, probabilities, label, index, path.

    Memory holds one batch; the disk needs 4 bytes an image for each feature and 8 for each class, which is checked.
    """
    from rich.console import Console

    from spatialvision.data.root import default_data_root
    from spatialvision.evaluate.extract import extract as extract_features
    from spatialvision.evaluate.progress import Bars
    from spatialvision.runs.directory import Run
    from spatialvision.workbench import import_files, registries

    opened = Run(run)
    registries()
    import_files([*sorted((run / "imports").glob("*.py")), *(imports or [])])
    path = extract_features(
        opened,
        split,
        to,
        data_root=data_root or default_data_root(),
        offline=offline,
        device=device,
        overwrite=overwrite,
        track=Bars(Console(stderr=True)),
    )
    typer.echo(path)


@app.command(
    epilog="Examples: 'spatialvision predict runs/birds/s0 photo.jpg ~/album --top 3'; "
    "'find . -name \"*.jpg\" | spatialvision predict runs/birds/s0 - --format jsonl --out answers.jsonl'."
)
def predict(
    model: Annotated[
        Path, typer.Argument(metavar="RUN", help="A finished run's folder, or an exported .safetensors file.")
    ],
    paths: Annotated[
        list[str],
        typer.Argument(help="Image files, folders of them, and - for paths on standard input, one a line."),
    ],
    top: Annotated[int, typer.Option(min=1, help="How many classes are told of each image.")] = 5,
    form: Annotated[
        str, typer.Option("--format", help="csv or jsonl (JSON, a line for each image).")
    ] = "csv",
    out: Annotated[Path | None, typer.Option(help="The file to write [default: standard output].")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file that is there.")] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Images at a time.")] = 64,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    data_root: DataRootOption = None,
    imports: ImportOption = None,
    offline: OfflineOption = False,
) -> None:
    """Tell what a run's model takes images for: a row for each, in order, with probabilities.

    Images that cannot be read are left out and named on standard error; exit code 3 if there are any.
    """
    from spatialvision.errors import DataError
    from spatialvision.inference.load import load_model
    from spatialvision.inference.paths import image_files
    from spatialvision.inference.telling import tell
    from spatialvision.workbench import import_files, registries

    registries()
    import_files(imports or [])
    files = image_files(paths)
    classifier = load_model(model, data_root=data_root, offline=offline, device=device)
    broken = tell(classifier, files, top, form, out, overwrite, batch_size)
    raise typer.Exit(DataError.exit_code if broken else 0)


@app.command(
    epilog="Examples: 'spatialvision export runs/birds/s0 --format onnx' writes export/model.onnx and "
    "export/model.onnx.md into the run; '… --format pt2 --to birds.pt2' writes elsewhere."
)
def export(
    run: Annotated[Path, typer.Argument(help="A finished run's folder.")],
    form: Annotated[
        str, typer.Option("--format", help="onnx, pt2 (torch.export) or safetensors (for load_model).")
    ],
    to: Annotated[
        Path | None, typer.Option(help="The file to write [default: export/model.<format> in the run].")
    ] = None,
    images: Annotated[int, typer.Option(min=1, help="Of the test split so many are compared.")] = 200,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the files that are there.")] = False,
    data_root: DataRootOption = None,
    imports: ImportOption = None,
    offline: OfflineOption = False,
) -> None:
    """Write a run's model to one file that normalises its images itself, and a card that describes it.

    Before the file gets its name it answers for test images; exit code 1 if a logit is more than 1e-4 off.
    """
    from rich.console import Console

    from spatialvision.data.root import default_data_root
    from spatialvision.evaluate.progress import Bars
    from spatialvision.inference.export import export as export_model
    from spatialvision.runs.directory import Run
    from spatialvision.workbench import import_files, registries

    registries()
    import_files(imports or [])
    exported = export_model(
        Run(run),
        form,
        to,
        images=images,
        data_root=data_root or default_data_root(),
        offline=offline,
        overwrite=overwrite,
        track=Bars(Console(stderr=True)),
    )
    typer.echo(exported.path)
    typer.echo(exported.card)
    typer.echo(f"largest difference of a logit on {exported.images} test images: {exported.difference:.2g}")


@app.command(
    epilog="Examples: 'spatialvision doctor --data /data/imagenet'; "
    "'spatialvision doctor imagenet/spatialnet-0 processes=8 --data /data/imagenet' asks about another model; "
    "'spatialvision doctor data.name=folder --data ~/birds' looks at photographs of one's own."
)
def doctor(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RECIPE] [FIELD=VALUE]...",
            help="What is to be trained [default: imagenet/resnet50], and changes of it.",
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The folder that holds train and val [default: the recipe's own].")
    ] = None,
    images: Annotated[
        int, typer.Option(min=1, help="Of each split so many are decoded, and shown to a trained network.")
    ] = 300,
    seconds: Annotated[float, typer.Option(min=0, help="How long each speed is measured.")] = 5.0,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="ResNet-50's: torchvision's resnet50-0676ba61.pth, or timm's tv_in1k [default: cached or fetched]."
        ),
    ] = None,
    data_root: DataRootOption = None,
    imports: ImportOption = None,
    offline: OfflineOption = False,
) -> None:
    """Find out in minutes what would spoil days: a broken tree, unreadable images, wrong labels, a slow disk.

    Exit code 3 if something is wrong with the data, 0 if there are warnings only.
    """
    from spatialvision.data.root import default_data_root
    from spatialvision.doctor import Level, examine
    from spatialvision.doctor.examine import Effort
    from spatialvision.errors import DataError
    from spatialvision.workbench import import_files, load_recipe

    import_files(imports or [])
    overrides = [text for text in arguments or [] if "=" in text]
    recipes = [text for text in arguments or [] if "=" not in text] or ["imagenet/resnet50"]
    if len(recipes) > 1:
        raise typer.BadParameter(f"expected one recipe, got {', '.join(recipes)}")
    if data is not None:
        overrides.append(f"data.path={json.dumps(str(data.absolute()), ensure_ascii=False)}")
    experiment = load_recipe(recipes[0], *overrides).experiment
    wrong = False
    for finding in examine(
        experiment, data_root or default_data_root(), Effort(images, seconds, weights), offline
    ):
        wrong |= finding.level is Level.WRONG
        typer.echo(finding)
    raise typer.Exit(DataError.exit_code if wrong else 0)


@app.command(epilog="Example: spatialvision show stn-mnist/exp05-coordconv-classifier epochs=3")
def show(recipe: RecipeArgument, overrides: OverridesArgument = None) -> None:
    """Print a recipe with parents and overrides resolved, and where each value comes from."""
    from spatialvision.config.resolving import resolve
    from spatialvision.config.showing import resolved_text

    typer.echo(resolved_text(resolve(recipe, overrides or [])))


@app.command()
def recipes() -> None:
    """List the shipped recipes and the question that each answers."""
    from spatialvision.config.recipe import load_layers, shipped_recipes

    names = shipped_recipes()
    width = max(map(len, names))
    for name in names:
        typer.echo(f"{name:<{width}}  {load_layers(name).tree.get('about', {}).get('question', '')}")


@app.command()
def fields() -> None:
    """List every field of a recipe: type, default, meaning."""
    from spatialvision.config.showing import field_lines

    typer.echo("\n".join(field_lines()))


NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Explain these in full [default: list all].")
]


@app.command(epilog="Example: spatialvision models vit_pre_norm timm/convnext_tiny")
def models(names: NamesArgument = None, imports: ImportOption = None) -> None:
    """List the models and their options: type, default. Every model of timm is one too, as timm/<name>."""
    _list("model", names, imports)


@app.command(epilog="Example: spatialvision upgrades mixstyle")
def upgrades(names: NamesArgument = None, imports: ImportOption = None) -> None:
    """List the upgrades, changes to any model that a recipe's 'upgrades' block names, and their options."""
    _list("upgrades", names, imports)


@app.command(epilog="Example: spatialvision datasets digits")
def datasets(names: NamesArgument = None, imports: ImportOption = None) -> None:
    """List the datasets and their options: type, default."""
    _list("data", names, imports)


@app.command(epilog="Example: spatialvision evaluators robustness")
def evaluators(names: NamesArgument = None, imports: ImportOption = None) -> None:
    """List the evaluators, what 'evaluate' and 'evaluation.evaluators' may name, and their options."""
    _list("evaluation.evaluators", names, imports)


def _list(block: str, names: list[str] | None, imports: list[Path] | None) -> None:
    from spatialvision.config.showing import builder_lines, explanation, prefix_line
    from spatialvision.workbench import import_files, registries

    known = registries()
    import_files(imports or [])
    registry, supplied = known[block]
    for name in names or []:
        typer.echo("\n".join(explanation(registry[name], supplied)))
    if not names:
        for name in registry:
            typer.echo("\n".join(builder_lines(registry[name], supplied)))
        for prefix, find in registry.prefixes.items():
            typer.echo(prefix_line(prefix, find))


PlacesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[RUN|FAMILY]...", help="Run folders, or a family's name below the runs' folder."),
]
RunsDirOption = Annotated[Path, typer.Option(help="Folder of all runs.")]
RunsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN|FAMILY|FIELD=VALUE]...",
        help="Run folders or families below the runs' folder, and what their runs must have.",
    ),
]
PatternOption = Annotated[str, typer.Option("--filter", help="A regular expression for runs' paths.")]
SplitsOption = Annotated[
    list[str] | None, typer.Option(help="Whose rows, such as test or train_clean; may be repeated.")
]


@app.command(
    epilog="Examples: 'spatialvision compare quickstart --baseline plain-cnn' compares a family's groups over "
    "their seeds; 'spatialvision compare runs/quickstart/plain-cnn/s0 runs/quickstart/coordconv/s0' shows the "
    "images on which one of two runs alone is right."
)
def compare(
    places: PlacesArgument = None,
    baseline: Annotated[
        str | None, typer.Option(help="The group that others are compared to [default: the first by name].")
    ] = None,
    split: SplitOption = "test",
    runs_dir: RunsDirOption = Path("runs"),
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to [default: 'comparison' in the folder named].")
    ] = None,
    form: FormatOption = "terminal",
    allow_differences: Annotated[
        bool,
        typer.Option(
            "--allow-differences",
            help="Compare runs on other images, of another split or package version; the table lists them.",
        ),
    ] = False,
    data_root: DataRootOption = None,
) -> None:
    """Judge runs against a baseline: would another seed, would other test images change the difference?

    Writes tables and charts: accuracy over the seeds with intervals and paired tests, accuracy against cost,
    learning curves, a sampler gallery, and for two runs the images that they disagree on.
    """
    from spatialvision.report.compare import compare as compare_runs
    from spatialvision.report.printing import printer

    print_table = printer(form)
    tables, paths = compare_runs(
        places or [],
        runs_dir,
        images=lambda run, split, positions: _images(run, split, positions, data_root),
        split=split,
        baseline=baseline,
        out=out,
        allow_differences=allow_differences,
    )
    for table in tables if form == "terminal" else tables[:1]:
        print_table(table)
    for path in paths:
        typer.echo(path, err=form != "terminal")


def _images(run: "Run", split: str, positions: "np.ndarray", data_root: Path | None) -> "np.ndarray":
    from spatialvision.data.root import default_data_root
    from spatialvision.evaluate.disagreement import images_at
    from spatialvision.workbench import import_files, registries

    registries()
    import_files(sorted((run.path / "imports").glob("*.py")))
    return images_at(run, split, positions, data_root or default_data_root())


@app.command(epilog="Example: spatialvision report quickstart --baseline plain-cnn --out report.html")
def report(
    places: PlacesArgument = None,
    baseline: Annotated[
        str | None, typer.Option(help="The group that others are compared to [default: the first by name].")
    ] = None,
    split: SplitOption = "test",
    runs_dir: RunsDirOption = Path("runs"),
    out: Annotated[
        Path, typer.Option(help="The page, an .html file; an older page of this kind is replaced.")
    ] = Path("report.html"),
    allow_differences: Annotated[
        bool,
        typer.Option(
            "--allow-differences",
            help="Compare runs on other images, of another split or package version; the page lists them.",
        ),
    ] = False,
    data_root: DataRootOption = None,
) -> None:
    """Write one page that answers which idea helps, by how much, where and at what cost; it opens without a network.

    It holds the judged comparison, learning and robustness curves, confusion matrices, pictures, accuracy against
    cost, and of every run the experiment, the environment and the command that trains it again.
    """
    from spatialvision.config.rerunning import Rerunning
    from spatialvision.report.page.report import Sources, write_report
    from spatialvision.workbench import registries

    commands = Rerunning(registries())
    path = write_report(
        places or [],
        runs_dir,
        sources=Sources(
            images=lambda run, split, positions: _images(run, split, positions, data_root),
            rerun=lambda record: commands.command(record.recipe, record.document),
        ),
        split=split,
        baseline=baseline,
        out=out,
        allow_differences=allow_differences,
        command=shlex.join(["spatialvision", *sys.argv[1:]]),
    )
    typer.echo(path)


@app.command(epilog="Example: spatialvision table distorted data.name=mnist steps=1500 --baseline CNN")
def table(
    arguments: RunsArgument = None,
    baseline: Annotated[
        str | None, typer.Option(help="The row that others are judged against [default: the first].")
    ] = None,
    split: SplitOption = "test",
    runs_dir: RunsDirOption = Path("runs"),
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to [default: 'table' in the folder named].")
    ] = None,
    form: FormatOption = "terminal",
    allow_differences: Annotated[
        bool,
        typer.Option(
            "--allow-differences",
            help="Judge runs of one column on other images, of another split or package version; they are listed.",
        ),
    ] = False,
) -> None:
    """Lay a family out as papers do: models down, data sets across, error in %, the paper's numbers beside ours.

    Rows and columns are those that the recipes name in about.row and about.column, in the order in which the
    runs named here first have them. Each row is judged against the baseline's in every column.
    """
    from spatialvision.report.family import tabulate
    from spatialvision.report.printing import printer

    print_table = printer(form)
    tables, paths = tabulate(
        arguments or [],
        runs_dir,
        split=split,
        baseline=baseline,
        out=out,
        allow_differences=allow_differences,
    )
    for each in tables if form == "terminal" else tables[:1]:
        print_table(each)
    for path in paths:
        typer.echo(path, err=form != "terminal")


@app.command(epilog="Example: spatialvision collect stn-mnist --out results/stn-mnist")
def collect(
    out: Annotated[Path, typer.Option(help="Folder of the study; the runs go to 'runs' in it.")],
    places: PlacesArgument = None,
    runs_dir: RunsDirOption = Path("runs"),
) -> None:
    """Copy what a study's tables are made of (experiments, results, predictions; no weights) to publish it."""
    from spatialvision.report.records import locate
    from spatialvision.runs.collecting import collect as collect_runs
    from spatialvision.runs.finding import find_runs

    runs = find_runs(*(locate(place, runs_dir) for place in places or [str(runs_dir)]))
    for folder in collect_runs(runs, out):
        typer.echo(folder)


@app.command(
    epilog="Example: spatialvision summary cifar100 data.name=cifar100 --split test --filter 'resnet|toy'"
)
def summary(
    arguments: RunsArgument = None,
    pattern: PatternOption = "",
    split: SplitsOption = None,
    runs_dir: RunsDirOption = Path("runs"),
) -> None:
    """Print a Markdown table per split: best value, earliest step that reached it, last value, run."""
    from spatialvision.report.conditions import choose, matching, split_conditions
    from spatialvision.report.records import find_records
    from spatialvision.report.summary import summarise

    places, conditions = split_conditions(arguments or [])
    records = matching(choose(find_records(places, runs_dir), conditions), pattern)
    typer.echo("\n".join(table.markdown() for table in summarise(records, split or [])))


@app.command(epilog="Example: spatialvision plot accuracy loss quickstart --group seed --out curves.png")
def plot(
    metrics: Annotated[
        list[str],
        typer.Argument(
            metavar="METRIC... [RUN|FAMILY|FIELD=VALUE]...",
            help="Such as accuracy or test/loss; then whose [default: all].",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The picture, a .png file.")],
    pattern: PatternOption = "",
    group: Annotated[
        str | None, typer.Option(help="seed: one curve with a band for runs that differ in nothing else.")
    ] = None,
    split: SplitsOption = None,
    x: Annotated[str, typer.Option(help="step or epoch.")] = "step",
    runs_dir: RunsDirOption = Path("runs"),
) -> None:
    """Draw metrics over training, for one run or many."""
    from spatialvision.report.conditions import split_conditions
    from spatialvision.report.plot import plot as plot_runs
    from spatialvision.report.plot import split_arguments

    rest, conditions = split_conditions(metrics)
    names, places = split_arguments(rest, runs_dir)
    path = plot_runs(
        names,
        places,
        runs_dir,
        out,
        conditions=conditions,
        splits=split or [],
        pattern=pattern,
        group=group,
        x=x,
    )
    typer.echo(path)


data = typer.Typer(help="Get image folders and check them.", no_args_is_help=True, rich_markup_mode=None)
prepare = typer.Typer(
    help="Make image folders from the archives that a data set is published as.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(data, name="data")
data.add_typer(prepare, name="prepare")

ProcessesOption = Annotated[
    int | None, typer.Option(min=1, help="How many work at a time [default: one for each core].")
]
QuietOption = Annotated[bool, typer.Option("--quiet", help="No progress on the console.")]


@prepare.callback()
def _prepare() -> None:
    """Without a callback typer would make a group with one command that command."""


@prepare.command(
    epilog="Examples: 'spatialvision data prepare imagenet --train ILSVRC2012_img_train.tar "
    "--val ILSVRC2012_img_val.tar --devkit ILSVRC2012_devkit_t12.tar.gz'; "
    "'spatialvision data prepare imagenet --tree /shared/imagenet' links what is extracted already."
)
def imagenet(
    train: Annotated[
        str | None, typer.Option(help="The archive of training images: a path or an http(s) link.")
    ] = None,
    val: Annotated[
        str | None, typer.Option(help="The archive of validation images: a path or an http(s) link.")
    ] = None,
    devkit: Annotated[
        Path | None, typer.Option(help="The development kit, for the validation labels.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="Instead: a text file with a class such as n01440764 for each validation image."),
    ] = None,
    tree: Annotated[
        Path | None, typer.Option(help="Instead of archives: an extracted tree, which is checked and linked.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="Folder to write to [default: 'imagenet' in the folder of the datasets]."),
    ] = None,
    processes: ProcessesOption = None,
    subset: Annotated[
        bool,
        typer.Option(
            "--subset", help="Accept any archive or tree of this form: no MD5, any number of images."
        ),
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Make train/<class>/*.JPEG and val/<class>/*.JPEG from ImageNet's two archives, or continue where it stopped.

    The archives stay as they are. Their MD5 is computed beside the extraction, and a split comes to its place only as a
    whole.
    """
    from spatialvision.signals import StopSignal

    with StopSignal().installed() as stop:
        from rich.console import Console

        from spatialvision.data.preparation.cores import available_cores
        from spatialvision.data.preparation.imagenet import prepare as prepare_parts
        from spatialvision.data.preparation.sources import check_choice, expectations, parts_from_archives
        from spatialvision.data.preparation.tree import link_tree
        from spatialvision.data.root import default_data_root

        check_choice({"--tree": tree, "--train": train, "--val": val, "--devkit": devkit, "--labels": labels})
        target = to.expanduser() if to is not None else default_data_root() / "imagenet"
        console = Console(stderr=True, quiet=quiet)
        if tree is not None:
            counts = link_tree(tree.expanduser(), target, expectations(subset))
        else:
            parts = parts_from_archives(
                train,
                val,
                devkit,
                labels,
                expectations(subset),
                target,
                console=console,
                stop=stop,
            )
            counts = prepare_parts(
                parts, target, processes=processes or available_cores(), console=console, stop=stop
            )
    for split, count in counts.items():
        typer.echo(f"{target / split}: {count}")


@data.command(epilog="Example: spatialvision data verify /data/imagenet/val")
def verify(
    folder: Annotated[Path, typer.Argument(help="Any tree of images.")],
    processes: ProcessesOption = None,
    quiet: QuietOption = False,
) -> None:
    """Decode every image and list the broken ones; exit code 3 if there are any.

    Damage in the middle of a JPEG is found only where simplejpeg is installed; such images are listed, but can be read.
    """
    from spatialvision.signals import StopSignal

    with StopSignal().installed() as stop:
        from rich.console import Console

        from spatialvision.data.preparation.cores import available_cores
        from spatialvision.data.preparation.decoding import decoder_names
        from spatialvision.data.preparation.verification import verify as verify_images
        from spatialvision.errors import DataError

        stop.again = "run the same command again to begin anew"
        console = Console(stderr=True, quiet=quiet)
        found = verify_images(folder, processes=processes or available_cores(), console=console, stop=stop)
    for finding in found.findings:
        typer.echo(finding)
    typer.echo(f"{folder}: {found} ({decoder_names()})")
    if found.broken:
        raise typer.Exit(DataError.exit_code)


@data.command(
    epilog="Example: spatialvision data fetch https://example.org/ILSVRC2012_img_val.tar "
    "--to ILSVRC2012_img_val.tar --md5 29b22e2961454d5413ddabcf34fc5622"
)
def fetch(
    link: Annotated[str, typer.Argument(metavar="URL", help="An http(s) link.")],
    to: Annotated[Path, typer.Option(help="The file to write.")],
    md5: Annotated[str, typer.Option(help="What the file's MD5 must be [default: any].")] = "",
    quiet: QuietOption = False,
) -> None:
    """Fetch a large file, or continue where it stopped: with aria2c over many connections if that is installed."""
    from spatialvision.signals import StopSignal

    with StopSignal().installed() as stop:
        from rich.console import Console

        from spatialvision.data.preparation.fetching import fetch as fetch_file

        to = to.expanduser()
        fetch_file(link, to, md5=md5, console=Console(stderr=True, quiet=quiet), stop=stop)
    typer.echo(to)


def main() -> None:
    """Run the command line; every expected failure is one message and its own exit code."""
    try:
        app()
    except SpatialVisionError as error:
        if not error.told:
            print(f"spatialvision: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        from spatialvision.runs.storage import DISK_ERRORS

        if error.errno not in DISK_ERRORS:
            raise
        print(f"spatialvision: cannot write {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        sys.exit(StorageError.exit_code)
    except Exception:
        traceback.print_exc()
        print(
            "spatialvision: unexpected error (above); please report it with the command that led to it",
            file=sys.stderr,
        )
        sys.exit(1)
