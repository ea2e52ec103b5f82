"""The benchmarks: loaders, scorers and runs."""
