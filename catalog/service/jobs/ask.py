"""From a request for a job to the job: whether who asks may have it, and the order that it comes to; runs nothing."""

from __future__ import annotations

from catalog.questions.inquiry import Inquiry
from catalog.service.jobs.asked import Asked
from catalog.service.jobs.kinds import KINDS, order_of
from catalog.service.jobs.runner import Jobs
from catalog.service.jobs.values import Job
from catalog.service.responses.problems import Problem
from catalog.service.values import Caller, Role


def start_job(jobs: Jobs, inquiry: Inquiry, asked: Asked, caller: Caller) -> Job:
    """Take a job. Raises `Problem` where it is refused, `UsageError` for what is not known or cannot be read."""
    refuse(caller, asked.command)
    return jobs.add(order_of(inquiry, asked), caller)


def refuse(caller: Caller, command: str) -> None:
    """Raise `Problem` where a command is not for this caller."""
    kind = KINDS[command]
    if not caller.role.covers(kind.role):
        hint = "ask whoever runs this for another token"
        raise Problem(403, f"{command} takes the role {kind.role}, got {caller.role}", hint)
    if kind.records and not caller.may_change:
        hint = f"make a token with: landproof tokens new NAME --role {Role.OPERATOR}"
        raise Problem(403, f"{command} is recorded, and nothing is for somebody whom nobody knows", hint)


def may_cancel(caller: Caller, job: Job) -> bool:
    """Tell whether a job is this caller's to end: their own is, and all are an operator's."""
    is_own = (job.asked_by, job.way) == (caller.name, caller.way.value)
    return is_own or (caller.role is Role.OPERATOR and caller.may_change)


def refuse_cancel(caller: Caller, job: Job) -> None:
    """Raise `Problem` where a job is not this caller's to end."""
    if not may_cancel(caller, job):
        raise Problem(403, f"this was asked for by {job.asked_by}", "an operator may cancel it")
