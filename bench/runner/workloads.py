# SPDX-License-Identifier: GPL-2.0-only
"""Workloads and suites: reads bench/workloads.toml, where the format is described."""

import pathlib
import tomllib
from dataclasses import dataclass, field

FILE = pathlib.Path(__file__).resolve().parent.parent / "workloads.toml"


@dataclass(frozen=True)
class Metric:
    key: str
    better: str  # "lower" or "higher"
    unit: str
    digits: int


@dataclass(frozen=True)
class Workload:
    name: str
    about: str
    run: list
    metrics: list
    warmup: str = ""
    limit: int = 120
    signal: str = ""
    after_s: float = 0.0
    alone: bool = False


@dataclass(frozen=True)
class Suite:
    name: str
    about: str
    workloads: list
    preset: str = ""


@dataclass
class Catalogue:
    workloads: dict = field(default_factory=dict)
    suites: dict = field(default_factory=dict)


class CatalogueError(Exception):
    """workloads.toml is wrong, or a name is not in it."""


def _metric(workload, key, row):
    if len(row) != 3 or row[0] not in ("lower", "higher"):
        raise CatalogueError(f"{FILE}: {workload}: {key} is not [lower|higher, unit, digits]")
    return Metric(key, *row)


def _workload(name, table):
    table = dict(table)
    metrics = [_metric(name, key, row) for key, row in table.pop("metrics", {}).items()]
    if not metrics or not table.get("run"):
        raise CatalogueError(f"{FILE}: {name} has no run or no metrics")
    try:
        workload = Workload(name=name, metrics=metrics, **table)
    except TypeError as error:
        raise CatalogueError(f"{FILE}: {name}: {error}") from error
    return workload


def load(path=FILE):
    with open(path, "rb") as stream:
        data = tomllib.load(stream)
    catalogue = Catalogue()
    for name, table in data.get("workload", {}).items():
        catalogue.workloads[name] = _workload(name, table)
    for name, table in data.get("suite", {}).items():
        suite = Suite(name=name, **table)
        for workload in suite.workloads:
            if workload not in catalogue.workloads:
                raise CatalogueError(f"{path}: suite {name} names unknown workload {workload}")
        catalogue.suites[name] = suite
    return catalogue


def select(catalogue, names, suites):
    """The workloads asked for, in order, each once; and the preset the first suite wants."""
    chosen, preset = [], ""
    for name in suites:
        if name not in catalogue.suites:
            raise CatalogueError(f"no suite '{name}'; there are: {', '.join(catalogue.suites)}")
        chosen += catalogue.suites[name].workloads
        preset = preset or catalogue.suites[name].preset
    for name in names:
        if name not in catalogue.workloads:
            raise CatalogueError(f"no workload '{name}'; bench/run --list shows them")
        chosen.append(name)
    return [catalogue.workloads[name] for name in dict.fromkeys(chosen)], preset
