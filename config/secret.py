"""A value that never shows itself: not in a repr, a log, a traceback, a dump or a schema."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from config.errors import SecretUnavailable

_FILE_LIMIT = 65_536


@dataclass(frozen=True, slots=True)
class SecretPlaces:
    """Where secrets are looked up: the variables, and the folder that relative files start from.

    The loader gives it to pydantic as the validation context; without one, the process's own
    environment and working directory count.
    """

    variables: Mapping[str, str]
    folder: Path

    def __repr__(self) -> str:
        """Show the folder only: the variables hold the secrets themselves."""
        return f"SecretPlaces({str(self.folder)!r})"


class Secret:
    """A secret in the configuration: `{env: NAME}`, `{file: PATH}` or, discouraged, the value itself.

    The value is looked up when it is first needed, so that commands which do not need it run without it.
    """

    __slots__ = ("_env", "_file", "_value", "_variables")

    def __init__(
        self,
        *,
        value: str | None = None,
        env: str | None = None,
        file: str | Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._value, self._env = value, env
        self._file = None if file is None else Path(file)
        self._variables = variables

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

    @property
    def file(self) -> Path | None:
        """The file that the value is read from, None where it is not read from a file."""
        return self._file

    def reveal(self) -> str:
        """Return the value, without surrounding white space.

        Raises:
            SecretUnavailable: the variable is not set, the file cannot be read, or the value is empty.
        """
        if self._value is not None:
            found = self._value
        elif self._env is not None:
            found = (os.environ if self._variables is None else self._variables).get(self._env, "")
        else:
            found = self._read()
        if not found.strip():
            raise SecretUnavailable(f"{self.where} is not set or is empty")
        return found.strip()

    def _read(self) -> str:
        try:
            with Path(str(self._file)).open(encoding="utf-8") as file:
                return file.read(_FILE_LIMIT)
        except UnicodeDecodeError:
            raise SecretUnavailable(f"{self.where} is not UTF-8 text") from None
        except OSError as error:
            raise SecretUnavailable(f"{self.where} cannot be read: {error.strerror}") from None
        except ValueError:
            raise SecretUnavailable(f"{self.where} cannot be read: no such name is possible") from None

    def __repr__(self) -> str:
        """Show that there is a secret, never which."""
        return "Secret(***)"

    __str__ = __repr__

    def __copy__(self) -> Self:
        """Return itself: it never changes."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return itself: it never changes."""
        return self

    def __reduce__(self) -> Any:
        """Refuse to be pickled: a secret does not travel between processes."""
        raise TypeError("a Secret cannot be pickled")

    @classmethod
    def _parse(cls, raw: object, info: core_schema.ValidationInfo) -> Secret:
        if isinstance(raw, Secret):
            return raw
        if isinstance(raw, str) and raw.strip():
            return cls(value=raw)
        if isinstance(raw, Mapping) and len(raw) == 1:
            places = info.context if isinstance(info.context, SecretPlaces) else None
            (how, what), *_ = raw.items()
            if isinstance(what, str) and what.strip():
                if how == "env":
                    return cls(env=what, variables=places.variables if places else None)
                if how == "file":
                    return cls(file=places.folder / what if places else what)
        raise ValueError("write {env: NAME_OF_A_VARIABLE} or {file: /path/of/a/file}")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate from the three written forms; dump as `***`."""
        return core_schema.with_info_plain_validator_function(
            cls._parse, serialization=core_schema.plain_serializer_function_ser_schema(lambda _: "***")
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe the written forms."""
        one = {"type": "string", "minLength": 1}
        return {
            "description": "A secret: {env: NAME} or {file: PATH}.",
            "anyOf": [
                {
                    "type": "object",
                    "properties": {"env": one},
                    "required": ["env"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {"file": one},
                    "required": ["file"],
                    "additionalProperties": False,
                },
                one,
            ],
        }
