"""The inputs of `digits.smpc` (pip install scikit-learn==1.9.1): `python3 digits.py` trains the network on 1,257 pictures, writes its rounded
weights and twelve of the other 540 pictures, and prints what the rounded network says of them and how many of the 540 it reads."""

import json
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

data = load_digits()
train, test, train_is, test_is = train_test_split(
    data.data / 16, data.target, test_size=0.3, random_state=0, stratify=data.target
)
model = MLPClassifier((16,), alpha=1.0, max_iter=3000, random_state=1).fit(train, train_is)
# In units of 1/64; the program computes in units of 1/1024.
layers = [np.floor(w.T * 64 + 0.5).astype(int) for w in model.coefs_]
biases = [np.floor(b * 64 + 0.5).astype(int) for b in model.intercepts_]


def rounded(products):
    return (products + 512) >> 10


def reads(points):
    """The digit by the program's arithmetic."""
    hidden = rounded((layers[0] << 4) @ (points << 6)) + (biases[0] << 4)
    return int(np.argmax(rounded((layers[1] << 4) @ np.maximum(hidden, 0)) + (biases[1] << 4)))


points = (test * 16).round().astype(int)
found = [reads(p) for p in points]
print(found[:12], test_is[:12].tolist(), sum(f == t for f, t in zip(found, test_is)), "of", len(found))


def numbers(values):
    return json.dumps([int(v) if float(v).is_integer() else float(v) for v in values])


def matrix(rows):
    return "[\n" + ",\n".join("      " + numbers(row) for row in rows) + "\n    ]"


fields = {
    "lab": {
        "hidden": matrix(layers[0] / 64),
        "hidden_bias": numbers(biases[0] / 64),
        "output": matrix(layers[1] / 64),
        "output_bias": numbers(biases[1] / 64),
    },
    "reader": {"images": matrix(points[:12])},
}
parts = [
    f'  "{party}": {{\n' + ",\n".join(f'    "{name}": {text}' for name, text in of.items()) + "\n  }"
    for party, of in fields.items()
]
target = Path(__file__).parent.parent / "digits.inputs.json"
target.write_text("{\n" + ",\n".join(parts) + "\n}\n")
