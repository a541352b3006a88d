"""Django's settings: a JSON service without sessions, users, templates or a database. See apps/README.md for why."""

# Not a secret: nothing is signed, for there are no sessions, no cookies and no tokens. Django refuses an empty one.
SECRET_KEY = "signs-nothing"  # noqa: S105  # see above
DEBUG = False
TIME_ZONE = "UTC"
ALLOWED_HOSTS = ["*"]  # neither Flask nor FastAPI looks at the Host header unless told to
ROOT_URLCONF = "core.urls"
INSTALLED_APPS = ["rest_framework"]
# Of the seven of `startproject` the one that says how long an answer is: without it answers are sent in chunks. The
# other six serve pages, sessions and logins, or add headers that neither Flask nor FastAPI adds.
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    # Nobody logs in; the default ones, and the anonymous user, need the tables of django.contrib.auth.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "core.errors.on_api_error",
}

# Without DEBUG Django would mail what went wrong to its administrators, and there are none.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {"django": {"handlers": ["stderr"], "level": "ERROR"}},
}
