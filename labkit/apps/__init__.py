"""Push to deploy: a folder with code becomes a running app, and the platform does the rest.

A small platform as a service on Docker, to see what such a platform takes off its user's hands.
"""

from labkit.apps.platform import AppStatus, deploy, rollback, status, stop
from labkit.apps.tidying import tidy

__all__ = ["AppStatus", "deploy", "rollback", "status", "stop", "tidy"]
