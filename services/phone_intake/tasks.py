"""phone_intake: what the telephone brings.

Hears `CallStored`, which its own gateways say. Says `CallLogged` for a call that asks for something, `CallSuppressed`
for one that asks for nothing or came before, `CallQuarantined` for one that a person must look at; of a suppressed
outbound call that was talked for long enough also `CallMade`. Owns the call records as they came.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from services.phone_intake import rules, store
from services.phone_intake.settings import settings
from shared.bus import Transaction, Worker
from shared.errors import Transient
from shared.events import CallLogged, CallMade, CallQuarantined, CallStored, CallSuppressed
from shared.vocabulary import Requester

worker = Worker("phone_intake")
app = worker.app

WAITS_FOR_THE_CALL = 9
"""How often a voicemail that names no number is put off, some two minutes: its call is read when it is over."""


@worker.hears(CallStored)
def read_call(event: CallStored, tx: Transaction) -> None:
    """Read one stored record and say what it is."""
    arrival = store.arrival_to_read(tx.session, event.arrival_id)
    record = rules.read_record(arrival.raw, settings().numbers)
    if isinstance(record, rules.Unreadable):
        if store.first_under(tx.session, f"record:{rules.digest_of(arrival.raw)}", arrival.id):
            _suppress(arrival, "duplicate", tx)
        else:
            _quarantine(arrival, record.reason, tx)
        return

    if _has_no_number(record):
        callers = rules.possible_callers(arrival.raw, settings().numbers)
        near = (record.started_at - rules.VOICEMAIL_SPAN, record.started_at + rules.VOICEMAIL_SPAN)
        if call := store.call_of(tx.session, callers, near):
            record = replace(record, provider=call.provider, caller=call.caller)
    arrival.provider, arrival.caller, arrival.started_at = record.provider, record.caller, record.started_at
    earlier = store.first_under(tx.session, arrival.key, arrival.id)
    if earlier is not None and not _replaces(arrival, record, earlier, tx):
        _settle_beside(arrival, record, earlier, tx)
    elif reason := rules.why_no_ticket(record):
        _suppress(arrival, reason, tx)
        if record.provider and _is_response(arrival) and not (earlier and _is_response(earlier)):
            _call_made(arrival, record, record.provider, tx)
    elif record.provider is None:
        if _has_no_number(record) and tx.attempt <= WAITS_FOR_THE_CALL:
            raise Transient("the call of this voicemail, which tells the provider, is not read (yet)")
        _quarantine(arrival, "the number called belongs to no provider: see SCOPEDESK_PHONE_INTAKE_NUMBERS", tx)
    else:
        _log_or_add(arrival, record, record.provider, tx)


def _replaces(arrival: store.Arrival, record: rules.CallRecord, earlier: store.Arrival, tx: Transaction) -> bool:
    """Let a record count instead of an earlier one of its call that nothing was made of."""
    if earlier.state == store.State.QUARANTINED and record.provider is not None:
        # What kept the earlier one from being used is mended, in the settings or in the record.
        _suppress(earlier, f"came again and was read then ({arrival.source})", tx)
    elif not (earlier.state == store.State.SUPPRESSED and rules.rows_of(arrival.raw) > rules.rows_of(earlier.raw)):
        return False
    store.pass_on(tx.session, arrival.key, arrival.id)
    return True


def _settle_beside(arrival: store.Arrival, record: rules.CallRecord, earlier: store.Arrival, tx: Transaction) -> None:
    """Say what a record is whose call was read before."""
    more_rows = rules.rows_of(arrival.raw) - rules.rows_of(earlier.raw)
    before = rules.read_record(earlier.raw, settings().numbers)
    if rules.digest_of(earlier.raw) == rules.digest_of(arrival.raw):
        _suppress(arrival, "duplicate", tx)
    elif more_rows < 0:
        _suppress(arrival, f"fewer rows of a call that was read before ({earlier.source})", tx)
    elif more_rows > 0 and isinstance(before, rules.CallRecord) and rules.tell_the_same(record, before):
        _suppress(arrival, f"more rows of a call that was read before ({earlier.source})", tx)
    elif store.first_under(tx.session, f"record:{rules.digest_of(arrival.raw)}", arrival.id):
        _suppress(arrival, "duplicate", tx)
    else:
        _quarantine(arrival, f"another record of this call came before, with other contents ({earlier.source})", tx)


def _is_response(arrival: store.Arrival) -> bool:
    record = rules.read_record(arrival.raw, settings().numbers)
    return isinstance(record, rules.CallRecord) and rules.is_response(record, settings().response_seconds)


def _has_no_number(record: rules.CallRecord) -> bool:
    """Whether a voicemail does not tell which number was called, as Asterisk's own file does not."""
    return record.outcome is rules.Outcome.VOICEMAIL and rules.e164(record.number_called) is None


