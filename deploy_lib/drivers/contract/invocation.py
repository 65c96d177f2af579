"""Whether our requests will reach the service: said before anything is built, since later steps make them.

The running service is asked once, as the steps will ask it. Only what stands before it counts here: ingress, IAP, a
disabled default URL, and who may invoke it. What the service itself answers is the steps' matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from deploy_lib.drivers.contract.found import ContractFound
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.services.addresses import has_no_tag_urls, main_url
from deploy_lib.drivers.urls import HttpUrls
from deploy_lib.model.answers import Attempt
from deploy_lib.model.codes import Code
from deploy_lib.model.exposure import WHEN
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.release import Release
from deploy_lib.model.roles import grant_on_service
from deploy_lib.model.service import Service
from deploy_lib.steps.health import AsksService
from deploy_lib.steps.responses import is_front_end

if TYPE_CHECKING:
    from google.cloud import run_v2

_FIRST = "the service will be private (public: is not set), and the steps could not ask it for want of a token: {why}"
_NOT_FOUND = "<h1>Error: Page not found</h1>"
"""Of the page of Google's front end, whose own words a long path may push out of the excerpt."""
_IAP, _SIGN_IN = "Invalid IAP credentials", "//accounts.google.com/"
_INGRESS = {2: "internal", 3: "internal-and-cloud-load-balancing", 4: "none"}
"""IngressTraffic of Cloud Run v2, but ALL."""


def check_invocation(
    urls: HttpUrls,
    release: Release,
    service: run_v2.Service | None,
    asks: Sequence[AsksService],
    found: ContractFound,
) -> None:
    """Adds what was found; `asks` are the steps that make requests. Raises nothing."""
    if not asks:
        return
    if closed := _closed(release.service, service, asks):
        found.findings.append(closed)
    if service is None:
        _check_first(urls, release.service, found)
        return
    problem = _without_address(release.service, service, asks)
    for address, by in _addresses(release.service, service, asks):
        problem = problem or _asked(urls, release, service, address, by)
    if problem is None:
        found.checked.append("the service can be asked")
    else:
        found.findings.append(problem)


def _addresses(
    wanted: Service, service: run_v2.Service, asks: Sequence[AsksService]
) -> Iterator[tuple[str, Sequence[AsksService]]]:
    """Which are asked, and by which steps. The URLs of tags are reached as the service's own is, unless named."""
    main, alone = main_url(wanted, service), [each for each in asks if each.alone]
    yield main, asks
    if alone and not wanted.candidate_url and service.uri not in ("", main):
        yield service.uri, alone


def _asked(
    urls: HttpUrls, release: Release, service: run_v2.Service, address: str, asks: Sequence[AsksService]
) -> Finding | None:
    health = release.service.health
    answer = urls.ask(f"{address.rstrip('/')}{health.path}", timeout=health.timeout)
    if answer.status in (health.status or ()):
        return None
    return _in_between(release.service, service, asks, answer) or _refused(urls, release, answer)


def _closed(wanted: Service, service: run_v2.Service | None, asks: Sequence[AsksService]) -> Finding | None:
    """What the release itself takes away: of a new service from the start on, else once the candidate has all traffic,
    when only verify is sure to ask.

    The caller may be inside, so an ingress is a warning; where there is no URL nobody can ask.
    """
    changes = wanted.exposure
    later = [each for each in asks if not (wanted.candidate_url if each.alone else wanted.url)]
    if service is not None:
        later = [each for each in later if not each.alone]
    if not later:
        return None
    when = "" if service is None else f" {WHEN}"
    if changes.default_url is False and not (service is not None and service.default_uri_disabled):
        why = f"with default_url: false the service has no URL{when}"
        return _unreachable(wanted, later, why)
    if changes.ingress in (None, "all") or (service is not None and _INGRESS.get(int(service.ingress))):
        return None
    why = f"with ingress: {changes.ingress} the service takes only requests from inside{when}"
    return _unreachable(wanted, later, why, Severity.WARNING)


def _check_first(urls: HttpUrls, service: Service, found: ContractFound) -> None:
    """The audience of a service that does not exist yet is not known, and no token is sent."""
    if service.exposure.public:
        return
    try:
        urls.identity.tokens(f"https://{service.cloud_run}.invalid").token()
    except DriverError as problem:
        message = _FIRST.format(why=problem.reason)
        found.findings.append(Finding(Code.FRONTEND_REFUSED, Severity.WARNING, message, fix=problem.remedy or None))


def _without_address(wanted: Service, service: run_v2.Service, asks: Sequence[AsksService]) -> Finding | None:
    main = bool(main_url(wanted, service))
    if main and not (has_no_tag_urls(wanted, service) and any(each.alone for each in asks)):
        return None
    lacks = "it has no revision's URL" if main else "it has no URL"
    return _unreachable(wanted, asks, f"the service's default URL is disabled, so that {lacks}")


def _in_between(
    wanted: Service, service: run_v2.Service, asks: Sequence[AsksService], answer: Attempt
) -> Finding | None:
    if _IAP in answer.excerpt or (service.iap_enabled and _SIGN_IN in (answer.location or "")):
        return _unreachable(
            wanted, asks, f"Identity-Aware Proxy is in front of the service and answers {answer.status}"
        )
    ingress = _INGRESS.get(int(service.ingress))
    if ingress and answer.status == 404 and _NOT_FOUND in answer.excerpt:
        why = f"the service takes requests from inside only (ingress: {ingress}), so those from here are answered 404"
        return _unreachable(wanted, asks, why)
    return None


def _unreachable(
    wanted: Service, asks: Sequence[AsksService], why: str, severity: Severity = Severity.ERROR
) -> Finding:
    names = list(dict.fromkeys(each.step for each in asks))
    fix = (
        f"name where it can be asked from here: services.{wanted.name}.url and candidate_url (with {{tag}} in it), or "
        "let probe and verify rest on what Cloud Run reports: {via: none}, without compare and bake"
    )
    return Finding(Code.NOT_REACHABLE, severity, f"{why}, and {', '.join(names)} would ask it", fix=fix)


def _refused(urls: HttpUrls, release: Release, answer: Attempt) -> Finding | None:
    if answer.status not in (401, 403) or not is_front_end(answer.excerpt):
        return None
    problem, account = urls.identity.problem, urls.identity.account
    if problem is None and not urls.identity.wanted:  # everybody may invoke it, so the service itself answers so
        return None
    if problem is not None:
        message = f"requests to the service are refused with {answer.status} and go without a token: {problem.reason}"
        return Finding(Code.FRONTEND_REFUSED, Severity.ERROR, message, fix=problem.remedy or None)
    message = f"{account or 'the caller'} may not invoke the service: it answers {answer.status} to its token"
    service = release.service
    fix = grant_on_service(service.cloud_run, f"--region={service.region} --project={service.project}", account)
    return Finding(Code.FRONTEND_REFUSED, Severity.ERROR, message, fix=fix)
