"""How a ticket stands, with what is merged into it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from services.sla import store
from services.sla.rules import merging
from services.sla.rules.clocks import Noted
from services.sla.rules.standing import Standing, house_of, standing
from shared.bus import Transaction
from shared.policies import load_policies
from shared.vocabulary import Verdict


def standing_of(tx: Transaction, locked: store.Clocks) -> Standing | None:
    """How a ticket stands; None before the decision, for which everything that was noted waits."""
    if (known := store.decided(locked)) is None:
        return None
    ticket, decision = known
    history = _whole_history(tx, locked, {locked.ticket_id})
    return standing(ticket, decision, load_policies().provider(ticket.provider), history)


def goes_on_in(tx: Transaction, locked: store.Clocks) -> list[store.Clocks]:
    """The tickets that a ticket goes on in, one in the other; nobody else changes them until the transaction ends."""
    chain: dict[str, store.Clocks] = {locked.ticket_id: locked}
    while (into := locked.merged_into) and into not in chain:
        chain[into] = locked = store.lock(tx.session, into)
    return [*chain.values()][1:]


def _whole_history(tx: Transaction, clocks: store.Clocks, seen: Collection[str]) -> list[Noted]:
    """What happened to a ticket, and what those merged into it lend. `seen`: merges are heard in any order."""
    own = store.history(clocks)
    lent: list[Noted] = []
    for other in store.merged_with(tx.session, clocks.ticket_id):
        merge = merging.standing_merge(store.merges(other))
        if merge and merge.at and other.ticket_id not in seen:
            history = _whole_history(tx, other, {*seen, other.ticket_id})
            before = [noted for noted in history if noted.at < merge.at]
            waits_since: datetime | None = merge.at
            if known := store.decided(other):
                ticket, decision = known
                house = house_of(load_policies().provider(ticket.provider))
                asks = decision.verdict is not Verdict.NO_ACTION
                waits_since = merging.unanswered_since(ticket.received_at, before, house) if asks else None
            lent += merging.lent(merge, waits_since, history, own)
    return [*own, *lent]
