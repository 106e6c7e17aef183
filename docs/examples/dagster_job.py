"""Dagster: one op on a schedule; only a day that is not complete yet is tried again."""

import subprocess

import dagster

NOT_COMPLETE_YET = 75
COMMAND = ("darkshelf", "nightly", "/etc/darkshelf/schedule.toml", "--json")


@dagster.op
def nightly(context: dagster.OpExecutionContext) -> None:
    """Every missing night of every desk."""
    done = subprocess.run(COMMAND, capture_output=True, encoding="utf-8", check=False)
    for line in done.stdout.splitlines():
        context.log.info(line)
    if done.returncode == NOT_COMPLETE_YET:
        raise dagster.RetryRequested(max_retries=12, seconds_to_wait=1200)
    if done.returncode:
        raise dagster.Failure(done.stderr[-2000:])


@dagster.job
def darkshelf() -> None:
    """The job of a night."""
    nightly()


definitions = dagster.Definitions(schedules=[dagster.ScheduleDefinition(job=darkshelf, cron_schedule="0 2 * * *")])
