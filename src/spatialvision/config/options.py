"""A builder's signature as a schema: parameter names, types and defaults become checked options."""

import inspect
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model


def option_table(builder: Callable[..., Any], supplied: tuple[str, ...] = ()) -> type[BaseModel]:
    """The schema of a builder's options.

    Args:
        supplied: parameters that the bench fills in when the recipe does not, even if they have defaults.
    """
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(builder, eval_str=True).parameters.items():
        if name in supplied:
            fields[name] = (parameter.annotation | None, None)
        else:
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[name] = (parameter.annotation, default)
    config = ConfigDict(extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)
    return create_model(builder.__name__, __config__=config, **fields)


def typed_options(
    builder: Callable[..., Any], options: dict[str, Any], supplied: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Options read by their types, defaults filled in; supplied parameters only when the recipe sets them.

    Raises:
        pydantic.ValidationError: an unknown, missing or wrong option.
    """
    checked = option_table(builder, supplied).model_validate(options)
    return {
        name: getattr(checked, name)
        for name in type(checked).model_fields
        if name not in supplied or getattr(checked, name) is not None
    }
