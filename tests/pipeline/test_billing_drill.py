"""What was charged is what the billing system booked, to the cent, whoever was killed meanwhile.

`SCOPEDESK_DRILL=full` makes it ten times as long: 200 kills, 2,000 charges.
"""

import json
import os

from billing_drill import Drill


def test_the_consumers_ledger_is_ours_after_kills_and_a_lost_redis_and_a_replay(tmp_path, capsys):
    full = os.environ.get("SCOPEDESK_DRILL") == "full"
    drill = Drill(tmp_path, charges=2_000 if full else 200, kills=200 if full else 20)
    drill.run()
    with capsys.disabled():
        print(f"\n{json.dumps(drill.figures)}")  # noqa: T201 -- what the drill is run by hand for
    assert drill.ledger == drill.owed
    assert drill.acknowledged == set(drill.owed)
    assert len(drill.owed) == drill.charges + drill.charges // 10
    assert drill.dead == 0
