"""Where the runs of a comparison are made: here, in processes, or on a cluster."""
