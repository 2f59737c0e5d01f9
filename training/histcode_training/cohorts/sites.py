"""Folds that hold out whole sites, balanced by a mixed-integer linear programme.

Slides of one site share stain and scanner, and models read the site from them (Howard et al., Nature
Communications 2021). Sites go to folds as a whole, so that the counts of every class deviate least from
equal shares:

    minimise  sum_fc d_fc,   d_fc >= +-( sum_s x_sf n_sc - N_c / F ) / N_c,   sum_f x_sf = 1,   x binary
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from histcode_training.cohorts.folds import Fold, check_fold, group_counts, nested_folds
from histcode_training.cohorts.table import CohortTable
from histcode_training.errors import SplitError

TIME_LIMIT_S = 30.0
"""The best division found by then is taken."""


def site_folds(table: CohortTable, n_folds: int) -> tuple[Fold, ...]:
    """Divide by site.

    Parameters
    ----------
    table : CohortTable
        The cohort; every slide has a site.
    n_folds : int
        At least 3.

    Returns
    -------
    tuple of Fold
        As `patient_folds`, with sites apart as well as patients.

    Raises
    ------
    SplitError
        If a slide has no site, there are fewer sites than folds, a patient has slides of two sites that went
        to different parts, or no division was found.
    """
    nameless = [name for name, site in zip(table.slides, table.sites, strict=True) if not site]
    if nameless:
        raise SplitError(
            f"The slide {nameless[0]!r} has no site.", advice="Name the site's column in [cohort]."
        )
    sites = sorted(set(table.sites))
    if not 3 <= n_folds <= len(sites):
        raise SplitError(
            f"{len(sites)} sites cannot make {n_folds} folds.",
            advice="Choose at least 3 folds, and at most one a site; or divide by patient.",
        )
    fold_of_site = assign_sites(group_counts(table, table.sites, sites), n_folds)
    place = {name: k for k, name in enumerate(sites)}
    folds = nested_folds(table, [int(fold_of_site[place[site]]) for site in table.sites], n_folds)
    site_of = dict(zip(table.slides, table.sites, strict=True))
    return tuple(check_fold(fold, site_of, what="site") for fold in folds)


def assign_sites(counts: np.ndarray, n_folds: int) -> np.ndarray:
    """Assign sites to folds.

    Parameters
    ----------
    counts : ndarray, (n_sites, n_strata)
        Slides of each site in each stratum.
    n_folds : int
        Folds; none stays empty.

    Returns
    -------
    ndarray of int, (n_sites,)
        Fold of each site; the first site is in fold 0.

    Raises
    ------
    SplitError
        If no division was found.
    """
    counts = counts[:, counts.sum(axis=0) > 0]
    n_sites, n_strata = counts.shape
    n_x, n_d = n_sites * n_folds, n_folds * n_strata
    total = counts.sum(axis=0)
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    low: list[float] = []
    high: list[float] = []

    def add(entries: list[tuple[int, float]], least: float, most: float) -> None:
        for column, value in entries:
            rows.append(len(low))
            columns.append(column)
            values.append(value)
        low.append(least)
        high.append(most)

    for s in range(n_sites):
        add([(s * n_folds + f, 1.0) for f in range(n_folds)], 1, 1)
    for f in range(n_folds):
        add([(s * n_folds + f, 1.0) for s in range(n_sites)], 1, n_sites)
        for c in range(n_strata):
            shares = [(s * n_folds + f, counts[s, c] / total[c]) for s in range(n_sites) if counts[s, c]]
            deviation = n_x + f * n_strata + c
            add([*shares, (deviation, -1.0)], -np.inf, 1 / n_folds)
            add([*shares, (deviation, 1.0)], 1 / n_folds, np.inf)
    upper = np.concatenate([np.ones(n_x), np.full(n_d, np.inf)])
    upper[1:n_folds] = 0  # folds are alike: the first site is in the first one
    matrix = coo_array((values, (rows, columns)), shape=(len(low), n_x + n_d))
    result = milp(
        c=np.concatenate([np.zeros(n_x), np.ones(n_d)]),
        integrality=np.concatenate([np.ones(n_x), np.zeros(n_d)]),
        bounds=Bounds(0, upper),
        constraints=LinearConstraint(matrix.tocsr(), low, high),
        options={"time_limit": TIME_LIMIT_S},
    )
    if result.x is None:
        raise SplitError(f"No division of {n_sites} sites into {n_folds} folds was found: {result.message}")
    chosen = np.round(result.x[:n_x]).reshape(n_sites, n_folds)
    return np.asarray(chosen.argmax(axis=1))
