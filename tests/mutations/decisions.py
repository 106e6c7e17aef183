"""Operators and constants of deciding and of what comes back from the stores."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

ROOM = "engine/decisions/"
STORE = ("tests/decisions/test_store.py",)
EPISODES = ("tests/decisions/test_episodes.py",)
TASKS = ("tests/decisions/test_tasks.py",)
KNAPSACK = ("tests/decisions/test_knapsack.py",)
SHARES = ("tests/decisions/test_shares.py",)
ACCURACY = ("tests/decisions/test_accuracy.py",)
RECOVERY = ("tests/decisions/test_recovery.py",)
FEEDBACK = ("tests/decisions/test_feedback.py",)
DATABASE = ("tests/decisions/test_database.py",)

DECISIONS = (
    Mutation(
        f"{ROOM}episodes.py",
        'pl.col("detection_date") <= pl.col("last_dark_date_then")',
        'pl.col("detection_date") < pl.col("last_dark_date_then")',
        "one common dark day makes an episode",
        EPISODES,
    ),
    Mutation(f"{ROOM}store.py", "entry.c.as_of <= as_of", "entry.c.as_of < as_of", "other runs of the day", EPISODES),
    Mutation(f"{ROOM}tasks.py", "grown >= settings.rest_gain", "grown > settings.rest_gain", "new evidence", TASKS),
    Mutation(
        f"{ROOM}state.py",
        'pl.col("act").is_in(w.VERDICTS)',
        'pl.col("act").is_in(w.ACTS)',
        "which acts are a verdict",
        STORE,
    ),
    Mutation(f"{ROOM}state.py", 'version="undoes"', 'version=pl.col("undoes") + 1', "what an undo takes back", STORE),
    Mutation(
        f"{ROOM}store.py",
        "if versions.get(subject_id, 0) == heads.get(subject_id, 0)",
        "if versions.get(subject_id, 0) >= heads.get(subject_id, 0)",
        "a version that was never there",
        STORE,
    ),
    Mutation(
        f"{ROOM}acts.py",
        "self.units > subject.proposed_units",
        "self.units > 2 * subject.proposed_units",
        "how far a candidate is adjusted",
        STORE,
    ),
    Mutation(
        f"{ROOM}database.py",
        '"begin immediate" if is_writer',
        '"begin" if is_writer',
        "the writer's lock",
        ("tests/decisions/test_concurrency.py",),
    ),
    Mutation(f"{ROOM}database.py", "found not in known", "found in ()", "a newer schema", DATABASE),
    Mutation(f"{ROOM}knapsack.py", "with_it > within", "with_it > within + 1", "what is worth taking", KNAPSACK),
    Mutation(
        f"{ROOM}knapsack.py",
        "_shifted(best, int(setup[number]))",
        "_shifted(best, 0)",
        "the walk to a category",
        KNAPSACK,
    ),
    Mutation(f"{ROOM}tasks.py", "setup[walked] = 0", "setup[walked] = 1", "a walk that is paid already", TASKS),
    Mutation(
        f"{ROOM}tasks.py",
        '(rows["value"] * rows["chance"])',
        '(rows["value"] + rows["chance"])',
        "the worth of a check",
        TASKS,
    ),
    Mutation(
        f"{ROOM}samples.py",
        "min(wanted / rows.height, 1.0)",
        "min(1 / rows.height, 1.0)",
        "the chance of a lot",
        TASKS,
    ),
    Mutation(f"{ROOM}samples.py", "_lot(run.run_id, ", '_lot("", ', "lots that differ by night", TASKS),
    Mutation(
        f"{ROOM}shares.py",
        "z * z / (2 * answers)) / (1",
        "z * z / (3 * answers)) / (1",
        "the middle of Wilson's interval",
        SHARES,
    ),
    Mutation(f"{ROOM}shares.py", "/ variance / wider**2", "/ variance", "few stores", SHARES),
    Mutation(
        f"{ROOM}shares.py", "clusters / (clusters - 1) * float", "float", "the spread between few stores", SHARES
    ),
    Mutation(
        f"{ROOM}accuracy.py",
        'weights = (1 / told["probability"]).to_list()',
        'weights = [1.0 for _ in told["probability"]]',
        "weights of lots in recall",
        ACCURACY,
    ),
    Mutation(
        f"{ROOM}accuracy.py",
        "found[1] / (found[1] + missed[2])",
        "found[1] / (found[1] + missed[0])",
        "recall's low",
        (*ACCURACY,),
    ),
    Mutation(f"{ROOM}accuracy.py", "promised > share.high", "promised > share.low", "worse than promised", ACCURACY),
    Mutation(
        f"{ROOM}recovery.py",
        "acted_on + timedelta(days=settings.wait_days)",
        "as_of + timedelta(days=settings.wait_days)",
        "the day a week begins with",
        RECOVERY,
    ),
    Mutation(
        f"{ROOM}recovery.py",
        "(left.size - 1) / left.size",
        "1 / left.size",
        "the spread of the jackknife",
        RECOVERY,
    ),
    Mutation(
        f"{ROOM}recovery.py",
        "recovered[own[:, None] == stores] = np.nan",
        "recovered[own[:, None] != own[:, None]] = np.nan",
        "the store that is left out",
        RECOVERY,
    ),
    Mutation(
        f"{ROOM}curve.py", "of_answers.sum() + of_belief / 2", "of_answers.sum() + of_belief", "belief", FEEDBACK
    ),
    Mutation(
        "engine/shelf/calibrated/feedback.py",
        'pl.col("answered_on") <= as_of',
        'pl.col("answered_on") > as_of',
        "answers of tomorrow",
        FEEDBACK,
    ),
)
