"""The result of `names.smpc` by the table of distances that textbooks have. Writes it."""

import json
from pathlib import Path


def distance(a, b):
    above = list(range(len(b) + 1))
    for i, x in enumerate(a):
        row = [i + 1]
        for j, y in enumerate(b):
            row.append(min(above[j] + (x != y), above[j + 1] + 1, row[j] + 1))
        above = row
    return above[-1]


folder = Path(__file__).parent.parent
given = json.loads((folder / "names.inputs.json").read_text())
ours, theirs = (
    [name.encode() for name in given[bank][names]]
    for bank, names in (("first", "ours"), ("second", "theirs"))
)
near = [[distance(a, b) <= given["args"]["most"] for b in theirs] for a in ours]
expected = {
    "0": {"ours": [any(row) for row in near]},
    "1": {"theirs": [any(column) for column in zip(*near)]},
}
(folder / "names.expected.json").write_text(json.dumps(expected) + "\n")
