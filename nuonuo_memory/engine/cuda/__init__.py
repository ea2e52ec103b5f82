"""Kernels of recall on a GPU; imported only where CUDA and Triton are."""
