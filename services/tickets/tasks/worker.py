"""The worker of the tickets room; its handlers stand in the other modules here."""

from shared.bus import Worker

worker = Worker("tickets")
