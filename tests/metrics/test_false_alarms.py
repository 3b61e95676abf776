"""How often the audit accuses an honest generator. The rate of experiments/README.md comes from here:

python -m pytest -m slow -s tests/metrics/test_false_alarms.py
"""

import numpy as np
import pytest
from small_phantoms import audit_people, draw, part

SEEDS = 20


@pytest.mark.slow
def test_false_alarm_rate_of_honest_samples():
    """Per seed: 150 training and 50 held-out subjects with 4 images each, one image of each of 300 new subjects."""
    everybody = draw(2000)
    verdicts = []
    for seed in range(SEEDS):
        order = np.random.default_rng(seed).permutation(500)
        shuffled = type(everybody)(*(values[(4 * order[:, None] + np.arange(4)).ravel()] for values in everybody))
        training, heldout, new = part(shuffled, 0, 150), part(shuffled, 150, 200), part(shuffled, 200, 500)
        verdicts.append(audit_people(new.images[::4], training, heldout, seed).verdict)
    alarms = sum(verdict != "clear" for verdict in verdicts)
    print(f"\naudit of honest samples: {alarms} false alarms in {SEEDS} seeds ({verdicts})")
    assert alarms <= 2
    assert verdicts.count("copies") <= 1
