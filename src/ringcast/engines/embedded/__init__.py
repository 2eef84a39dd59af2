"""The engine in this process: SIP by `ringcast.useragent`, audio by `ringcast.media`."""

from ringcast.engines.embedded.engine import EmbeddedEngine
from ringcast.engines.embedded.trunk import InvalidTrunk, Trunk

__all__ = ["EmbeddedEngine", "InvalidTrunk", "Trunk"]
