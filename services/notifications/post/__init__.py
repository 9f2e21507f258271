"""The way of a letter: written or held back (`writing`, `breaker`), handed over and settled (`settling`); and pages."""
