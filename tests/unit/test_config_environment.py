"""The start-up check against environments that are shared with a distribution of the same names."""

from __future__ import annotations

import time
from importlib.metadata import Distribution, PathDistribution, distributions, packages_distributions
from pathlib import Path

import pytest

from config.environment import NAMES, check_environment, conflicts, owners
from config.errors import SharedEnvironmentError


def installed(folder: Path, name: str, **texts: str) -> Distribution:
    """Make what an installer leaves behind; `texts` are its files with `_` for the dot."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    for file, text in texts.items():
        (info / file.replace("__", ".")).write_text(text)
    return PathDistribution(info)


@pytest.mark.parametrize(
    "texts",
    [
        {"top_level__txt": "config\nother\n"},
        {"RECORD": "config/__init__.py,sha256=x,1\nconfig/a.py,,\n"},
        {"RECORD": "other/__init__.py,,\nconfig.py,sha256=x,1\n"},
        {"RECORD": "config/deep/down.py,,\n"},
        {"RECORD": "config.cpython-311-x86_64-linux-gnu.so,,\n"},
    ],
)
def test_a_second_owner_is_refused_by_name(tmp_path: Path, texts: dict[str, str]) -> None:
    others = [
        installed(tmp_path, "marsad", top_level__txt="config\nnlp\n"),
        installed(tmp_path, "Rival.Pkg", **texts),
    ]
    with pytest.raises(SharedEnvironmentError) as caught:
        check_environment(others)
    assert "config belongs to rival-pkg too" in str(caught.value)
    assert "python3 -m venv" in str(caught.value)


@pytest.mark.parametrize(
    "texts",
    [
        {"top_level__txt": "configs\nmy_config\n", "RECORD": "config/x.py,,\n"},
        {"RECORD": "other/config.py,,\nother/config/__init__.py,,\nconfigs.py,,\nconfig.txt,,\n"},
        {"RECORD": "../../bin/config.py,,\nconfig-1.0.dist-info/RECORD,,\n"},
        {},
    ],
)
def test_a_name_that_only_looks_alike_is_none_of_ours(tmp_path: Path, texts: dict[str, str]) -> None:
    check_environment(
        [installed(tmp_path, "marsad", top_level__txt="config"), installed(tmp_path, "rival", **texts)]
    )


def test_an_editable_and_a_plain_install_of_ours_pass(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    ours = [
        installed(tmp_path, "marsad", top_level__txt="\n".join(NAMES)),
        installed(tmp_path / "second", "Marsad", RECORD="config/__init__.py,,\n"),
    ]
    assert conflicts(owners(ours)) == {}
    assert conflicts({}) == {}


def test_the_quick_look_says_what_the_library_says_in_this_environment() -> None:
    ours = owners(distributions())
    library = packages_distributions()
    assert ours == {name: {who.lower() for who in library[name]} for name in NAMES if name in library}


def test_the_check_is_cheap_enough_for_every_start() -> None:
    check_environment()
    took = []
    for _ in range(5):
        began = time.process_time()
        check_environment()
        took.append(time.process_time() - began)
    assert min(took) < 0.05
