"""Paired tests over images: does chance alone decide which of two groups is right where they differ?

If it does, the sign of each image's difference is a coin's toss. For two single runs the differences are 1, 0 and
−1, and this is McNemar's test (Note on the sampling error of the difference between correlated proportions or
percentages, Psychometrika 12, 1947, https://doi.org/10.1007/BF02295996) in its exact form. For groups of several
seeds an image's difference is that of its means over the seeds: the image counts once, however many seeds answered,
because the answers of several seeds to one image are not independent. The test is then Fisher's randomisation test
(The Design of Experiments, 1935, section 21), over all patterns of signs.
"""

import numpy as np


def mcnemar_p(ours_only: int, baseline_only: int) -> float:
    """McNemar's exact test, two-sided; 1 where no image tells the two apart.

    Args:
        ours_only, baseline_only: number of images on which exactly one is right.
    """
    from scipy.special import bdtr

    # Both tails of the coin's binomial distribution are alike.
    return min(1.0, 2 * float(bdtr(min(ours_only, baseline_only), ours_only + baseline_only, 0.5)))


def sign_test_p(differences: np.ndarray) -> float:
    """Two-sided p-value of "the mean difference over images is zero", exact up to 1e-12.

    Args:
        differences: (N,) integers, one an image, in any unit: of n against m seeds, m times the number of the n
            that are right less n times that of the m.
    """
    decided = differences[differences != 0]
    sizes, counts = np.unique(np.abs(decided), return_counts=True)
    if len(sizes) < 2:
        positive = int((decided > 0).sum())
        return mcnemar_p(positive, len(decided) - positive)
    unit = np.gcd.reduce(sizes)
    probability = signed_sums(sizes // unit, counts)
    observed = abs(int(decided.sum())) // int(unit)
    return float(np.clip(2 * probability[observed:].sum(), 1e-15, 1)) if observed else 1.0


def signed_sums(sizes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Probabilities of the sums 0, 1, …, Σ counts · sizes of numbers whose signs are tossed.

    Args:
        sizes: (k,) positive integers; counts: (k,) how many numbers have each size.
    """
    # A number ± v has the characteristic function cos(v t), a sum their product; back by Fourier's transform.
    total = int(sizes @ counts)
    angles = 2 * np.pi / (2 * total + 1) * np.arange(total + 1)
    product = np.ones(total + 1)
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        product *= np.cos(size * angles) ** count
    return np.fft.irfft(product, 2 * total + 1)[: total + 1]
