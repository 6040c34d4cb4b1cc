"""An Airflow DAG that runs landproof every night; put it into the folder of DAGs. For Airflow 2.8 and
later, and 3, on Python 3.11 and later.

Exit status 0 is a success, 1 (warnings only) a skipped task, anything else a failure. There are no retries: landproof
tries again itself, and what it found would be found again. Its settings are named by LANDPROOF_CONFIG where the task
runs; secrets come from there, too.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG
except ImportError:  # before Airflow 3
    from airflow import DAG
    from airflow.operators.bash import BashOperator

COMMAND = os.environ.get("LANDPROOF_COMMAND", "landproof")
WARNINGS = 1

with DAG(
    dag_id="landproof_nightly",
    description="Verify what landed, and say what did not",
    schedule="30 5 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["landproof"],
) as dag:
    BashOperator(
        task_id="nightly",
        bash_command=f"{COMMAND} nightly",
        append_env=True,
        skip_on_exit_code=WARNINGS,
        retries=0,
        execution_timeout=timedelta(hours=6),
    )
