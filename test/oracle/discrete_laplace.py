"""OpenDP's Laplace mechanism over integers: its privacy map and its draws, for
test/vectors/discrete-laplace.json.

Usage: python3 test/oracle/discrete_laplace.py > test/vectors/discrete-laplace.json
       python3 test/oracle/discrete_laplace.py map
       python3 test/oracle/discrete_laplace.py draws T S WIDTH N
Needs OpenDP (pip install opendp==0.16.0). The map is the same each time; the draws are not.
"""
import collections
import importlib.metadata
import json
import sys

import opendp.prelude as dp

dp.enable_features("contrib")

SENSITIVITIES = [1, 2, 7, 1000, 1_000_000_000]
FIELDS = [1, 2, 3, 32]
MILLI_EPSILONS = [1, 125, 333, 500, 1000, 2500, 10_000]
# Scale t / s, and how many integers share a bin.
DRAWN = [(1, 2, 1), (1, 1, 1), (3, 2, 1), (5, 1, 1), (100, 3, 20), (12_000, 7, 1000)]
DRAWS = 1_000_000


def laplace(scale, k=None):
    """The mechanism on one integer, or on k of them by L1 distance."""
    if k is None:
        return dp.m.make_laplace(
            dp.atom_domain(T="i64"), dp.absolute_distance(T="i64"), scale=scale
        )
    return dp.m.make_laplace(
        dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64"), scale=scale
    )


def privacy(sensitivity, fields, milli_epsilon):
    # Python divides integers to the nearest double.
    scale = sensitivity * fields * 1000 / milli_epsilon
    one = laplace(scale)
    return {
        "sensitivity": sensitivity,
        "fields": fields,
        "milliEpsilon": milli_epsilon,
        "scale": scale,
        "epsilonOfField": one.map(sensitivity),
        "epsilon": dp.c.make_composition([one] * fields).map(sensitivity),
        "calibrated": dp.binary_search_param(
            laplace,
            d_in=sensitivity,
            d_out=milli_epsilon / 1000 / fields,
            bounds=(scale / 2, scale * 2),
        ),
    }


def draws(t, s, width, n):
    """Counts of floor(x / width): [bin, count], in order."""
    seen = collections.Counter()
    step = 100_000
    mechanism = laplace(t / s, k=step)
    for at in range(0, n, step):
        seen.update(x // width for x in mechanism([0] * min(step, n - at)))
    return {"t": t, "s": s, "width": width, "n": n, "bins": sorted(seen.items())}


if sys.argv[1:2] == ["draws"]:
    print(json.dumps(draws(*map(int, sys.argv[2:]))))
    sys.exit()

GRID = [
    privacy(sensitivity, fields, milli_epsilon)
    for sensitivity in SENSITIVITIES
    for fields in FIELDS
    for milli_epsilon in MILLI_EPSILONS
]
if sys.argv[1:] == ["map"]:
    print(json.dumps({"map": GRID}))
    sys.exit()


def lines(rows):
    return "[\n  " + ",\n  ".join(json.dumps(row) for row in rows) + "\n ]"


source = f"test/oracle/discrete_laplace.py, OpenDP {importlib.metadata.version('opendp')}"
print(f'{{\n "source": "{source}",')
print(f' "map": {lines(GRID)},')
print(f' "draws": {lines([draws(*one, DRAWS) for one in DRAWN])}\n}}')
