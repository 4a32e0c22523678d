"""What every benchmark ends with: a table for people, and one RESULT line for programs."""

import json
import math


def case(ours, peer, unit, floor=None, better="higher"):
    """ratio > 1: ours is better. `better` says whether a higher or a lower value is. No peer: no ratio."""
    ratio = None
    if peer is not None:
        ratio = ours / peer if better == "higher" else peer / ours
        if not math.isfinite(ratio):
            raise ValueError(f"ours {ours}, peer {peer}: no ratio")
    return {"ours": ours, "peer": peer, "ratio": ratio, "unit": unit, "floor": floor}


def number(value):
    return "-" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def finish(bench, cases):
    """Prints the table and the RESULT line. Returns 1 when a ratio is below its floor, else 0."""
    header = ["case", "ours", "peer", "ratio", "floor", "unit"]
    rows = [[name, *(number(c[key]) for key in ("ours", "peer", "ratio", "floor")), c["unit"]] for name, c in cases.items()]
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    print()
    for row in [header, *rows]:
        print("  ".join(cell.ljust(w) if i in (0, 5) else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))).rstrip())
    below = [name for name, c in cases.items() if c["ratio"] is not None and c["floor"] is not None and c["ratio"] < c["floor"]]
    for name in below:
        print(f"{name} is below its floor")
    print("RESULT " + json.dumps({"bench": bench, "cases": cases}))
    return 1 if below else 0
