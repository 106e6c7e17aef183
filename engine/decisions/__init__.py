"""What people decided on cases, what the stores answered, and what tomorrow learns from it.

    from engine.decisions.store import open_decisions
    from engine.decisions.subjects import cases
    from engine.decisions.acts import Accept, Reject

    decisions = open_decisions(out)                              # SQLite beside the runs, or a URL
    state = decisions.state(run.run_id)                          # one row per subject somebody touched
    subjects = cases(run, ["12_1_2026-02-14"])                   # checked against what was published
    decisions.decide(subjects[0], Accept(), by="ann", version=0)
    decisions.decide_many(subjects, Reject(reason="season"), by="bob", versions={})

Every decision names the version it was made on. Nothing is ever changed or deleted: an undo is a further entry.
"""
