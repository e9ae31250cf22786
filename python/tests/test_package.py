"""The package itself: its types, its documentation, its errors."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from importlib import resources
from pathlib import Path

import assay
import pytest
from assay import _assay

SETTINGS = str(Path(__file__).parents[1] / "pyproject.toml")
FUNCTIONS = sorted(name for name, value in vars(_assay).items() if inspect.isroutine(value))


def test_stubs_are_the_modules() -> None:
    run = subprocess.run([sys.executable, "-m", "mypy.stubtest", "--mypy-config-file", SETTINGS, "assay"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (resources.files("assay") / "py.typed").is_file()


def test_types_hold() -> None:
    run = subprocess.run([sys.executable, "-m", "mypy", "--config-file", SETTINGS], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_say_what_they_take_and_give(name: str) -> None:
    function = getattr(_assay, name)
    text = inspect.getdoc(function) or ""
    assert "Parameters\n----------" in text and "Returns\n-------" in text, name
    for parameter in inspect.signature(function).parameters:
        assert parameter in text, f"{name} doesn't say what {parameter} is"


def test_public_python_functions_say_so_too() -> None:
    for function in (assay.replay, assay.what_if, assay.load, assay.sweep, assay.simulate, assay.Mechanism.score):
        text = inspect.getdoc(function) or ""
        assert "Parameters\n----------" in text and "Returns\n-------" in text and "Raises\n------" in text


def test_errors_are_value_errors_and_travel() -> None:
    for error in (assay.EpochError, assay.ReplayError, assay.RulesError, assay.ScenarioError, assay.StatisticsError):
        assert issubclass(error, assay.AssayError) and issubclass(error, ValueError)
        assert pickle.loads(pickle.dumps(error("line"))).args == ("line",)


def test_everything_named_is_there() -> None:
    modules = (assay.similarity, assay.statistics, assay.concentration, assay.emission, assay.simulation)
    assert all(hasattr(module, name) for module in (assay, *modules) for name in module.__all__)
    exported = {name for module in modules for name in module.__all__} | set(assay.__all__)
    assert set(FUNCTIONS) - exported == {"records"}
