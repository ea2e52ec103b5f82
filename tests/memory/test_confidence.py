"""How sure a memory is."""

import pytest
import torch

from nuonuo_memory.engine.bm25.coverage import coverage
from nuonuo_memory.recall.confidence import (
    Calibration,
    calibrate,
    evidence_logit,
    probability,
)


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


def test_a_missing_rare_word_weighs_most() -> None:
    idf = torch.tensor([1.0, 4.0]).double()
    assert float(coverage(torch.tensor([0, 0]), idf)) == pytest.approx(1 / 257)
    assert float(coverage(torch.tensor([1]), idf)) == pytest.approx(256 / 257)
    assert float(coverage(torch.tensor([0, 1, 1]), idf)) == 1.0
    assert float(coverage(torch.empty(0, dtype=torch.int64), idf)) == 0.0
    none = torch.empty(0)
    assert float(coverage(none.long(), none.double())) == 0.0


def test_more_evidence_is_more_confidence() -> None:
    weak = evidence_logit(number(0.3), number(0.1), number(2.0))
    for strong in (
        evidence_logit(number(0.6), number(0.1), number(2.0)),
        evidence_logit(number(0.3), number(0.9), number(2.0)),
        evidence_logit(number(0.3), number(0.1), number(9.0)),
    ):
        assert probability(strong) > probability(weak)
    assert 0 < float(probability(weak)) < 0.5
    assert float(probability(evidence_logit(number(0.8), number(1.0), number(9.0)))) > 0.8


def test_a_store_whose_misses_look_like_hits_is_surer_of_nothing() -> None:
    noisy, quiet = calibrate(torch.tensor([1.0, 2.0])), calibrate(torch.tensor([-4.0] * 9))
    assert noisy.offset < 0 < quiet.offset
    assert (noisy.samples, quiet.samples) == (2, 9)
    assert probability(number(0.0), noisy) < probability(number(0.0), quiet)
    assert calibrate(torch.empty(0)) == Calibration()


def test_identity_without_calibration() -> None:
    assert float(probability(number(0.0))) == 0.5
    assert float(probability(number(2.0), Calibration(-1.0))) == pytest.approx(
        float(torch.sigmoid(number(1.0)))
    )
