"""The bus: PostgreSQL is the truth, Redis is the doorbell.

Two names stand at its door. A room makes one `Worker`, registers its handlers there, and speaks through the
`Transaction` that each handler is given. Celery, the event log, deliveries, the relay, timers, retries and dead letters
are behind them.
"""

from shared.bus.transaction import Transaction
from shared.bus.worker import Worker

__all__ = ["Transaction", "Worker"]
