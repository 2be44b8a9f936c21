"""Private computations among parties who may not share their data.

Each function is a verb of the command line `smpcc`, which comes with this package. Inputs are Python values or tables of pandas, polars or
pyarrow; results are Python values of the types that the program declares; what goes wrong is an :class:`Error` with code, place and help.

    >>> import smpcc
    >>> mean = smpcc.Text("fn main(pay: secret u32 from each) -> u32 { (pay.sum() / 3) as u32 }")
    >>> smpcc.run(mean, {0: {"pay": 5200}, 1: {"pay": 4800}, 2: {"pay": 5900}}).result
    5300
"""

from ._binary import Text, binary, version
from ._errors import (
    Diagnostic,
    Error,
    InternalError,
    Interrupted,
    NetworkError,
    PeerError,
    Place,
    ProgramError,
    SmpccWarning,
    UsageError,
)
from ._reports import Audit, Figures, Graph, Reveals, Stats
from ._runs import Contribution, Result, Run
from ._verbs import (
    Plan,
    audit,
    check,
    contribute,
    explain,
    graph,
    party,
    result,
    reveals,
    run,
    stats,
    withdraw,
)

__all__ = [
    "Audit",
    "Contribution",
    "Diagnostic",
    "Error",
    "Figures",
    "Graph",
    "InternalError",
    "Interrupted",
    "NetworkError",
    "PeerError",
    "Place",
    "Plan",
    "ProgramError",
    "Result",
    "Reveals",
    "Run",
    "SmpccWarning",
    "Stats",
    "Text",
    "UsageError",
    "audit",
    "binary",
    "check",
    "contribute",
    "explain",
    "graph",
    "party",
    "result",
    "reveals",
    "run",
    "stats",
    "version",
    "withdraw",
]
