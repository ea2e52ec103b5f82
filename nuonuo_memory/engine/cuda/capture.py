"""CUDA graph capture: what launches kernels once becomes one call to the device."""

from __future__ import annotations

from collections.abc import Callable

import torch


def capture(launch: Callable[[], None], device: torch.device) -> torch.cuda.CUDAGraph:
    """Record the kernels that `launch` puts on the current stream; return the graph to replay.

    `launch` runs twice: once on a stream of its own, where kernels compile and libraries set
    themselves up, which no capture allows, and once under the capture, which runs nothing.

    Args:
        launch: Reads and writes tensors whose places in memory stay, and waits for nothing.
        device: The CUDA device that all these tensors are on.
    """
    with torch.cuda.device(device):
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            launch()
        torch.cuda.current_stream().wait_stream(stream)
        torch.cuda.current_stream().synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            launch()
    return graph
