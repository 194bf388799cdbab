# meterstream: one image for every process; the command chooses which.
#   docker build -t meterstream .                   what ships
#   docker build -t meterstream-trial --target trial .   with the simulated utility
# --build-arg VERSION=... REVISION=... CREATED=... fill in its labels.
FROM python:3.13-slim-bookworm AS build
WORKDIR /build
COPY requirements/runtime.lock requirements/build.lock requirements/sbom.lock ./
RUN python -m venv --without-pip /opt/meterstream \
    && pip --python /opt/meterstream install --no-cache-dir --require-hashes -r runtime.lock \
    && python -m venv --without-pip /opt/build \
    && pip --python /opt/build install --no-cache-dir --require-hashes -r build.lock \
    && python -m venv --without-pip /opt/sbom \
    && pip --python /opt/sbom install --no-cache-dir --require-hashes -r sbom.lock
COPY pyproject.toml README.md meterstream.example.toml ./
COPY schemas schemas
COPY runtime runtime
COPY producer producer
COPY streams streams
COPY sinks sinks
COPY operations operations
RUN /opt/build/bin/hatchling build -t wheel \
    && pip --python /opt/meterstream install --no-cache-dir --no-deps --no-index dist/*.whl \
    && /opt/sbom/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type application --output-reproducible \
       --output-file /opt/meterstream/sbom.cdx.json /opt/meterstream/bin/python

FROM python:3.13-slim-bookworm AS runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="meterstream" \
      org.opencontainers.image.description="A utility's metering values, over Kafka, into the databases of its customers" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="python:3.13-slim-bookworm"
RUN groupadd --system --gid 10001 meterstream \
    && useradd --system --uid 10001 --gid meterstream --no-create-home --shell /usr/sbin/nologin meterstream \
    && install -d -o meterstream -g meterstream /var/lib/meterstream /var/lib/points /etc/meterstream
COPY --from=build /opt/meterstream /opt/meterstream
ENV PATH=/opt/meterstream/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 METERSTREAM__METRICS__PORT=9464
USER 10001:10001
WORKDIR /etc/meterstream
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9464/healthz', timeout=4)"]
CMD ["meterstream", "--help"]

FROM runtime AS trial
# The simulated utility only; Kafka and PostgreSQL are containers of their own.
COPY local/__init__.py /opt/trial/local/__init__.py
COPY local/utility /opt/trial/local/utility
ENV PYTHONPATH=/opt/trial

FROM runtime
