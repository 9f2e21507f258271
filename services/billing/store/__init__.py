"""The tables of the billing room (schema `billing`) and every query on them, a file for each thing it keeps."""

from services.billing.store import charges, consents, quotes, subscriptions, work

__all__ = ["charges", "consents", "quotes", "subscriptions", "work"]
