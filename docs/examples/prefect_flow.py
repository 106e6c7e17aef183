"""Prefect: one task; only a day that is not complete yet is tried again."""

import subprocess

from prefect import flow, task

NOT_COMPLETE_YET = 75
COMMAND = ("darkshelf", "nightly", "/etc/darkshelf/schedule.toml", "--json")


class NotCompleteYetError(Exception):
    """The newest day has not been delivered whole."""


def is_worth_another_try(_task: object, _run: object, state: object) -> bool:
    """Whether the failure may pass by itself."""
    return isinstance(getattr(state, "data", None), NotCompleteYetError)


@task(retries=12, retry_delay_seconds=1200, retry_condition_fn=is_worth_another_try)
def nightly() -> str:
    """Every missing night of every desk."""
    done = subprocess.run(COMMAND, capture_output=True, encoding="utf-8", check=False)
    if done.returncode == NOT_COMPLETE_YET:
        raise NotCompleteYetError(done.stdout)
    done.check_returncode()
    return done.stdout


@flow
def darkshelf() -> None:
    """The flow of a night."""
    nightly()


if __name__ == "__main__":
    darkshelf.serve(cron="0 2 * * *")
