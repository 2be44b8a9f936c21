"""The inputs of `risk_model.smpc` from the breast cancer data of scikit-learn (pip install scikit-learn==1.9.1 statsmodels==0.15.0), and
the result by statsmodels: `python3 risk_model.py inputs` writes the tables, `python3 risk_model.py` prints coefficients and errors."""

import sys
from pathlib import Path

import numpy as np
import statsmodels.api as sm
from sklearn.datasets import load_breast_cancer

data = load_breast_cancer()
names = list(data.feature_names)
columns = ["mean texture", "mean smoothness", "mean concavity", "mean symmetry"]
x = data.data[:, [names.index(name) for name in columns]]
malignant = 1 - data.target
if sys.argv[1:] == ["inputs"]:
    folder = Path(__file__).parent.parent / "risk_model.inputs"
    for hospital, (first, last) in enumerate([(0, 190), (190, 380), (380, 569)]):
        rows = ["texture,smoothness,concavity,symmetry,malignant"]
        for i in range(first, last):
            rows.append(",".join(repr(float(v)) for v in x[i]) + (",yes" if malignant[i] else ",no"))
        (folder / f"{hospital}.csv").write_text("\n".join(rows) + "\n")
else:
    scaled = (x - [19, 0.09375, 0.09375, 0.1875]) * [0.25, 64, 16, 32]
    model = sm.Logit(malignant, sm.add_constant(scaled)).fit(disp=0, tol=1e-12, maxiter=100)
    print(np.round(model.params, 8), np.round(model.bse, 8))
