"""Records and tables as pages that people look at: one self-contained HTML file each."""

from wordgraft.reports.comparison import write_comparison
from wordgraft.reports.explorer import Explored, write_explorer

__all__ = ["Explored", "write_comparison", "write_explorer"]
