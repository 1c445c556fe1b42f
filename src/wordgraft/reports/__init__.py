"""Records and tables as pages that people look at: one self-contained HTML file each."""

from wordgraft.reports.comparison import write_comparison

__all__ = [
    "write_comparison",
]
