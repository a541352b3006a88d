# FastAPI as an image. From the top of the repository:
#   docker build -f infra/docker/fastapi.Dockerfile -t rematch-fastapi apps/fastapi
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
COPY requirements.lock .
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --compile --require-hashes -r requirements.lock
COPY . .
RUN /opt/venv/bin/python -m compileall -q .

FROM python:3.11-slim-bookworm
RUN useradd --system --no-create-home --uid 10001 app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH="/opt/venv/bin:$PATH"
# Not root, and not the owner of what it runs.
USER 10001
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz')"]
CMD ["uvicorn", "main:app", \
    "--host", "0.0.0.0", \
    "--port", "8000", \
    "--workers", "2", \
    "--loop", "uvloop", \
    "--http", "httptools", \
    "--timeout-keep-alive", "75", \
    "--no-access-log", \
    "--no-proxy-headers", \
    "--ws-per-message-deflate", "false"]
