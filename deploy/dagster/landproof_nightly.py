"""A Dagster job and schedule that run landproof every night: dagster dev -f landproof_nightly.py

Exit status 0 is a success, 1 (warnings only) a success with a warning in the log, anything else a failure that is not
retried: landproof tries again itself. Settings of landproof are named by LANDPROOF_CONFIG where the run is executed,
secrets come from there, too. No `from __future__ import annotations` here: Dagster reads the annotation of the context.
"""

import os
import subprocess

from dagster import Definitions, Failure, OpExecutionContext, ScheduleDefinition, job, op

COMMAND = os.environ.get("LANDPROOF_COMMAND", "landproof")
WARNINGS = 1
LONGEST_SECONDS = 6 * 3600
GRACE_SECONDS = 120
SHOWN_CHARACTERS = 20_000


def run_landproof() -> tuple[int, str]:
    """Run one night and return its exit status and summary; ended in order where it takes too long or is cancelled."""
    process = subprocess.Popen(
        [COMMAND, "nightly"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    try:
        summary, _ = process.communicate(timeout=LONGEST_SECONDS)
    except BaseException:
        process.terminate()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    return process.returncode, summary


@op
def nightly(context: OpExecutionContext) -> None:
    """Run one night of landproof."""
    status, summary = run_landproof()
    metadata = {"exit_status": status, "summary": summary[:SHOWN_CHARACTERS]}
    if status not in (0, WARNINGS):
        raise Failure(f"landproof nightly ended with {status}", metadata=metadata, allow_retries=False)
    context.add_output_metadata(metadata)
    tell = context.log.warning if status == WARNINGS else context.log.info
    tell(summary[:SHOWN_CHARACTERS])


@job(description="Verify what landed, and say what did not", tags={"dagster/max_runtime": str(LONGEST_SECONDS)})
def landproof_nightly() -> None:
    """One night."""
    nightly()


every_night = ScheduleDefinition(job=landproof_nightly, cron_schedule="30 5 * * *", execution_timezone="UTC")
definitions = Definitions(jobs=[landproof_nightly], schedules=[every_night])
