"""CallFire's IVR dialplans: read, checked, and run as programs."""

from ringcast.scripting.callfire_dialplan.context import Limits
from ringcast.scripting.callfire_dialplan.document import Node, Problem, Unreadable, read
from ringcast.scripting.callfire_dialplan.run import DialplanFault, interpreter, run
from ringcast.scripting.callfire_dialplan.validation import InvalidDialplan, parse, problems

__all__ = [
    "LANGUAGE",
    "DialplanFault",
    "InvalidDialplan",
    "Limits",
    "Node",
    "Problem",
    "Unreadable",
    "interpreter",
    "parse",
    "problems",
    "read",
    "run",
]

LANGUAGE = "callfire-dialplan"
"""The language of `domain.instructions.Interpret`."""
