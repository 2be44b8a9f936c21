"""The inputs of `meters.smpc` and its result: 1,000 made-up meters of three suppliers, the same at every run. Writes both."""

import json
from pathlib import Path
from random import Random

SHAPE = [25, 22, 20, 19, 20, 24, 38, 55, 52, 44, 42, 46, 50, 45, 41, 42, 50, 66, 84, 88, 76, 60, 44, 32]
SUN = [0, 0, 0, 0, 0, 1, 6, 15, 28, 42, 54, 62, 65, 62, 55, 44, 31, 18, 7, 1, 0, 0, 0, 0]
SIZES = [420, 350, 230]
SHORT, LONG = 9, 3

random = Random(20240621)
folder = Path(__file__).parent.parent
suppliers = []
for supplier, size in enumerate(SIZES):
    meters = []
    for _ in range(size):
        size_of_house, roof = random.randint(40, 220), random.choice([0, 0, 0, 120, 300])
        meters.append([
            (use * size_of_house + random.randint(-800, 2400)) // 100 - sun * roof // 100
            for use, sun in zip(SHAPE, SUN)
        ])
    lines = "".join(",".join(map(str, meter)) + "\n" for meter in meters)
    (folder / "meters.inputs" / f"{supplier}.csv").write_text(lines)
    suppliers.append(meters)
arguments = {"short": SHORT, "long": LONG}
(folder / "meters.inputs" / "args.json").write_text(json.dumps(arguments) + "\n")

everyone = [meter for meters in suppliers for meter in meters]
hours = []
for h in range(24):
    balance = sum(meter[h] for meter in everyone)
    heavy = sum(meter[h] * len(everyone) > 2 * balance for meter in everyone)
    hours.append({"balance": balance, "heavy": heavy})
balances = [hour["balance"] for hour in hours]
expected = {}
for supplier, meters in enumerate(suppliers):
    owed = sum(
        sum(meter[h] for meter in meters) * (SHORT if balances[h] > 0 else LONG) for h in range(24)
    )
    expected[str(supplier)] = {"hours": hours, "peak": balances.index(max(balances)), "owed": owed}
(folder / "meters.expected.json").write_text(json.dumps(expected) + "\n")
