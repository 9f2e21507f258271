"""Every kind of settings is read in one way; a wrong variable is named without its value, which may be a secret."""

import pytest

from deploy.settings import StackSettings
from services.notifications.settings import NotificationSettings
from services.phone_intake.settings import PhoneIntakeSettings
from shared.errors import Misconfigured
from shared.settings import read_settings


@pytest.mark.parametrize(
    ("kind", "variable", "value", "named"),
    [
        (StackSettings, "SCOPEDESK_DESK_PORT", "s3cret", "desk_port"),
        (PhoneIntakeSettings, "SCOPEDESK_PHONE_INTAKE_NUMBERS", "s3cret, no JSON", "numbers"),
        (NotificationSettings, "SCOPEDESK_NOTIFICATIONS_SENDERS", '["s3cret"]', "senders"),
    ],
)
def test_a_wrong_variable_is_named_without_its_value(monkeypatch, kind, variable, value, named):
    monkeypatch.setenv(variable, value)
    with pytest.raises(Misconfigured, match=named) as caught:
        read_settings(kind)
    assert "s3cret" not in str(caught.value)
