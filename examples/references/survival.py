"""The inputs of `survival.smpc` from the data set `lung` of the package lifelines (pip install lifelines==0.30.3), and the result by
that package: `python3 survival.py inputs` writes the tables, `python3 survival.py` prints the curve and the test."""

import sys
from pathlib import Path

from lifelines import KaplanMeierFitter
from lifelines.datasets import load_lung
from lifelines.statistics import logrank_test

lung = load_lung()
if sys.argv[1:] == ["inputs"]:
    folder = Path(__file__).parent.parent / "survival.inputs"
    # The one patient without an institution is with the last hospital.
    of = lung["inst"].fillna(99).map(lambda i: 0 if i <= 5 else 1 if i <= 12 else 2)
    for hospital in range(3):
        rows = lung[of == hospital][["time", "status", "sex"]]
        (folder / f"{hospital}.csv").write_text(rows.to_csv(index=False, lineterminator="\n"))
else:
    months, died, women = lung["time"] // 30, lung["status"], lung["sex"] == 2
    fitted = KaplanMeierFitter().fit(months, died)
    events = fitted.event_table
    # Greenwood's standard error.
    variance = 0
    for month in range(35):
        if month in events.index:
            at_risk, observed = events.loc[month, ["at_risk", "observed"]]
            variance += observed / (at_risk * (at_risk - observed)) if at_risk > observed else 0
        survival = fitted.predict(month)
        print(month, f"{survival:.8f}", f"{survival * variance ** 0.5:.8f}")
    print(f"log-rank: {logrank_test(months[women], months[~women], died[women], died[~women]).test_statistic:.8f}")