def _log_or_add(arrival: store.Arrival, record: rules.CallRecord, provider: str, tx: Transaction) -> None:
    """Say a call, unless the same caller has a ticket that it belongs to."""
    for other in _logged_of_caller(arrival, record, provider, tx):
        logged = rules.read_record(other.raw, settings().numbers)
        relation = rules.relation(record, logged) if isinstance(logged, rules.CallRecord) else None
        if relation is rules.Relation.SAME:
            _suppress(arrival, f"a voicemail that has its ticket ({other.source})", tx)
            return
        if relation is rules.Relation.ADDS:
            _log(arrival, record, provider, tx, adds_to=other)
            return
    _log(arrival, record, provider, tx)


def _logged_of_caller(
    arrival: store.Arrival, record: rules.CallRecord, provider: str, tx: Transaction
) -> list[store.Arrival]:
    if record.caller is None:
        return []
    span = (record.started_at - rules.MISSED_CALL_SPAN, record.started_at + rules.MISSED_CALL_SPAN)
    return store.logged_of_caller(tx.session, provider, record.caller, span, besides=arrival.id)


def _log(
    arrival: store.Arrival,
    record: rules.CallRecord,
    provider: str,
    tx: Transaction,
    *,
    adds_to: store.Arrival | None = None,
) -> None:
    arrival.state = store.State.LOGGED
    arrival.reason = f"added to the ticket of another call of this caller ({adds_to.source})" if adds_to else None
    tx.say(
        CallLogged(
            arrival_id=arrival.id,
            adds_to=adds_to.id if adds_to else None,
            provider=provider,
            caller=Requester(name=record.caller_name, phone=record.caller),
            agent=record.agent,
            subject=rules.subject_of(record),
            text=rules.text_of(record),
            language=record.language,
            outcome=record.outcome,
            started_at=record.started_at,
            duration_seconds=record.duration_seconds,
        ),
    )


def _call_made(arrival: store.Arrival, record: rules.CallRecord, provider: str, tx: Transaction) -> None:
    assert record.callee, "a call is a response to somebody"
    rang = timedelta(seconds=max(0, record.duration_seconds - record.talk_seconds))
    tx.say(
        CallMade(
            arrival_id=arrival.id,
            provider=provider,
            callee=record.callee,
            agent=record.agent,
            note=record.note,
            answered_at=record.started_at + rang,
            talk_seconds=record.talk_seconds,
        ),
    )


def _suppress(arrival: store.Arrival, reason: str, tx: Transaction) -> None:
    arrival.state, arrival.reason = store.State.SUPPRESSED, reason
    tx.say(CallSuppressed(arrival_id=arrival.id, reason=reason))


def _quarantine(arrival: store.Arrival, reason: str, tx: Transaction) -> None:
    reason = f"{arrival.source}: {reason}"
    arrival.state, arrival.reason = store.State.QUARANTINED, reason
    tx.say(CallQuarantined(arrival_id=arrival.id, reason=reason))
