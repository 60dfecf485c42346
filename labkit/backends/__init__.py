"""Ways to run the workload, a file or a folder each; `table` names them."""
