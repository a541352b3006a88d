"""Counts every answer, where the service is told to count."""

import time
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin
from services.metrics import count_answer


class AnswerCount(MiddlewareMixin):
    """Counts answers where they begin. Django makes 500 of a crash further in, so that it is counted too."""

    def __call__(self, request: HttpRequest) -> Any:
        """Answer, and count it."""
        if self.async_mode:
            return self.__acall__(request)
        started = time.perf_counter()
        return _counted(request, self.get_response(request), started)

    async def __acall__(self, request: HttpRequest) -> HttpResponse:
        """Answer on ASGI, and count it: here, for Django would go to a thread before the view and one after."""
        started = time.perf_counter()
        return _counted(request, await self.get_response(request), started)


def _counted(request: HttpRequest, response: HttpResponse, started: float) -> HttpResponse:
    found = request.resolver_match
    handler = found.func.view_class.__name__ if found else None  # REST framework makes classes of functions
    count_answer(handler, request.method, response.status_code, time.perf_counter() - started)
    return response
