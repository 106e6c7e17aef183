"""Airflow: one task; 75 asks for another try, 2 for nobody but a person."""

import datetime as dt

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("darkshelf", schedule="0 2 * * *", start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC), catchup=False):
    BashOperator(
        task_id="nightly",
        # Wrong input stays wrong: 99 is what this operator skips on instead of trying again.
        bash_command="darkshelf nightly /etc/darkshelf/schedule.toml --json; code=$?; "
        "[ $code -eq 2 ] && exit 99; exit $code",
        skip_on_exit_code=99,
        retries=12,
        retry_delay=dt.timedelta(minutes=20),
    )
