"""The inputs of `federated.smpc` (pip install numpy scikit-learn) and its result: four clinics of different size train one logistic
regression for one pass over their rows of the Wisconsin breast cancer data, from zero. Writes both."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer

SIZES = [40, 120, 250, 159]
RATE = 0.05

data = load_breast_cancer()
columns = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
columns = np.hstack([columns, np.ones((len(columns), 1))])
order = np.random.RandomState(11).permutation(len(columns))
columns, labels = columns[order], data.target[order]

inputs, start = {}, 0
for clinic, size in enumerate(SIZES):
    weights = np.zeros(columns.shape[1])
    for row, label in zip(columns[start:start + size], labels[start:start + size]):
        weights += RATE * (label - 1 / (1 + np.exp(-row @ weights))) * row
    start += size
    inputs[str(clinic)] = {"weights": [round(float(w), 5) for w in weights], "patients": size}
folder = Path(__file__).parent.parent
(folder / "federated.inputs.json").write_text(json.dumps(inputs, indent=2).replace(",\n      ", ", ") + "\n")

# As units of 2^-16, to nearest; the mean is truncated toward zero.
units = [[round(Fraction(str(w)) * 2**16) for w in given["weights"]] for given in inputs.values()]
means = []
for own in zip(*units):
    total = sum(size * unit for size, unit in zip(SIZES, own))
    means.append(abs(total) // sum(SIZES) * (1 if total >= 0 else -1))


def shortest(unit):
    """The shortest decimal number that is read as this unit."""
    for places in range(17):
        digits = round(Fraction(unit, 2**16) * 10**places)
        if round(Fraction(digits, 10**places) * 2**16) == unit:
            text = f"{abs(digits):0{places + 1}d}"
            text = text if places == 0 else f"{text[:-places]}.{text[-places:]}"
            return float(text) * (-1 if digits < 0 else 1)


result = [shortest(unit) for unit in means]
(folder / "federated.expected.json").write_text(json.dumps({str(c): result for c in range(4)}) + "\n")
