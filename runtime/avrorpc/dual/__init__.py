"""One client for research and for production: REST with all shown, or direct calls; one switch between.

Thin facades over the typed core, in the names of the documents that this project grew out of. Code that needs
no switch is better off with the generated clients, which are typed.
"""

from __future__ import annotations

from avrorpc.dual.client import DualClient
from avrorpc.dual.environment import DevelopmentEnvironment
from avrorpc.dual.mode import Mode
from avrorpc.dual.registry import ServiceRegistry
from avrorpc.dual.response import RESTfulResponse
from avrorpc.dual.unified import UnifiedService

__all__ = [
    "DevelopmentEnvironment",
    "DualClient",
    "Mode",
    "RESTfulResponse",
    "ServiceRegistry",
    "UnifiedService",
]
