"""The application: the files of commands, in the order in which ``--help`` lists them."""

import typer

from spatialvision.cli import data, doctor, evaluate, hand_over, judge, look_up, metrics, train

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
for file in (train, evaluate, hand_over, doctor, look_up, judge, metrics):
    app.add_typer(file.commands)
app.add_typer(data.commands, name="data")
