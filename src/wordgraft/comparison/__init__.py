"""Methods x sizes x seeds, to run records, to statistics, to a recommendation."""

from wordgraft.comparison.compare import compare
from wordgraft.comparison.costs import Costs, Limits, costs_of
from wordgraft.comparison.data import Data
from wordgraft.comparison.method_settings import MethodSettings
from wordgraft.comparison.methods import METHODS, Fitted, Method, MethodSpec
from wordgraft.comparison.recommendation import Recommendation, recommend
from wordgraft.comparison.records import MethodRun
from wordgraft.comparison.result import Comparison
from wordgraft.comparison.runners import (
    LocalRunner,
    ProcessRunner,
    RayRunner,
    Runner,
    fitting_jobs,
)
from wordgraft.comparison.statistics import Statistics
from wordgraft.comparison.table_cache import TableCache

__all__ = [
    "METHODS",
    "Comparison",
    "Costs",
    "Data",
    "Fitted",
    "Limits",
    "LocalRunner",
    "Method",
    "MethodRun",
    "MethodSettings",
    "MethodSpec",
    "ProcessRunner",
    "RayRunner",
    "Recommendation",
    "Runner",
    "Statistics",
    "TableCache",
    "compare",
    "costs_of",
    "fitting_jobs",
    "recommend",
]
