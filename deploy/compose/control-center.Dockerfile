# The reference application in a container, with Andiron's application half from this checkout; Compose builds it.
#
#   docker build -f deploy/compose/control-center.Dockerfile -t control-center .

FROM python:3.12-slim-bookworm AS build
RUN python -m venv /opt/control-center
WORKDIR /src
COPY requirements-dev.lock ./
# The versions that the tests ran with. A constraint with hashes would want every package of the lock file.
RUN sed '/--hash=/d; s/ *\\$//' requirements-dev.lock > constraints.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY src ./src
RUN /opt/control-center/bin/pip install --no-cache-dir --constraint constraints.txt \
    ".[prometheus]" aiosqlite asyncpg fastapi httpx opentelemetry-instrumentation-sqlalchemy "sqlalchemy[asyncio]" uvicorn
COPY examples/control_center /opt/control-center/application

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10002 --home-dir /var/lib/control-center --create-home control-center
COPY --from=build /opt/control-center /opt/control-center
ENV PATH=/opt/control-center/bin:$PATH \
    PYTHONPATH=/opt/control-center/application \
    PYTHONUNBUFFERED=1 \
    CONTROL_CENTER_HTTP=0.0.0.0:8000 \
    ANDIRON_SPOOL=/var/lib/control-center/spool \
    ANDIRON_STATE=/var/lib/control-center/state
USER control-center
WORKDIR /var/lib/control-center
VOLUME /var/lib/control-center
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["python", "-m", "control_center"]
