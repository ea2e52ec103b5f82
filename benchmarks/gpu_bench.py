"""Whole benchmark runs on a machine with a GPU, from weights in half precision.

    python benchmarks/gpu_bench.py WEIGHTS OUT JOBS longmemeval=DATA locomo=DATA ...

WEIGHTS holds `model.safetensors`, `config.json` and `tokenizer.json` of all-MiniLM-L6-v2; half
precision, which halves what must be sent, changes similarities by less than 0.001. Results go to
OUT/NAME.json and OUT/NAME.jsonl. `name:LIMIT=DATA` asks the first LIMIT questions.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from nuonuo_memory.evaluation import BenchSettings, run
from nuonuo_memory.text.bert import load_bert, sentence_vectors

_BATCH_TOKENS = 262_144


class HalfWeights:
    """all-MiniLM-L6-v2 from half-precision weights, computed in float32, in large batches."""

    name = "all-MiniLM-L6-v2"
    dimension = 384

    def __init__(self, folder: Path, device: str) -> None:
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        settings = json.loads((folder / "config.json").read_text())
        weights = load_file(folder / "model.safetensors")
        tensors = {
            name: (value.float() if value.is_floating_point() else value).to(device)
            for name, value in weights.items()
        }
        self._bert = load_bert(
            tensors, heads=settings["num_attention_heads"], eps=settings["layer_norm_eps"]
        )
        self._device = device
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(256)
        self._tokenizer.no_padding()

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts, float32 [n, 384], unit rows."""
        found = [one.ids for one in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(found)), key=lambda at: len(found[at]))
        vectors = torch.empty(len(found), self.dimension)
        start = 0
        with torch.inference_mode():
            while start < len(order):
                end = start + 1
                while (
                    end < len(order) and (end + 1 - start) * len(found[order[end]]) < _BATCH_TOKENS
                ):
                    end += 1
                rows = order[start:end]
                longest = len(found[rows[-1]])
                ids = torch.tensor([found[at] + [0] * (longest - len(found[at])) for at in rows])
                lengths = torch.tensor([len(found[at]) for at in rows])
                mask = torch.arange(longest) < lengths[:, None]
                out = sentence_vectors(self._bert, ids.to(self._device), mask.to(self._device))
                vectors[rows] = out.float().cpu()
                start = end
        return vectors

    encode_queries = encode


def main() -> None:
    torch.backends.cuda.matmul.allow_tf32 = True
    weights, out, jobs = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder = HalfWeights(weights, device)
    for argument in sys.argv[4:]:
        named, data = argument.split("=", 1)
        name, _, limit = named.partition(":")
        start = time.time()
        seen: dict[str, float] = {}

        def report(what: str, done: int, total: int, seen: dict[str, float] = seen) -> None:
            if done == total or time.time() - seen.get(what, 0) > 10:
                seen[what] = time.time()
                print(f"  {what} {done}/{total}", flush=True)

        settings = BenchSettings(
            encoder, device, limit=int(limit) if limit else None, jobs=jobs, progress=report
        )
        result = run(name, data, settings)
        (out / f"{name}.json").write_text(result.to_json())
        result.write_rows(out / f"{name}.jsonl")
        print(name, f"{time.time() - start:.0f} s", Path(data).name)
        for section, scores in result.sections.items():
            print(section, json.dumps(scores))


if __name__ == "__main__":
    main()
