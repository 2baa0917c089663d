# The service in a container: the locked packages and the wheel of this checkout, nothing else.
#
#   docker build -t media-monitor .
#   docker run --init -p 127.0.0.1:8000:8000 -v media-monitor:/data media-monitor
#
# --init (`init: true` in docker-compose.yml) collects processes whose parent has gone, and takes a signal that comes
# before the service does.

FROM python:3.12-slim AS build
WORKDIR /src
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1
COPY requirements*.lock ./
# Layers of their own: packages are fetched again only when a lock changes. The venv needs no pip: uv fills it.
RUN python -m venv --without-pip /app \
 && python -m pip install --no-cache-dir --root-user-action=ignore --require-hashes -r requirements-uv.lock
RUN python -m uv pip install --python /app/bin/python --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY monitor monitor
COPY rules rules
COPY templates templates
# What builds the wheel is held to the hashes of the lock as well.
RUN python -m uv build --wheel --build-constraints requirements-dev.lock --require-hashes --out-dir dist \
 && python -m uv pip install --python /app/bin/python --no-deps dist/*.whl

FROM python:3.12-slim
# A fixed number: volumes keep it, and whoever shares a folder with the container has to name it.
RUN groupadd --gid 10001 monitor \
 && useradd --uid 10001 --gid monitor --home-dir /data --no-create-home --shell /usr/sbin/nologin monitor \
 && install --directory --owner monitor --group monitor --mode 0700 /data
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONDONTWRITEBYTECODE=1 MONITOR_DATA_DIR=/data MONITOR_HOST=0.0.0.0
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# Ready means: the store answers and every loop turns. A container without the role `api` has nothing to ask.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", "\
import http.client, os, sys; \
ask = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('MONITOR_PORT') or 8000), timeout=4); \
ask.request('GET', '/readyz'); \
sys.exit(ask.getresponse().status != 200)"]
ENTRYPOINT ["monitor"]
CMD ["run"]
