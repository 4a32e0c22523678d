"""What every benchmark ends with: a table for people, and one RESULT line for programs.

floor: what physics allows on this machine, in the case's own unit (operations over peak, bytes over bandwidth); None
where it is not known. must: the least ratio to the peer that passes; limit: the worst value of ours that passes.
"""

import json
import math


def case(ours, peer, unit, floor=None, better="higher", must=None, limit=None):
    """ratio > 1: ours is better. `better` says whether a higher or a lower value is. No peer: no ratio."""
    ratio = None
    if peer is not None:
        ratio = ours / peer if better == "higher" else peer / ours
        if not math.isfinite(ratio):
            raise ValueError(f"ours {ours}, peer {peer}: no ratio")
    failed = (must is not None and ratio is not None and ratio < must) or (
        limit is not None and (ours > limit if better == "lower" else ours < limit))
    result = {"ours": ours, "peer": peer, "ratio": ratio, "unit": unit, "floor": floor}
    return {**result, **({"must": must} if must else {}), **({"limit": limit} if limit else {}),
            **({"failed": True} if failed else {})}


def number(value):
    return "-" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def finish(bench, cases):
    """Prints the table and the RESULT line; a case that is None was skipped. Returns 1 when one failed, else 0."""
    header = ["case", "ours", "peer", "ratio", "floor", "unit"]
    rows = [[name, *(number(c[key]) for key in ("ours", "peer", "ratio", "floor")), c["unit"]] if c else
            [name, "skipped", "-", "-", "-", "-"] for name, c in cases.items()]
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    print()
    for row in [header, *rows]:
        print("  ".join(cell.ljust(w) if i in (0, 5) else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))).rstrip())
    failed = [name for name, c in cases.items() if c and c.get("failed")]
    for name in failed:
        bound = cases[name].get("limit") or cases[name].get("must")
        print(f"{name} misses what it must reach: {number(bound)}")
    print("RESULT " + json.dumps({"bench": bench, "cases": cases}))
    return 1 if failed else 0
