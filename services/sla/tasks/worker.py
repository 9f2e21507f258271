"""The worker of the sla room; its handlers stand in the other modules here."""

from shared.bus import Worker

worker = Worker("sla")
