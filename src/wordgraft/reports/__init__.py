"""Pages of comparisons and tables: each is one self-contained HTML file."""

from wordgraft.reports.comparison import write_comparison
from wordgraft.reports.explorer import Explored, write_explorer

__all__ = ["Explored", "write_comparison", "write_explorer"]
