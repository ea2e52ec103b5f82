"""Scores worked by hand."""

import math

import pytest

from nuonuo_memory.evaluation import scoring

RANKED = ["d", "a", "x", "b", "y"]


def test_recall_any_all_and_share() -> None:
    gold = {"a", "b", "c"}
    assert [scoring.recall_any(RANKED, gold, k) for k in (1, 2, 5)] == [0.0, 1.0, 1.0]
    assert scoring.recall_all(RANKED, gold, 5) == 0.0
    assert scoring.recall_all(RANKED, {"a", "b"}, 4) == 1.0
    assert scoring.recall_all(RANKED, {"a", "b"}, 3) == 0.0
    assert scoring.recall_share(RANKED, gold, 4) == pytest.approx(2 / 3)


def test_ndcg_by_hand() -> None:
    # hits at ranks 2 and 4 of two: (1/log2 3 + 1/log2 5) / (1 + 1/log2 3)
    expected = (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3))
    assert scoring.ndcg(RANKED, {"a", "b"}, 5) == pytest.approx(expected)
    assert scoring.ndcg(["a", "b"], {"a", "b"}, 5) == 1.0
    assert scoring.ndcg(["x"], {"a"}, 5) == 0.0


def test_longmemeval_leaves_rank_two_undiscounted() -> None:
    # ranks 1 and 2 count 1 each, rank 3 counts 1/log2 3, rank 4 counts 1/2
    assert scoring.ndcg_longmemeval(["x", "a"], {"a"}, 5) == 1.0
    assert scoring.ndcg_longmemeval(["x", "y", "a"], {"a"}, 5) == pytest.approx(1 / math.log2(3))
    assert scoring.ndcg_longmemeval(RANKED, {"a", "b"}, 5) == pytest.approx((1 + 1 / 2) / 2)


def test_longmemeval_takes_the_ideal_over_the_whole_corpus() -> None:
    # one of three right ids is returned; the ideal still holds all three
    ideal = 1 + 1 + 1 / math.log2(3)
    assert scoring.ndcg_longmemeval(["a", "x", "y"], {"a", "b", "c"}, 3) == pytest.approx(1 / ideal)
    assert scoring.ndcg_longmemeval(["a"], {"a", "b", "c"}, 1) == 1.0


def test_auroc_counts_ties_half() -> None:
    assert scoring.auroc([0.9, 0.8, 0.1], [True, True, False]) == 1.0
    assert scoring.auroc([0.1, 0.9], [True, False]) == 0.0
    assert scoring.auroc([0.5, 0.5, 0.7], [True, False, True]) == pytest.approx(0.75)
    assert math.isnan(scoring.auroc([0.1], [True]))


def test_reliability_bins() -> None:
    bars = scoring.reliability([0.05, 0.95, 1.0, 0.92], [False, True, True, False])
    assert [(bar.low, bar.answers) for bar in bars] == [(0.0, 1), (0.9, 3)]
    assert bars[1].accuracy == pytest.approx(2 / 3)
    error = 0.25 * 0.05 + 0.75 * abs((0.95 + 1.0 + 0.92) / 3 - 2 / 3)
    assert scoring.calibration_error(bars) == pytest.approx(error)
    assert scoring.calibration_error([]) == 0.0


def test_percent_and_percentile() -> None:
    assert scoring.percent([1.0, 0.0, 0.0]) == 33.33
    assert math.isnan(scoring.percent([]))
    assert scoring.percentile([1.0, 3.0], 0.5) == 2.0
    assert math.isnan(scoring.percentile([], 0.5))
