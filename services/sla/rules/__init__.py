"""By when, and who: `clocks` from what happened, `routing` from clocks and policy, `timers` from due times, `proof`."""
