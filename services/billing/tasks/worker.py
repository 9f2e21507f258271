"""The worker whose handlers the other files of this folder hold."""

from shared.bus import Worker

worker = Worker("billing")
