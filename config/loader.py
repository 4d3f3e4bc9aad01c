"""Reads `marsad.yaml`, the environment and `.env`, and reports all mistakes in them at once."""

from __future__ import annotations

import os
import stat
from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from config.document import Document, joined, read, shown_key
from config.errors import ConfigError, Problem, SecretUnavailable
from config.explain import explain, nearest, quoted, unknown_key, written_keys
from config.references import repeated, unresolved
from config.secret import Secret, SecretPlaces
from config.settings import AlertRule, Brand, Campaign, Channel, Digest, Open, Settings, Source
from config.variables import overrides, read_dotenv, variable

FILE_NAME = "marsad.yaml"
NAMED: Mapping[str, type[BaseModel]] = {
    "brands": Brand,
    "campaigns": Campaign,
    "sources": Source,
    "channels": Channel,
    "alerts": AlertRule,
    "digests": Digest,
}
# Docker and Kubernetes put secrets here for the one container that may read them, as mode 444.
_PRIVATE_FOLDERS = (Path("/run/secrets"), Path("/var/run/secrets"))


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds there are: for each, the model of its options."""

    sources: Mapping[str, type[BaseModel]]
    channels: Mapping[str, type[BaseModel]]
    rules: Mapping[str, type[BaseModel]]

    def sections(self) -> dict[str, Mapping[str, type[BaseModel]]]:
        """Return the kinds by the list of the file whose entries name them."""
        return {"sources": self.sources, "channels": self.channels, "alerts": self.rules}


def find(explicit: Path | None = None, folder: Path | None = None) -> Path:
    """Return the configuration file: the one given, else `marsad.yaml` or `config/marsad.yaml`.

    `folder` is where to look, the working directory if not given.

    Raises:
        ConfigError: none is given and neither file is there.
    """
    if explicit is not None:
        return explicit
    start = folder or Path()
    for path in (start / FILE_NAME, start / "config" / FILE_NAME):
        if path.is_file():
            return path
    what = f"is not in {start.resolve()}, nor in its config folder"
    fix = "`marsad init` writes one; `--config PATH` names another"
    raise ConfigError(FILE_NAME, [Problem("", what, fix)])


def load(path: Path, kinds: Kinds, environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of a file, over which `MARSAD_…` variables win.

    Variables come from `environ`, the process's environment if not given, and where that has none of
    the name, from a `.env` file beside the configuration. Secrets are not looked up yet.

    Raises:
        ConfigError: with every mistake that could be found, in the order of the file.
    """
    document = read(path)
    dotenv, unreadable = read_dotenv(path.parent / ".env")
    variables: Mapping[str, str] = _Variables(os.environ if environ is None else environ, dotenv)
    given, wrong_variables = overrides(variables)
    draft = _draft(document.values | given, kinds, SecretPlaces(variables, path.resolve().parent))
    if draft.problems or document.problems or unreadable or wrong_variables:
        placed = [_placed(problem, document, given) for problem in draft.problems]
        inside = sorted([*document.problems, *placed], key=lambda problem: problem.line or 0)
        raise ConfigError(str(path), [*dict.fromkeys(inside), *wrong_variables, *unreadable])
    return _finished(draft, path.resolve())


def secrets_of(settings: Settings) -> list[tuple[str, Secret]]:
    """Return each secret of the sources, channels and rules, with its key path, in the file's order."""
    found: list[tuple[str, Secret]] = []
    for section in ("sources", "channels", "alerts"):
        for index, entry in enumerate(getattr(settings, section)):
            found.extend(secrets_in(entry.options, joined(section, index)))
    return found


def missing_secrets(settings: Settings) -> list[Problem]:
    """Return a problem for each secret that is named but cannot be had now."""
    found = []
    for key, secret in secrets_of(settings):
        try:
            secret.reveal()
        except SecretUnavailable as reason:
            found.append(Problem(key, str(reason), "Set it there, or name another place"))
    return found


def exposed_secrets(settings: Settings) -> list[Problem]:
    """Return a warning for each secret, and each `.env`, that other users of the machine can read."""
    found = []
    for key, secret in secrets_of(settings):
        if secret.inline:
            found.append(
                Problem(key, "the secret stands in the file itself", "Write {env: NAME} or {file: PATH}")
            )
        elif secret.file is not None and _open_to_all(secret.file):
            found.append(
                Problem(key, f"{secret.where} can be read by every user", f"chmod 600 {secret.file}")
            )
    dotenv = settings.folder / ".env"
    if _open_to_all(dotenv):
        found.append(Problem(".env", "can be read by every user of this machine", f"chmod 600 {dotenv}"))
    return found


