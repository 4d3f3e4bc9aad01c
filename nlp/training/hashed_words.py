"""Texts as sparse rows of hashed words, for the models of dialect and of Arabizi."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from scipy import sparse


def bucket_matrix(
    texts: Sequence[Sequence[str]], word_buckets: Callable[[str], Iterable[int]], width: int
) -> Any:
    """Return a row for each text: how often each bucket occurs, over the square root of all counts.

    A text is given as its words; `word_buckets` tells the buckets of one, below `width`. The shape is
    (texts, width).
    """
    pointers = [0]
    buckets: list[int] = []
    values: list[float] = []
    for words in texts:
        counts = Counter(bucket for word in words for bucket in word_buckets(word))
        norm = max(1, counts.total()) ** -0.5
        buckets.extend(counts)
        values.extend(count * norm for count in counts.values())
        pointers.append(len(buckets))
    return sparse.csr_matrix(
        (np.array(values), np.array(buckets), np.array(pointers)), shape=(len(texts), width)
    )
