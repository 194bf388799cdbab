# meterstream: one image for every process; the command chooses which.
#   docker build -t meterstream .                   what ships
#   docker build -t meterstream-trial --target trial .   with the simulated utility
FROM python:3.13-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/meterstream
COPY requirements/runtime.lock requirements/build.lock ./
RUN /opt/meterstream/bin/pip install --no-cache-dir --require-hashes -r runtime.lock \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r build.lock
COPY pyproject.toml README.md meterstream.example.toml ./
COPY schemas schemas
COPY runtime runtime
COPY producer producer
COPY streams streams
COPY sinks sinks
COPY operations operations
RUN /opt/build/bin/hatchling build -t wheel \
    && /opt/meterstream/bin/pip install --no-cache-dir --no-deps --no-index dist/*.whl

FROM python:3.13-slim-bookworm AS runtime
COPY --from=build /opt/meterstream /opt/meterstream
RUN useradd --system --uid 10001 --no-create-home meterstream \
    && install -d -o meterstream /var/lib/meterstream /var/lib/points /etc/meterstream
ENV PATH=/opt/meterstream/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 METERSTREAM__METRICS__PORT=9464
USER meterstream
WORKDIR /etc/meterstream
EXPOSE 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9464/healthz', timeout=4)"]
CMD ["meterstream", "--help"]

FROM runtime AS trial
# The simulated utility only; Kafka and PostgreSQL are containers of their own.
COPY local/__init__.py /opt/trial/local/__init__.py
COPY local/utility /opt/trial/local/utility
ENV PYTHONPATH=/opt/trial

FROM runtime