class _Variables(ChainMap[str, str]):
    """Variables that show neither their values nor their names, in a traceback or anywhere else."""

    def __init__(self, first: Mapping[str, str], then: Mapping[str, str]) -> None:
        super().__init__(first, then)  # type: ignore[arg-type]  # nothing here writes to them

    def __repr__(self) -> str:
        return "<variables>"


@dataclass(slots=True)
class _Draft:
    """What has been checked so far; `options` holds, for each list, those of its entries in order."""

    values: dict[str, Any] = field(repr=False)
    problems: list[Problem] = field(default_factory=list)
    options: dict[str, list[BaseModel | None]] = field(default_factory=dict)
    settings: Settings | None = None


def _draft(values: dict[str, Any], kinds: Kinds, places: SecretPlaces) -> _Draft:
    known = written_keys(Settings)
    draft = _Draft({key: value for key, value in values.items() if key in known})
    draft.problems += [unknown_key(shown_key(key), known) for key in values if key not in known]
    own = dict(draft.values)
    for section, models in kinds.sections().items():
        if isinstance(entries := own.get(section), list):
            own[section] = [
                _split(entry, joined(section, index), NAMED[section], models, places, draft)
                for index, entry in enumerate(entries)
            ]
            draft.options[section] = [
                entry[1] if isinstance(entry, tuple) else None for entry in own[section]
            ]
            own[section] = [entry[0] if isinstance(entry, tuple) else entry for entry in own[section]]
    try:
        draft.settings = Settings(**own)
    except ValidationError as error:
        known_already = {problem.key for problem in draft.problems}
        found = explain(error, Settings, draft.values, "")
        draft.problems += [problem for problem in found if problem.key not in known_already]
    draft.problems += [*unresolved(draft.values), *repeated(draft.values)]
    return draft


def _split(
    entry: object,
    path: str,
    model: type[BaseModel],
    kinds: Mapping[str, type[BaseModel]],
    places: SecretPlaces,
    draft: _Draft,
) -> object:
    """Return an entry's own keys and the validated options of its kind; anything but an entry as it is."""
    if not isinstance(entry, dict):
        return entry
    own_keys = written_keys(model)
    own = {key: value for key, value in entry.items() if key in own_keys}
    kind = entry.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        draft.problems.append(_unknown_kind(kind, joined(path, "kind"), kinds))
        return own, None
    options_model = kinds[kind]
    option_keys = written_keys(options_model)
    rest = {key: value for key, value in entry.items() if key not in own_keys or key in option_keys}
    known = [*own_keys, *option_keys]
    unknown = [key for key in rest if key not in known]
    draft.problems += [unknown_key(joined(path, shown_key(key)), known) for key in unknown]
    try:
        taken = {key: value for key, value in rest.items() if key in option_keys}
        return own, options_model.model_validate(taken, context=places)
    except ValidationError as error:
        draft.problems += explain(error, options_model, rest, path)
    return own, None


def _unknown_kind(kind: object, path: str, kinds: Mapping[str, type[BaseModel]]) -> Problem:
    known = f"Known: {', '.join(sorted(kinds))}"
    if not isinstance(kind, str):
        return Problem(path, "is missing" if kind is None else "is not a word", known)
    near = nearest(kind, kinds)
    fix = f"Did you mean {near}? {known}" if near else known
    return Problem(path, f"{quoted(kind, path)}is not a known kind", fix)


def _placed(problem: Problem, document: Document, given: Mapping[str, Any]) -> Problem:
    """Return a problem with its line or, where the value came from a variable, with the variable's name."""
    for key in given:
        if problem.key == key or problem.key.startswith((f"{key}[", f"{key}.")):
            return replace(problem, key=variable(key) + problem.key[len(key) :])
    return replace(problem, line=document.line(problem.key))


def _finished(draft: _Draft, path: Path) -> Settings:
    settings = draft.settings
    assert settings is not None, "without problems there are settings"
    settings._path = path
    for section, options in draft.options.items():
        entries: list[Open] = getattr(settings, section)
        for entry, its_options in zip(entries, options, strict=True):
            entry._options = its_options
    return settings


def secrets_in(value: object, path: str) -> Iterator[tuple[str, Secret]]:
    """Yield each secret inside a value of the configuration, with its key path below `path`."""
    if isinstance(value, Secret):
        yield path, value
    elif isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            yield from secrets_in(getattr(value, name), joined(path, info.alias or name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from secrets_in(item, joined(path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from secrets_in(item, joined(path, index))


def _open_to_all(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    private = any(path.is_relative_to(folder) for folder in _PRIVATE_FOLDERS)
    return os.name == "posix" and not private and bool(mode & stat.S_IROTH)
