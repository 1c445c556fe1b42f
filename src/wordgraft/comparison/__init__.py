"""Arms x sizes x seeds, to run records, to statistics, to a recommendation."""

from wordgraft.comparison.compare import Comparison, compare
from wordgraft.comparison.data import Data
from wordgraft.comparison.methods import ARMS, Arm, ArmSpec, Fitted
from wordgraft.comparison.recommendation import Limits, Recommendation, recommend
from wordgraft.comparison.records import ArmRun
from wordgraft.comparison.runners.processes import fitting_jobs
from wordgraft.comparison.statistics import Statistics
from wordgraft.comparison.table_cache import Materials

__all__ = [
    "ARMS",
    "Arm",
    "ArmRun",
    "ArmSpec",
    "Comparison",
    "Data",
    "Fitted",
    "Limits",
    "Materials",
    "Recommendation",
    "Statistics",
    "compare",
    "fitting_jobs",
    "recommend",
]
