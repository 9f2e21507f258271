"""the first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

SCHEMAS = (
    "bus",
    "files",
    "email_intake",
    "phone_intake",
    "tickets",
    "scope",
    "sla",
    "billing",
    "notifications",
    "desk",
)

REFUSE_CHANGE = """
    create function bus.refuse_change() returns trigger language plpgsql as
    $$ begin raise exception '%.% is append-only', tg_table_schema, tg_table_name; end $$
"""
APPEND_ONLY = (
    "bus.event",
    "billing.consent",
    "billing.charge",
    "billing.credit",
    "billing.work_entry",
    "billing.settlement",
    "billing.licence",
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for schema in SCHEMAS:
        op.execute(f'create schema "{schema}"')
    op.execute("create function bus.epoch() returns integer immutable language sql as 'select 0'")
    op.create_table(
        "quote",
        sa.Column("quote_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("offer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("approvers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("priced_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("quote_id", "version", name=op.f("pk_quote")),
        schema="billing",
    )
    op.create_index("ix_quote_ticket_id", "quote", ["ticket_id"], unique=False, schema="billing")
    op.create_table(
        "ticket",
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("decision_version", sa.Integer(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("decision", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket")),
        schema="billing",
    )
    op.create_table(
        "event",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("epoch", sa.Integer(), server_default=sa.text("bus.epoch()"), nullable=False),
        sa.Column(
            "written_in",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text::bigint)"),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=True),
        sa.Column("caused_by", sa.Uuid(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event")),
        sa.UniqueConstraint("seq", name=op.f("uq_event_seq")),
        schema="bus",
    )
    op.create_index("ix_event_ticket_id", "event", ["ticket_id"], unique=False, schema="bus")
    op.create_index("ix_event_order", "event", ["epoch", "written_in", "seq"], unique=False, schema="bus")
    op.create_table(
        "relay_beat",
        sa.Column("relay", sa.String(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("relay", name=op.f("pk_relay_beat")),
        schema="bus",
    )
    op.create_table(
        "arrival",
        sa.Column("arrival_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("sender", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("excerpt", sa.String(), nullable=True),
        sa.Column("filed_in", sa.String(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("arrival_id", name=op.f("pk_arrival")),
        schema="desk",
    )
    op.create_index("ix_arrival_state", "arrival", ["state"], unique=False, schema="desk")
    op.create_table(
        "booking",
        sa.Column("booked_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("quote_id", sa.String(), nullable=True),
        sa.Column("minor", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("booked_id", name=op.f("pk_booking")),
        schema="desk",
    )
    op.create_index("ix_booking_ticket_id", "booking", ["ticket_id"], unique=False, schema="desk")
    op.create_table(
        "held_letter",
        sa.Column("letter_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_held_letter")),
        schema="desk",
    )
    op.create_index("ix_held_letter_ticket_id", "held_letter", ["ticket_id"], unique=False, schema="desk")
    op.create_table(
        "stopped_letters",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("letters", sa.Integer(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resumed_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_stopped_letters")),
        schema="desk",
    )
    op.create_table(
        "ended_alarm",
        sa.Column("alarm_id", sa.Uuid(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("alarm_id", name=op.f("pk_ended_alarm")),
        schema="desk",
    )
    op.create_table(
        "page",
        sa.Column("page_id", sa.Uuid(), nullable=False),
        sa.Column("alarm_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("best_effort", sa.Boolean(), nullable=False),
        sa.Column("paged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("page_id", name=op.f("pk_page")),
        schema="desk",
    )
    op.create_index("ix_page_alarm_id", "page", ["alarm_id"], unique=False, schema="desk")
    op.create_table(
        "quote",
        sa.Column("quote_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("total_minor", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("quote_id", "version", name=op.f("pk_quote")),
        schema="desk",
    )
    op.create_index("ix_quote_ticket_id", "quote", ["ticket_id"], unique=False, schema="desk")
    op.create_table(
        "ticket",
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("provider", sa.String(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("routing", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("team", sa.String(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("response_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("response_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("response_start_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution_due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution_start_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("routed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breach_withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warned_percent", sa.Integer(), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_to", sa.String(), nullable=True),
        sa.Column("written_to_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("letter_refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("letter_suppressed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("others_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("charge_questioned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("money_refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("money_done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket")),
        schema="desk",
    )
    op.create_index("ix_ticket_received_at", "ticket", ["received_at", "ticket_id"], unique=False, schema="desk")
    op.create_index("ix_ticket_merged_into", "ticket", ["merged_into"], unique=False, schema="desk")
    op.create_table(
        "arrival",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("mailbox", sa.String(), nullable=True),
        sa.Column("envelope_from", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("too_large", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival")),
        schema="email_intake",
    )
    op.create_index(op.f("ix_arrival_content_hash"), "arrival", ["content_hash"], unique=False, schema="email_intake")
    op.create_index(op.f("ix_arrival_state"), "arrival", ["state"], unique=False, schema="email_intake")
    op.create_table(
        "content",
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("content_hash", name=op.f("pk_content")),
        schema="files",
    )
    op.create_table(
        "fetched",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("arrival_id", sa.Uuid(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("too_large", sa.BigInteger(), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", "folder", "uid_validity", "uid", name=op.f("pk_fetched")),
        schema="email_intake",
    )
    op.create_index(
        "ix_fetched_account_content_hash", "fetched", ["account", "content_hash"], unique=False, schema="email_intake"
    )
    op.create_table(
        "watch",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waits_by", sa.String(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("stuck", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", "folder", name=op.f("pk_watch")),
        schema="email_intake",
    )
    op.create_table(
        "raw",
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("content_hash", name=op.f("pk_raw")),
        schema="email_intake",
    )
    op.create_table(
        "seen",
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("arrival_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "key", name=op.f("pk_seen")),
        schema="email_intake",
    )
    op.create_table(
        "breaker",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_breaker")),
        schema="notifications",
    )
    op.create_table(
        "merge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge")),
        schema="notifications",
    )
    op.create_index("ix_merge_ticket_id", "merge", ["ticket_id"], unique=False, schema="notifications")
    op.create_table(
        "letter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("domain", sa.String(), nullable=True),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("unanswered", sa.Integer(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        schema="notifications",
    )
    for counted in ("recipient", "domain", "provider"):
        op.create_index(f"ix_letter_{counted}", "letter", [counted, "written_at"], unique=False, schema="notifications")
    op.create_index("ix_letter_ticket_id", "letter", ["ticket_id"], unique=False, schema="notifications")
    op.create_table(
        "ticket",
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reply_language", sa.String(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket")),
        schema="notifications",
    )
    op.create_table(
        "arrival",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("raw", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("provider", sa.String(), nullable=True),
        sa.Column("caller", sa.String(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival")),
        schema="phone_intake",
    )
    op.create_index(op.f("ix_arrival_caller"), "arrival", ["caller"], unique=False, schema="phone_intake")
    op.create_index(op.f("ix_arrival_key"), "arrival", ["key"], unique=False, schema="phone_intake")
    op.create_index(op.f("ix_arrival_state"), "arrival", ["state"], unique=False, schema="phone_intake")
    op.create_table(
        "call",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("arrival_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_call")),
        schema="phone_intake",
    )
    op.create_table(
        "log",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("head_length", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_log")),
        schema="phone_intake",
    )
    op.create_table(
        "leg",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("call", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("row", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leg")),
        schema="phone_intake",
    )
    op.create_index(op.f("ix_leg_judged_at"), "leg", ["judged_at"], unique=False, schema="phone_intake")
    op.create_index("ix_leg_path_call", "leg", ["path", "call"], unique=False, schema="phone_intake")
    op.create_table(
        "decision",
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("decision", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "version", name=op.f("pk_decision")),
        sa.UniqueConstraint("request_id", name=op.f("uq_decision_request_id")),
        schema="scope",
    )
    op.create_table(
        "precedent",
        sa.Column("override_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("question", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=True),
        sa.Column("topic", sa.String(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("clauses", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("approver", sa.String(), nullable=True),
        sa.Column("read", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("override_id", name=op.f("pk_precedent")),
        schema="scope",
    )
    op.create_index(op.f("ix_precedent_provider"), "precedent", ["provider"], unique=False, schema="scope")
    op.create_table(
        "request",
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("ticket", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("corrections", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_request")),
        schema="scope",
    )
    op.create_index(op.f("ix_request_provider"), "request", ["provider"], unique=False, schema="scope")
    op.create_table(
        "target",
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("latest_start_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proof", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "name", name=op.f("pk_target")),
        schema="sla",
    )
    op.create_index(op.f("ix_target_state"), "target", ["state"], unique=False, schema="sla")
    op.create_table(
        "alarm",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
        schema="sla",
    )
    op.create_index(op.f("ix_alarm_ticket_id"), "alarm", ["ticket_id"], unique=False, schema="sla")
    op.create_table(
        "ticket",
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("history", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("decision", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("routing", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("merges", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket")),
        schema="sla",
    )
    op.create_index("ix_ticket_merged_into", "ticket", ["merged_into"], unique=False, schema="sla")
    op.create_table(
        "customer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("product", sa.String(), nullable=True),
        sa.Column("plan", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("domains", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("servers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        schema="tickets",
    )
    op.create_table(
        "ticket",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("serial", sa.BigInteger(), sa.Identity(always=False, start=1001), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("related_ticket_id", sa.String(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("about", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.Column("merge_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_ticket")),
        sa.UniqueConstraint("serial", name=op.f("uq_ticket_serial")),
        schema="tickets",
    )
    op.create_index("ix_ticket_merged_into", "ticket", ["merged_into"], unique=False, schema="tickets")
    op.create_table(
        "dismissed_case",
        sa.Column("ticket_number", sa.String(), nullable=False),
        sa.Column("other_number", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_number", "other_number", name=op.f("pk_dismissed_case")),
        schema="tickets",
    )
    op.create_table(
        "consent",
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("quote_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("given_by", sa.String(), nullable=False),
        sa.Column("given_how", sa.String(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["quote_id", "version"],
            ["billing.quote.quote_id", "billing.quote.version"],
            name=op.f("fk_consent_quote_id_quote"),
        ),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consent")),
        sa.UniqueConstraint("quote_id", "version", name=op.f("uq_consent_quote_id_version")),
        schema="billing",
    )
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_name", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=True),
        sa.Column("hearer", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("traceback", sa.String(), nullable=False),
        sa.Column("died_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["bus.event.event_id"], name=op.f("fk_dead_letter_event_id_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter")),
        schema="bus",
    )
    op.create_index("ix_dead_letter_resolution", "dead_letter", ["resolution"], unique=False, schema="bus")
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_name", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=True),
        sa.Column("room", sa.String(), nullable=False),
        sa.Column("hearer", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ring_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("rings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["bus.event.event_id"], name=op.f("fk_delivery_event_id_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        schema="bus",
    )
    op.create_index("ix_delivery_event_id", "delivery", ["event_id"], unique=False, schema="bus")
    op.create_index("ix_delivery_room_ring_at", "delivery", ["room", "ring_at"], unique=False, schema="bus")
    op.create_index("ix_delivery_room_due_at", "delivery", ["room", "due_at"], unique=False, schema="bus")
    op.create_index("ix_delivery_ticket_id", "delivery", ["ticket_id"], unique=False, schema="bus")
    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("may_approve_costs", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["tickets.customer.id"], name=op.f("fk_contact_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        schema="tickets",
    )
    op.create_index("ix_contact_customer_id", "contact", ["customer_id"], unique=False, schema="tickets")
    op.create_index("ix_contact_provider_email", "contact", ["provider", "email"], unique=False, schema="tickets")
    op.create_index("ix_contact_provider_phone", "contact", ["provider", "phone"], unique=False, schema="tickets")
    op.create_table(
        "message",
        sa.Column("arrival_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_number", sa.String(), nullable=False),
        sa.Column("opened_ticket", sa.Boolean(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("mail_key", sa.String(), nullable=True),
        sa.Column("words_hash", sa.String(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_number"], ["tickets.ticket.number"], name=op.f("fk_message_ticket_number_ticket")
        ),
        sa.PrimaryKeyConstraint("arrival_id", name=op.f("pk_message")),
        schema="tickets",
    )
    op.create_index("ix_message_mail_key", "message", ["mail_key"], unique=False, schema="tickets")
    op.create_index("ix_message_message_id", "message", ["message_id"], unique=False, schema="tickets")
    op.create_index("ix_message_ticket_number", "message", ["ticket_number"], unique=False, schema="tickets")
    op.create_table(
        "charge",
        sa.Column("charge_id", sa.Uuid(), nullable=False),
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("quote_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=True),
        sa.Column("period_until", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["billing.consent.consent_id"], name=op.f("fk_charge_consent_id_consent")
        ),
        sa.PrimaryKeyConstraint("charge_id", name=op.f("pk_charge")),
        schema="billing",
    )
    op.create_index("ix_charge_ticket_id", "charge", ["ticket_id"], unique=False, schema="billing")
    op.create_index(
        "uq_charge_line",
        "charge",
        ["quote_id", "version", "line"],
        unique=True,
        schema="billing",
        postgresql_where=sa.text("period_from is null"),
    )
    op.create_table(
        "credit",
        sa.Column("credit_id", sa.Uuid(), nullable=False),
        sa.Column("charge_id", sa.Uuid(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["charge_id"], ["billing.charge.charge_id"], name=op.f("fk_credit_charge_id_charge")),
        sa.PrimaryKeyConstraint("credit_id", name=op.f("pk_credit")),
        schema="billing",
    )
    op.create_index("ix_credit_charge_id", "credit", ["charge_id"], unique=False, schema="billing")
    op.create_table(
        "booking",
        sa.Column("booked_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("booked_id", name=op.f("pk_booking")),
        schema="billing",
    )
    op.create_table(
        "awaited",
        sa.Column("booked_id", sa.Uuid(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("booked_id", name=op.f("pk_awaited")),
        schema="billing",
    )
    op.create_table(
        "work_entry",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("over_minutes", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("quote_id", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("reverses", sa.Uuid(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["quote_id", "version"],
            ["billing.quote.quote_id", "billing.quote.version"],
            name=op.f("fk_work_entry_quote_id_quote"),
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_work_entry")),
        sa.UniqueConstraint("reverses", name=op.f("uq_work_entry_reverses")),
        schema="billing",
    )
    op.create_index("ix_work_entry_ticket_id", "work_entry", ["ticket_id"], unique=False, schema="billing")
    op.create_index("ix_work_entry_quote_id", "work_entry", ["quote_id"], unique=False, schema="billing")
    op.create_index(
        "ix_work_entry_customer",
        "work_entry",
        ["provider", "customer_id", "started_at"],
        unique=False,
        schema="billing",
    )
    op.create_table(
        "clock",
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "agent", name=op.f("pk_clock")),
        schema="billing",
    )
    op.create_table(
        "merge",
        sa.Column("merge_id", sa.Uuid(), nullable=False),
        sa.Column("merged", sa.String(), nullable=False),
        sa.Column("into", sa.String(), nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("merge_id", name=op.f("pk_merge")),
        schema="billing",
    )
    op.create_index("ix_merge_into", "merge", ["into"], unique=False, schema="billing")
    op.create_index("ix_merge_merged", "merge", ["merged"], unique=False, schema="billing")
    op.create_table(
        "settlement",
        sa.Column("quote_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("worked_minutes", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("least_hours", sa.Integer(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["quote_id", "version"],
            ["billing.quote.quote_id", "billing.quote.version"],
            name=op.f("fk_settlement_quote_id_quote"),
        ),
        sa.PrimaryKeyConstraint("quote_id", "version", name=op.f("pk_settlement")),
        schema="billing",
    )
    op.create_table(
        "subscription",
        sa.Column("subscription_id", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("minimum", sa.Integer(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("subscription_id", name=op.f("pk_subscription")),
        schema="billing",
    )
    op.create_index(
        "ix_subscription_customer", "subscription", ["provider", "customer"], unique=False, schema="billing"
    )
    op.create_table(
        "licence",
        sa.Column("licence_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("bought_on", sa.Date(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("licence_id", name=op.f("pk_licence")),
        schema="billing",
    )
    op.create_index("ix_licence_customer", "licence", ["provider", "customer"], unique=False, schema="billing")
    op.execute(REFUSE_CHANGE)
    for table in APPEND_ONLY:
        op.execute(
            f"create trigger append_only before update or delete on {table} "
            "for each row execute function bus.refuse_change()"
        )


def downgrade() -> None:
    for schema in reversed(SCHEMAS):
        op.execute(f'drop schema "{schema}" cascade')
