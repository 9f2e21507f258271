"""The worker of the notifications room; its handlers stand in the other modules here."""

from shared.bus import Worker

worker = Worker("notifications")
