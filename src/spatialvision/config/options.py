"""A builder's signature as a schema: parameter names, types and defaults become checked options."""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, create_model

HANDED_OVER = ("model", "subject", "training_images")
WHOLE_NUMBER = re.compile(r"[-+]?[0-9]+")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def option_parameters(
    builder: Callable[..., Any], supplied: tuple[str, ...] = ()
) -> Mapping[str, inspect.Parameter]:
    """The builder's options by name; what it works on, such as an upgrade's model, is none."""
    parameters = inspect.signature(builder, eval_str=True).parameters
    handed_over = {name for name in HANDED_OVER if name in supplied}
    return {name: parameter for name, parameter in parameters.items() if name not in handed_over}


def option_table(builder: Callable[..., Any], supplied: tuple[str, ...] = ()) -> type[BaseModel]:
    """The schema of a builder's options.

    Args:
        supplied: parameters that the bench fills in when the recipe does not, even if they have defaults.
    """
    fields: dict[str, Any] = {}
    for name, parameter in option_parameters(builder, supplied).items():
        if name in supplied:
            fields[name] = (parameter.annotation | None, None)
        else:
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[name] = (_readable(parameter.annotation), default)
    config = ConfigDict(extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)
    return create_model(builder.__name__, __config__=config, **fields)


def typed_options(
    builder: Callable[..., Any], options: dict[str, Any], supplied: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Options read by their types, defaults filled in; supplied parameters only when the recipe sets them.

    Values of an option of type ``dict[str, Any]`` are read by what they look like: 3, 0.5, true, text.

    Raises:
        pydantic.ValidationError: an unknown, missing or wrong option.
    """
    checked = option_table(builder, supplied).model_validate(options)
    return {
        name: getattr(checked, name)
        for name in type(checked).model_fields
        if name not in supplied or getattr(checked, name) is not None
    }


def _readable(annotation: Any) -> Any:
    return Annotated[annotation, BeforeValidator(_by_look)] if annotation == dict[str, Any] else annotation


def _by_look(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _by_look(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return tuple(map(_by_look, value))
    if not isinstance(value, str):
        return value
    if value in ("true", "True", "false", "False"):
        return value.lower() == "true"
    if WHOLE_NUMBER.fullmatch(value):
        return int(value)
    return float(value) if NUMBER.fullmatch(value) else value
