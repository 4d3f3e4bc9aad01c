"""Kinds of things that the configuration can name: being in the folder registers one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any


@cache
def registered(package: str, base: type[Any]) -> Mapping[str, type[Any]]:
    """Return the subclasses of `base` in a package's modules that have a `kind`, by it, in its order."""
    found: dict[str, type[Any]] = {}
    for entry in pkgutil.iter_modules(importlib.import_module(package).__path__):
        module = importlib.import_module(f"{package}.{entry.name}")
        for thing in vars(module).values():
            mine = isinstance(thing, type) and thing.__module__ == module.__name__
            if mine and issubclass(thing, base) and "kind" in vars(thing):
                found[thing.kind] = thing
    return MappingProxyType(dict(sorted(found.items())))
