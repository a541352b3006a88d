"""Django's settings: a JSON service without sessions, pages and forms, told by its environment. See apps/README.md."""

from os import environ
from typing import Any
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

SECRET_KEY = environ.get("SECRET_KEY", "signs-only-in-development-and-in-nothing-else")
DEBUG = False
TIME_ZONE = "UTC"
ALLOWED_HOSTS = ["*"]  # neither Flask nor FastAPI looks at the Host header unless told to
ROOT_URLCONF = "core.urls"
# "models", because Django maps tables of apps that it knows of; "drf_spectacular" for its pages.
INSTALLED_APPS = ["rest_framework", "drf_spectacular", "models"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
# Of the seven of `startproject` the one that says how long an answer is: without it answers are sent in chunks. The
# other six serve pages, sessions and logins, or add headers that neither Flask nor FastAPI adds. The log of requests
# takes itself out where nobody would read it.
MIDDLEWARE = ["core.logs.RequestLog", "django.middleware.common.CommonMiddleware"]
PROMETHEUS_MULTIPROC_DIR = environ.get(
    "PROMETHEUS_MULTIPROC_DIR", ""
)  # where all workers count; read by its client too
if PROMETHEUS_MULTIPROC_DIR:
    MIDDLEWARE.insert(0, "core.metrics.AnswerCount")
DATA_UPLOAD_MAX_MEMORY_SIZE = 65_536  # bytes of a body; Django would take 2.5 MB

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.bodies.BodyParser"],
    # Who needs a login says so. The default ones, and the anonymous user, need the tables of django.contrib.auth.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "core.errors.on_api_error",
    "DEFAULT_SCHEMA_CLASS": "core.documents.ViewSchema",
    "URL_FORMAT_OVERRIDE": None,  # else `?format=csv` would be a 404, where the others ignore it
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Shop",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SORT_OPERATIONS": False,
    "POSTPROCESSING_HOOKS": [],  # that which is there would make components of what may be chosen from
}

PASSWORD_HASHERS = ["core.security.BcryptHasher"]


def make_databases(url: str) -> dict[str, dict[str, Any]]:
    """Make Django's words for where the database is, and for a pool that opens with the first query."""
    known = conninfo_to_dict(url)
    size = int(environ.get("DATABASE_POOL_SIZE", "20"))
    overflow = int(environ.get("DATABASE_MAX_OVERFLOW", "10"))
    timeout_s = float(environ.get("DATABASE_POOL_TIMEOUT_S", "30"))
    pool = {"min_size": size, "max_size": size + overflow, "timeout": timeout_s}
    name = known.pop("dbname")
    return {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": name, "OPTIONS": {**known, "pool": pool}}}


# A service without an address is missed when it is needed, not before.
DATABASE_URL = environ.get("DATABASE_URL", "")
DATABASES = make_databases(DATABASE_URL) if DATABASE_URL else {}

REDIS_URL = environ.get("REDIS_URL", "")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "TIMEOUT": int(environ.get("CACHE_TTL_S", "1")),
        "OPTIONS": {"pool_class": "models.cache.OnePool"},
    }
}

EMAIL_HOST = urlsplit(environ.get("MAIL_URL", "")).hostname or ""
EMAIL_PORT = urlsplit(environ.get("MAIL_URL", "")).port or 25
EMAIL_TIMEOUT = 30  # seconds; Django would wait for ever
DEFAULT_FROM_EMAIL = environ.get("MAIL_FROM", "shop@rematch.example")

UPSTREAM_URL = environ.get("UPSTREAM_URL", "")

# Without DEBUG Django would mail what went wrong to its administrators, and there are none. Nor does it say here whom
# it has refused: the log of requests does.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "core.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": environ.get("LOG_LEVEL", "WARNING")},
    # httpx would write addresses whole, passwords in them included.
    "loggers": {"django": {"level": "ERROR"}, "httpx": {"level": "WARNING"}},
}
