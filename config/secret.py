"""A value that never shows itself: not in a repr, a log, a traceback, a dump or a schema."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from config.errors import SecretUnavailable


class Secret:
    """A secret in the configuration: `{env: NAME}`, `{file: PATH}` or, discouraged, the value itself.

    The value is looked up when it is first needed, so that commands which do not need it run without it.
    """

    __slots__ = ("_env", "_file", "_value")

    def __init__(self, *, value: str | None = None, env: str | None = None, file: str | None = None) -> None:
        self._value, self._env, self._file = value, env, file

    @property
    def where(self) -> str:
        """Say where the value comes from, for messages: `environment variable X`, `file Y`."""
        if self._env is not None:
            return f"environment variable {self._env}"
        if self._file is not None:
            return f"file {self._file}"
        return "the configuration file"

    @property
    def inline(self) -> bool:
        """Tell whether the value stands in the configuration file itself."""
        return self._value is not None

    def reveal(self) -> str:
        """Return the value, without surrounding white space.

        Raises:
            SecretUnavailable: the variable is not set, the file cannot be read, or the value is empty.
        """
        if self._value is not None:
            found = self._value
        elif self._env is not None:
            found = os.environ.get(self._env, "")
        else:
            try:
                found = Path(str(self._file)).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise SecretUnavailable(f"{self.where} cannot be read: {type(error).__name__}") from None
        if not found.strip():
            raise SecretUnavailable(f"{self.where} is not set or is empty")
        return found.strip()

    def __repr__(self) -> str:
        """Show that there is a secret, never which."""
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> Any:
        """Refuse to be pickled: a secret does not travel between processes."""
        raise TypeError("a Secret cannot be pickled")

    @classmethod
    def _parse(cls, raw: object) -> Secret:
        if isinstance(raw, Secret):
            return raw
        if isinstance(raw, str) and raw:
            return cls(value=raw)
        if isinstance(raw, Mapping) and len(raw) == 1:
            (how, what), *_ = raw.items()
            if how in ("env", "file") and isinstance(what, str) and what:
                return cls(**{str(how): what})
        raise ValueError("write {env: NAME_OF_A_VARIABLE} or {file: /path/of/a/file}")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate from the three written forms; dump as `***`."""
        return core_schema.no_info_plain_validator_function(
            cls._parse, serialization=core_schema.plain_serializer_function_ser_schema(lambda _: "***")
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe the written forms."""
        one = {"type": "string", "minLength": 1}
        return {
            "description": "A secret: {env: NAME} or {file: PATH}.",
            "anyOf": [
                {"type": "object", "properties": {"env": one}, "required": ["env"], "additionalProperties": False},
                {"type": "object", "properties": {"file": one}, "required": ["file"], "additionalProperties": False},
                one,
            ],
        }
