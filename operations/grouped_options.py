"""Options of a command that belong together, as one value."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def grouped(argument: str, kind: Callable[..., Any], options: Mapping[str, Option]) -> Option:
    """Options, by the field of a value that each sets; the command gets the value as one argument."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def grouped(**given: Any) -> Any:
            fields = {name: given.pop(name) for name in options}
            return command(**given, **{argument: kind(**fields)})

        decorated: Callable[..., Any] = grouped
        for option in reversed([*options.values()]):
            decorated = option(decorated)
        return decorated

    return decorate
