"""Arms x sizes x seeds, to run records, to statistics, to a recommendation."""

from wordgraft.comparing.arms import ARMS, Arm, ArmSpec, Fitted
from wordgraft.comparing.compare import Comparison, compare
from wordgraft.comparing.data import Data
from wordgraft.comparing.materials import Materials
from wordgraft.comparing.processes import fitting_jobs
from wordgraft.comparing.recommend import Limits, Recommendation, recommend
from wordgraft.comparing.record import ArmRun
from wordgraft.comparing.statistics import Statistics

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
