"""phone_intake: what the telephone brings.

Hears `CallStored`, which its own gateways say. Says `CallLogged` for a call that asks for something, `CallSuppressed`
for one that asks for nothing or came before, `CallQuarantined` for one that a person must look at; of a suppressed
outbound call that was talked for long enough also `CallMade`. Owns the call records as they came.
"""

from __future__ import annotations

from datetime import timedelta

from services.phone_intake import rules, store
from services.phone_intake.settings import settings
from shared.bus import Transaction, Worker
from shared.events import CallLogged, CallMade, CallQuarantined, CallStored, CallSuppressed
from shared.vocabulary import Requester

worker = Worker("phone_intake")
app = worker.app


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

    arrival.provider, arrival.caller, arrival.started_at = record.provider, record.caller, record.started_at
    earlier = store.first_under(tx.session, arrival.key, arrival.id)
    if earlier is not None and not _replaces(arrival, record, earlier, tx):
        _settle_beside(arrival, record, earlier, tx)
    elif reason := rules.why_no_ticket(record):
        _suppress(arrival, reason, tx)
        if record.provider and _is_response(arrival) and not (earlier and _is_response(earlier)):
            _call_made(arrival, record, record.provider, tx)
    elif record.provider is None:
        _quarantine(arrival, "the number called belongs to no provider: see SCOPEDESK_PHONE_INTAKE_NUMBERS", tx)
    elif _is_called_back_already(arrival, record, record.provider, tx):
        _suppress(arrival, "missed call of a caller who has a ticket from these minutes", tx)
    else:
        _log(arrival, record, record.provider, tx)


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


def _is_called_back_already(arrival: store.Arrival, record: rules.CallRecord, provider: str, tx: Transaction) -> bool:
    if record.caller is None:
        return False
    span = (record.started_at - rules.MISSED_CALL_SPAN, record.started_at + rules.MISSED_CALL_SPAN)
    logged = store.caller_was_logged(tx.session, provider, record.caller, span, besides=arrival.id)
    return logged and rules.is_missed_without_note(record)


def _log(arrival: store.Arrival, record: rules.CallRecord, provider: str, tx: Transaction) -> None:
    arrival.state = store.State.LOGGED
    tx.say(
        CallLogged(
            arrival_id=arrival.id,
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
