"""The migrations and the tables that the code speaks of are the same thing."""

from alembic import command

from deploy import schema


def test_the_migrations_make_exactly_the_tables_of_the_code(servers):
    command.check(schema.configuration(servers.database_url))


def test_an_upgrade_of_an_up_to_date_schema_changes_nothing(servers):
    schema.upgrade(servers.database_url)
    schema.check(servers.database_url)
