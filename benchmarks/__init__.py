"""What fast_dag costs, beside hand-written Python that does the same in the same run."""
