"""Timeouts and retries per API call: which answers are repeated, how long one try and all of them may take.

The clients' retries differ from method to method and some methods can hang for ever, so they are switched off
and this table is the only policy. A read is repeated on anything that may pass. A write is repeated here only when
it surely had no effect; what a lost answer means is settled by whoever asked, by reading. A change of a service is not
even repeated where it had none but took its time, as a quota that is used up does: it rests on what was read before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.error_words import ApiCall, translated
from deploy_lib.drivers.errors import PASSING, code_of, is_by_the_minute, retry_delay, spent_for_good
from deploy_lib.drivers.interface import Clock, DriverError, Interrupted
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.drivers.token_failures import is_of_token

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

LONGEST_PAUSE = 5.0
QUOTA_WITHIN = 90.0
"""Seconds in which a quota by the minute, used up by whomever, has room again."""
TOKEN_WITHIN = 120.0
"""Seconds in which a token is waited for that was had before: the call was not sent, and one that is under way goes on
when its endpoint is back. Who never had one is told soon."""
WRITES_PAUSE = 10.0
"""Seconds in which nobody of a run writes after a quota of writes was used up; some of its minute has passed then."""
_PACED = frozenset({"create_service", "validate_service", "delete_revision"})
"""Calls that wait for such a pause; who changes a service waits before it is read, by `wait_to_write`."""
_WRITES = _PACED | {"update_service", "replace_service"}
DEAD_LOCAL_CLOUD = 2.0
"""Seconds. Nothing listens at its address: it was stopped, and will not come back while one waits."""
RESTARTS_WITHIN = 20.0
"""Seconds since its last answer to this process in which a local cloud is waited for: somebody may be restarting it."""


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """Times in seconds. `repeated` are the codes after which the call is made again."""

    repeated: frozenset[StatusCode]
    each: float = 10.0
    total: float = 30.0


READ = CallPolicy(PASSING)
WRITE = CallPolicy(frozenset({StatusCode.RESOURCE_EXHAUSTED, StatusCode.UNSENT}), each=20.0)
CHANGE = CallPolicy(frozenset({StatusCode.UNSENT}), each=20.0, total=5.0)
TRANSFER = CallPolicy(READ.repeated, each=120.0, total=300.0)
FIGURES = CallPolicy(READ.repeated - {StatusCode.RESOURCE_EXHAUSTED}, each=20.0, total=20.0)
"""Readings that come again by themselves. A quota by the minute is only used up further by repeating them at once."""

_SOON_AGAIN = (CHANGE, FIGURES)
"""Their callers ask again by themselves, after a new reading or in a while."""

POLICIES = {
    "get_service": READ,
    "list_services": READ,
    "get_service_policy": READ,
    "set_service_policy": CHANGE,
    "create_service": WRITE,
    "validate_service": WRITE,
    "update_service": CHANGE,
    "replace_service": CHANGE,
    "get_revision": READ,
    "delete_revision": WRITE,
    "publish_message": WRITE,
    "list_images": READ,
    "delete_image": WRITE,
    "get_image_deletion": READ,
    "list_revisions": READ,
    "get_operation": READ,
    "get_job": READ,
    "create_job": WRITE,
    "update_job": WRITE,
    "run_job": WRITE,
    "get_execution": READ,
    "list_executions": READ,
    "cancel_execution": CallPolicy(READ.repeated),  # cancelling twice is cancelling
    "list_tasks": READ,
    "create_build": WRITE,
    "cancel_build": CallPolicy(READ.repeated),  # cancelling twice is cancelling
    "get_build": CallPolicy(FIGURES.repeated),
    "list_builds": READ,
    "list_log_entries": FIGURES,
    "list_time_series": FIGURES,
    "get_project": READ,
    "get_project_policy": READ,
    "get_apis": READ,
    "get_repository": READ,
    "get_build_account": READ,
    "test_permissions": READ,
    "get_secret": READ,
    "get_secret_version": READ,
    "get_secret_policy": READ,
    "access_secret_version": READ,
    "get_object": TRANSFER,
    "put_object": TRANSFER,
    "delete_object": CallPolicy(READ.repeated),  # removing twice is removing
    "get_lease": READ,  # a restore and a status wait for it, while Cloud Run itself answers
    "put_lease": CallPolicy(READ.repeated),  # by its generation it is written once, however often it is sent
    "get_bucket": READ,
    "create_bucket": WRITE,
}


class Calls:
    """Makes calls by these rules. Raises errors.ApiError, and Interrupted from the clock."""

    def __init__(self, clients: Clients, clock: Clock, policies: dict[str, CallPolicy] | None = None) -> None:
        self.clients = clients
        self.clock = clock
        self._policies = policies or POLICIES
        self._answered: float | None = None

    def ask(self, name: str, method: Callable[..., T], request: Any, doing: str) -> T:
        """A method of one of Google's generated clients, without the client's retries."""
        policy = self._policies[name]
        return self.make(name, lambda: method(request=request, retry=None, timeout=policy.each), doing)

    def make(self, name: str, effect: Callable[[], T], doing: str) -> T:
        """Any call of Google's libraries; `name` picks the rule."""
        from tenacity import Retrying, retry_if_exception

        policy, began = self._policies[name], self.clock.monotonic()
        retrying = Retrying(
            sleep=self.clock.sleep,
            wait=_pause,
            stop=lambda state: self._over(state, began, policy),
            retry=retry_if_exception(lambda error: _worth_repeating(error, policy)),
            reraise=True,
        )
        try:
            answer = retrying(self._counted(name, effect))
            self._answered = self.clock.monotonic()
            return answer
        except (DriverError, Interrupted):
            raise
        except Exception as error:
            problem = translated(error, self._call(name, doing))
            problem.of_token = is_of_token(error)
            raise problem from error

    def wait_to_write(self) -> None:
        """As long as a quota of writes was used up just now, by whoever of this run."""
        budget = self.clients.budgets.of("update_service")
        closed_for = budget.closed_until - self.clock.monotonic() if budget is not None else 0.0
        if closed_for > 0:
            self.clock.sleep(min(closed_for, WRITES_PAUSE))

    def _counted(self, name: str, effect: Callable[[], T]) -> Callable[[], T]:
        """Each try is a call, which Google counts; none is made of what was just refused to somebody of the run."""
        budget = self.clients.budgets.of(name)
        if budget is None:
            return effect

        def counted() -> T:
            if name in _PACED:
                self.wait_to_write()
            budget.spend(self.clock.monotonic())
            try:
                return effect()
            except Exception as error:
                if name in _WRITES and is_by_the_minute(error):
                    delay = retry_delay(error)
                    budget.refused(self.clock.monotonic(), WRITES_PAUSE if delay is None else delay)
                raise

        return counted

    def _over(self, state: RetryCallState, began: float, policy: CallPolicy) -> bool:
        waited = self.clock.monotonic() - began + state.upcoming_sleep
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Exception) and is_of_token(error):
            waits = self._answered is not None and policy not in _SOON_AGAIN
            return waited > (max(policy.total, TOKEN_WITHIN) if waits else policy.total)
        if self.clients.endpoints.local and isinstance(error, Exception) and code_of(error) is StatusCode.UNSENT:
            return waited > DEAD_LOCAL_CLOUD and not self._may_be_restarting(state.upcoming_sleep)
        by_the_minute = isinstance(error, Exception) and is_by_the_minute(error)
        return waited > (max(policy.total, QUOTA_WITHIN) if by_the_minute else policy.total)

    def _may_be_restarting(self, pause: float) -> bool:
        return self._answered is not None and self.clock.monotonic() + pause - self._answered <= RESTARTS_WITHIN

    def _call(self, name: str, doing: str) -> ApiCall:
        try:
            account, counted_in = self.clients.principal, self.clients.counted_in
        except DriverError:
            account = counted_in = None
        clients = self.clients
        return ApiCall(name, doing, clients.project, clients.endpoints, account, clients.program, counted_in)


def _worth_repeating(error: BaseException, policy: CallPolicy) -> bool:
    if not isinstance(error, Exception) or isinstance(error, DriverError | Interrupted):
        return False
    return code_of(error) in policy.repeated and not spent_for_good(str(error))


def _pause(state: RetryCallState) -> float:
    """Seconds: what the server asks for, else growing from a quarter of a second, with chance in it."""
    from tenacity import wait_random_exponential

    error = state.outcome.exception() if state.outcome else None
    wanted = retry_delay(error) if isinstance(error, Exception) else None
    return wanted if wanted is not None else wait_random_exponential(multiplier=0.25, max=LONGEST_PAUSE)(state)
