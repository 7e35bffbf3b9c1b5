"""Streams between callers and implementations: iterators of one colour for code of the other, and bounded.

Everything here has one shape: an async iterator with `aclose`. Where a synchronous caller drives it by hand,
it never suspends. No user code runs under a lock, and what is opened here is closed here.
"""

from avrorpc.streaming.bridge import DrivenIncoming, Incoming
from avrorpc.streaming.closing import close_iterator, closing
from avrorpc.streaming.pulling import PulledSteps
from avrorpc.streaming.running import CallStream, Closable, begin, begin_stream
from avrorpc.streaming.sending import AsyncItems, Pump, SentItems, SyncItems
from avrorpc.streaming.stepping import AsyncSteps, InlineSteps, Steps, steps_of
from avrorpc.streaming.threaded import ThreadedSteps
from avrorpc.streaming.threads import OwnThreads

__all__ = [
    "AsyncItems",
    "AsyncSteps",
    "CallStream",
    "Closable",
    "DrivenIncoming",
    "Incoming",
    "InlineSteps",
    "OwnThreads",
    "PulledSteps",
    "Pump",
    "SentItems",
    "Steps",
    "SyncItems",
    "ThreadedSteps",
    "begin",
    "begin_stream",
    "close_iterator",
    "closing",
    "steps_of",
]
