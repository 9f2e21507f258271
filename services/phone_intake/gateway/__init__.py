"""The outside world of phone_intake: call logs as files, and call records over HTTP."""
